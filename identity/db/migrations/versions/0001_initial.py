"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0001"
down_revision = None


def column(name: str, kind: Any, nullable: bool = False) -> Any:
    return sa.Column(name, kind, nullable=nullable)


def upgrade() -> None:
    _make_projects()
    _make_regions()
    _make_revisions()
    _make_revocations()
    _make_services()
    _make_endpoints()
    _make_groups()
    _make_project_tags()
    _make_roles()
    _make_users()
    _make_assignments()
    _make_implications()
    _make_memberships()
    _make_passwords()


def _make_projects() -> None:
    op.create_table(
        "projects",
        column("id", sa.String(64)),
        column("names_of", sa.String(64)),
        column("name", sa.String(64)),
        column("domain_id", sa.String(64), nullable=True),
        column("parent_id", sa.String(64), nullable=True),
        column("is_domain", sa.Boolean()),
        column("description", sa.Text()),
        column("enabled", sa.Boolean()),
        column("epoch", sa.Integer()),
        column("options", db.JSON()),
        column("extra", db.JSON()),
        sa.ForeignKeyConstraint(["domain_id"], ["projects.id"]),
        sa.ForeignKeyConstraint(["parent_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("names_of", "name"))
    op.create_index("ix_projects_domain_id", "projects", ["domain_id"])
    op.create_index("ix_projects_parent_id", "projects", ["parent_id"])


def _make_regions() -> None:
    op.create_table(
        "regions",
        column("id", sa.String(255)),
        column("parent_id", sa.String(255), nullable=True),
        column("description", sa.Text()),
        sa.ForeignKeyConstraint(["parent_id"], ["regions.id"]),
        sa.PrimaryKeyConstraint("id"))


def _make_revisions() -> None:
    op.create_table(
        "revisions",
        column("name", sa.String(32)),
        column("value", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name"))


def _make_revocations() -> None:
    op.create_table(
        "revocations",
        column("id", sa.String(64)),
        column("revoked_at", db.UTCDateTime()),
        column("expires_at", db.UTCDateTime()),
        sa.PrimaryKeyConstraint("id"))
    op.create_index("ix_revocations_expires_at", "revocations", ["expires_at"])


def _make_services() -> None:
    op.create_table(
        "services",
        column("id", sa.String(64)),
        column("type", sa.String(255)),
        column("name", sa.String(255), nullable=True),
        column("description", sa.Text(), nullable=True),
        column("enabled", sa.Boolean()),
        sa.PrimaryKeyConstraint("id"))


def _make_endpoints() -> None:
    op.create_table(
        "endpoints",
        column("id", sa.String(64)),
        column("service_id", sa.String(64)),
        column("region_id", sa.String(255), nullable=True),
        column("interface", sa.String(8)),
        column("url", sa.Text()),
        column("name", sa.String(255), nullable=True),
        column("description", sa.Text(), nullable=True),
        column("enabled", sa.Boolean()),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"]),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"))
    op.create_index("ix_endpoints_service_id", "endpoints", ["service_id"])


def _make_groups() -> None:
    op.create_table(
        "groups",
        column("id", sa.String(64)),
        column("domain_id", sa.String(64)),
        column("name", sa.String(64)),
        column("description", sa.Text()),
        sa.ForeignKeyConstraint(["domain_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("domain_id", "name"))


def _make_project_tags() -> None:
    op.create_table(
        "project_tags",
        column("project_id", sa.String(64)),
        column("name", sa.String(255)),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "name"))


def _make_roles() -> None:
    op.create_table(
        "roles",
        column("id", sa.String(64)),
        column("names_of", sa.String(64)),
        column("name", sa.String(255)),
        column("domain_id", sa.String(64), nullable=True),
        column("description", sa.Text(), nullable=True),
        column("options", db.JSON()),
        sa.ForeignKeyConstraint(["domain_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("names_of", "name"))


def _make_users() -> None:
    op.create_table(
        "users",
        column("id", sa.String(64)),
        column("domain_id", sa.String(64)),
        column("name", sa.String(255)),
        column("enabled", sa.Boolean()),
        column("default_project_id", sa.String(64), nullable=True),
        column("created_at", db.UTCDateTime()),
        column("epoch", sa.Integer()),
        column("revision", sa.Integer()),
        column("options", db.JSON()),
        column("extra", db.JSON()),
        sa.ForeignKeyConstraint(["domain_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("domain_id", "name"))


def _make_assignments() -> None:
    op.create_table(
        "assignments",
        column("actor_id", sa.String(64)),
        column("actor_kind", sa.String(8)),
        column("target_id", sa.String(64)),
        column("target_kind", sa.String(8)),
        column("role_id", sa.String(64)),
        column("inherited", sa.Boolean()),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(
            "actor_id", "actor_kind", "target_id", "target_kind",
            "role_id", "inherited"))
    op.create_index("ix_assignments_role_id", "assignments", ["role_id"])
    op.create_index(
        "ix_assignments_target", "assignments", ["target_kind", "target_id"])


def _make_implications() -> None:
    op.create_table(
        "implications",
        column("prior_id", sa.String(64)),
        column("implied_id", sa.String(64)),
        sa.ForeignKeyConstraint(
            ["implied_id"], ["roles.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["prior_id"], ["roles.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("prior_id", "implied_id"))
    op.create_index(
        "ix_implications_implied_id", "implications", ["implied_id"])


def _make_memberships() -> None:
    op.create_table(
        "memberships",
        column("user_id", sa.String(64)),
        column("group_id", sa.String(64)),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "group_id"))
    op.create_index("ix_memberships_group_id", "memberships", ["group_id"])


def _make_passwords() -> None:
    op.create_table(
        "passwords",
        column("id", sa.Integer()),
        column("user_id", sa.String(64)),
        column("hash", sa.String(255)),
        column("created_at", db.UTCDateTime()),
        column("expires_at", db.UTCDateTime(), nullable=True),
        column("self_service", sa.Boolean()),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"))
    op.create_index("ix_passwords_user_id", "passwords", ["user_id"])
