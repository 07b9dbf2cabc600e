"""Endpoint groups and filters, policies of endpoints, limits.

Expands only: code of the release before never looks at these tables.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _make_endpoint_groups()
    _make_project_endpoints()
    _make_policies()
    _make_policy_associations()
    _make_registered_limits()
    _make_limits()


def _column(name: str, kind: Any, nullable: bool = False) -> Any:
    return sa.Column(name, kind, nullable=nullable)


def _id(name: str = "id", nullable: bool = False) -> Any:
    return _column(name, sa.String(64), nullable)


def _of(column: str, table: str) -> Any:
    """Refer to a row, and end with it."""
    return sa.ForeignKeyConstraint(
        [column], [f"{table}.id"], ondelete="CASCADE")


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _make_endpoint_groups() -> None:
    op.create_table(
        "endpoint_groups",
        _id(), _column("name", sa.String(255)),
        _column("description", sa.Text(), nullable=True),
        _column("filters", db.JSON()), sa.PrimaryKeyConstraint("id"))


def _make_project_endpoints() -> None:
    op.create_table(
        "project_endpoints",
        _id("project_id"), _id("endpoint_id"),
        _of("project_id", "projects"), _of("endpoint_id", "endpoints"),
        sa.PrimaryKeyConstraint("project_id", "endpoint_id"))
    _index("project_endpoints", "endpoint_id")
    op.create_table(
        "project_endpoint_groups",
        _id("project_id"), _id("group_id"),
        _of("project_id", "projects"), _of("group_id", "endpoint_groups"),
        sa.PrimaryKeyConstraint("project_id", "group_id"))
    _index("project_endpoint_groups", "group_id")


def _make_policies() -> None:
    op.create_table(
        "policies",
        _id(), _column("type", sa.String(255)), _column("blob", sa.Text()),
        _column("extra", db.JSON()), sa.PrimaryKeyConstraint("id"))


def _make_policy_associations() -> None:
    op.create_table(
        "policy_associations",
        _column("place", sa.String(400)), _id("policy_id"),
        _id("endpoint_id", nullable=True), _id("service_id", nullable=True),
        _column("region_id", sa.String(255), nullable=True),
        _of("policy_id", "policies"), _of("endpoint_id", "endpoints"),
        _of("service_id", "services"), _of("region_id", "regions"),
        sa.PrimaryKeyConstraint("place"))
    _index("policy_associations", "policy_id", "endpoint_id", "service_id",
           "region_id")


def _make_registered_limits() -> None:
    op.create_table(
        "registered_limits",
        _id(), _id("service_id"),
        _column("region_id", sa.String(255), nullable=True),
        _column("region_key", sa.String(255)),
        _column("resource_name", sa.String(255)),
        _column("default_limit", sa.Integer()),
        _column("description", sa.Text(), nullable=True),
        _of("service_id", "services"), _of("region_id", "regions"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("service_id", "region_key", "resource_name"))
    _index("registered_limits", "region_id")


def _make_limits() -> None:
    op.create_table(
        "limits",
        _id(), _id("registered_limit_id"), _id("owner_id"),
        _column("of_domain", sa.Boolean()),
        _column("resource_limit", sa.Integer()),
        _column("description", sa.Text(), nullable=True),
        _of("registered_limit_id", "registered_limits"),
        _of("owner_id", "projects"), sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "registered_limit_id", "owner_id", "of_domain"))
    _index("limits", "owner_id")
