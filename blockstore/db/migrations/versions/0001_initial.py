"""Volumes, attachments, quotas, backends, and the tasks on them."""

import sqlalchemy as sa
from alembic import op

from common import db, events, lease, task

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_types()
    _create_volumes()
    _create_attachments()
    _create_backends()
    _create_quotas()
    task.create_tables(op)
    events.create_tables(op)
    lease.create_tables(op)


def _create_types() -> None:
    op.create_table(
        "volume_types",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_volume_types"),
        sa.UniqueConstraint("name", name="uq_volume_types_name"),
    )


def _create_volumes() -> None:
    op.create_table(
        "volumes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64)),
        sa.Column("name", sa.String(255)),
        sa.Column("description", sa.String(255)),
        sa.Column("size_gib", sa.Integer(), nullable=False),
        sa.Column("target_gib", sa.Integer()),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("host", sa.String(255)),
        sa.Column("zone", sa.String(255), nullable=False),
        sa.Column("volume_type_id", sa.String(36), nullable=False),
        sa.Column("bootable", sa.Boolean(), nullable=False),
        sa.Column("readonly", sa.Boolean(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_volumes"),
        sa.ForeignKeyConstraint(
            ["volume_type_id"], ["volume_types.id"],
            name="fk_volumes_volume_type_id"),
    )
    op.create_index("ix_volumes_host", "volumes", ["host"])
    op.create_index(
        "ix_volumes_volume_type_id", "volumes", ["volume_type_id"])
    op.create_index("ix_volumes_project_id_created_at_id", "volumes",
                    ["project_id", "created_at", "id"])
    op.create_index("ix_volumes_created_at_id", "volumes",
                    ["created_at", "id"])
    op.create_table(
        "volume_metadata",
        sa.Column("volume_id", sa.String(36), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint(
            "volume_id", "key", name="pk_volume_metadata"),
        sa.ForeignKeyConstraint(
            ["volume_id"], ["volumes.id"], ondelete="CASCADE",
            name="fk_volume_metadata_volume_id"),
    )


def _create_attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("volume_id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("instance_id", sa.String(36)),
        sa.Column("mode", sa.String(2), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("connector", db.JSON()),
        sa.Column("connection_info", db.JSON()),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime()),
        sa.Column("attached_at", db.UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.ForeignKeyConstraint(
            ["volume_id"], ["volumes.id"], name="fk_attachments_volume_id"),
    )
    op.create_index("ix_attachments_volume_id", "attachments",
                    ["volume_id"])
    op.create_index("ix_attachments_instance_id", "attachments",
                    ["instance_id"])
    op.create_index("ix_attachments_project_id_created_at_id",
                    "attachments", ["project_id", "created_at", "id"])


def _create_backends() -> None:
    op.create_table(
        "backends",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("identity", sa.String(36), nullable=False),
        sa.Column("protocol", sa.String(32), nullable=False),
        sa.Column("zone", sa.String(255), nullable=False),
        sa.Column("total_gib", sa.Integer(), nullable=False),
        sa.Column("free_gib", sa.Integer(), nullable=False),
        sa.Column("overcommit", sa.Double(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(255)),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("reported_at", db.UTCDateTime(), nullable=False),
        sa.Column("seen_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_backends"),
    )
    op.create_table(
        "schedulers",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("zone", sa.String(255), nullable=False),
        sa.Column("reported_at", db.UTCDateTime(), nullable=False),
        sa.Column("seen_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_schedulers"),
    )


def _create_quotas() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("turns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
    )
    op.create_table(
        "quota_limits",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("hard_limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "resource", name="pk_quota_limits"),
    )
