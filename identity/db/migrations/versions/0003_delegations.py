"""Trusts, application credentials, credentials and OAuth consumers.

Expands only: code of the release before never looks at these tables.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _make_trusts()
    _make_application_credentials()
    _make_access_rules()
    _make_credentials()
    _make_consumers()
    _make_request_tokens()
    _make_access_tokens()
    _make_nonces()


def _id(name: str = "id", nullable: bool = False) -> Any:
    return sa.Column(name, sa.String(64), nullable=nullable)


def _column(name: str, kind: Any, nullable: bool = False) -> Any:
    return sa.Column(name, kind, nullable=nullable)


def _of(column: str, table: str) -> Any:
    """Refer to a row, and end with it."""
    return sa.ForeignKeyConstraint(
        [column], [f"{table}.id"], ondelete="CASCADE")


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _make_trusts() -> None:
    op.create_table(
        "trusts",
        _id(), _id("trustor_user_id"), _id("trustee_user_id"),
        _id("project_id", nullable=True),
        _column("impersonation", sa.Boolean()),
        _column("expires_at", db.UTCDateTime(), nullable=True),
        _column("remaining_uses", sa.Integer(), nullable=True),
        _id("redelegated_trust_id", nullable=True),
        _column("redelegation_count", sa.Integer()),
        _column("deleted_at", db.UTCDateTime(), nullable=True),
        _of("trustor_user_id", "users"), _of("trustee_user_id", "users"),
        _of("project_id", "projects"),
        _of("redelegated_trust_id", "trusts"),
        sa.PrimaryKeyConstraint("id"))
    _index("trusts", "trustor_user_id", "trustee_user_id", "project_id",
           "redelegated_trust_id")
    op.create_table(
        "trust_roles",
        _id("trust_id"), _id("role_id"), _of("trust_id", "trusts"),
        sa.PrimaryKeyConstraint("trust_id", "role_id"))


def _make_application_credentials() -> None:
    table = "application_credentials"
    op.create_table(
        table,
        _id(), _id("user_id"), _column("name", sa.String(255)),
        _id("project_id"), _column("secret_hash", sa.String(255)),
        _column("description", sa.Text(), nullable=True),
        _column("expires_at", db.UTCDateTime(), nullable=True),
        _column("unrestricted", sa.Boolean()),
        _column("limited", sa.Boolean()),
        _of("user_id", "users"), _of("project_id", "projects"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "name"))
    _index(table, "project_id")
    op.create_table(
        "application_credential_roles",
        _id("application_credential_id"), _id("role_id"),
        _of("application_credential_id", table),
        sa.PrimaryKeyConstraint("application_credential_id", "role_id"))


def _make_access_rules() -> None:
    op.create_table(
        "access_rules",
        _id(), _id("user_id"), _column("service", sa.String(64)),
        _column("method", sa.String(16)), _column("path", sa.String(128)),
        _of("user_id", "users"), sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "service", "method", "path"))
    table = "application_credential_access_rules"
    op.create_table(
        table,
        _id("application_credential_id"), _id("access_rule_id"),
        _of("application_credential_id", "application_credentials"),
        _of("access_rule_id", "access_rules"),
        sa.PrimaryKeyConstraint(
            "application_credential_id", "access_rule_id"))
    _index(table, "access_rule_id")


def _make_credentials() -> None:
    op.create_table(
        "credentials",
        _id(), _id("user_id"), _id("project_id", nullable=True),
        _column("type", sa.String(255)), _column("sealed_blob", sa.Text()),
        _column("access_hash", sa.String(64), nullable=True),
        _id("application_credential_id", nullable=True),
        _of("user_id", "users"),
        _of("application_credential_id", "application_credentials"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("access_hash"))
    _index("credentials", "user_id", "project_id",
           "application_credential_id")


def _make_consumers() -> None:
    op.create_table(
        "oauth_consumers",
        _id(), _column("description", sa.Text(), nullable=True),
        _column("sealed_secret", sa.Text()), sa.PrimaryKeyConstraint("id"))


def _make_request_tokens() -> None:
    table = "oauth_request_tokens"
    op.create_table(
        table,
        _id(), _id("consumer_id"), _id("project_id"),
        _column("sealed_secret", sa.Text()),
        _column("expires_at", db.UTCDateTime()),
        _id("user_id", nullable=True),
        _column("verifier", sa.String(64), nullable=True),
        _column("role_ids", db.JSON(), nullable=True),
        _of("consumer_id", "oauth_consumers"),
        _of("project_id", "projects"), _of("user_id", "users"),
        sa.PrimaryKeyConstraint("id"))
    _index(table, "consumer_id", "project_id", "expires_at", "user_id")


def _make_access_tokens() -> None:
    table = "oauth_access_tokens"
    op.create_table(
        table,
        _id(), _id("consumer_id"), _id("user_id"), _id("project_id"),
        _column("sealed_secret", sa.Text()), _column("role_ids", db.JSON()),
        _column("expires_at", db.UTCDateTime(), nullable=True),
        _of("consumer_id", "oauth_consumers"),
        _of("user_id", "users"), _of("project_id", "projects"),
        sa.PrimaryKeyConstraint("id"))
    _index(table, "consumer_id", "user_id", "project_id")


def _make_nonces() -> None:
    op.create_table(
        "oauth_nonces",
        _column("id", sa.String(64)),
        _column("expires_at", db.UTCDateTime()),
        sa.PrimaryKeyConstraint("id"))
    _index("oauth_nonces", "expires_at")
