"""Copies of images that hosts keep nearby. Expands only."""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "image_cache",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("image_id", sa.String(36), nullable=False),
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("last_accessed", db.UTCDateTime(), nullable=False),
        sa.Column("last_modified", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_image_cache"),
    )
    op.create_index("ix_image_cache_node_image_id", "image_cache",
                    ["node", "image_id"])
