"""Snapshots, and the volumes that are made from them."""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("volumes", sa.Column("snapshot_id", sa.String(36)))
    _create_snapshots()


def _create_snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("volume_id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64)),
        sa.Column("name", sa.String(255)),
        sa.Column("description", sa.String(255)),
        sa.Column("size_gib", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("host", sa.String(255)),
        sa.Column("bootable", sa.Boolean(), nullable=False),
        sa.Column("image_metadata", db.JSON()),
        sa.Column("meta", db.JSON(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
        sa.ForeignKeyConstraint(
            ["volume_id"], ["volumes.id"], name="fk_snapshots_volume_id"),
    )
    op.create_index("ix_snapshots_volume_id", "snapshots", ["volume_id"])
    op.create_index("ix_snapshots_host", "snapshots", ["host"])
    op.create_index("ix_snapshots_project_id_created_at_id", "snapshots",
                    ["project_id", "created_at", "id"])
    op.create_index("ix_snapshots_created_at_id", "snapshots",
                    ["created_at", "id"])
