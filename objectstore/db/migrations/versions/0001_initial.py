"""Accounts, containers, objects, and the blobs that hold their bytes."""

import sqlalchemy as sa
from alembic import op

from common import db
from objectstore.db.types import MEDIUM_BINARY, Name

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("headers", db.JSON(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_accounts"),
    )
    _create_containers()
    _create_objects()
    _create_blobs()


def _create_containers() -> None:
    op.create_table(
        "containers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account", sa.String(255), nullable=False),
        sa.Column("name", Name(), nullable=False),
        sa.Column("headers", db.JSON(), nullable=False),
        sa.Column("object_count", sa.BigInteger(), nullable=False),
        sa.Column("bytes_used", sa.BigInteger(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_containers"),
        sa.UniqueConstraint(
            "account", "name", name="uq_containers_account_name"),
    )


def _create_objects() -> None:
    op.create_table(
        "objects",
        sa.Column("container_id", sa.String(36), nullable=False),
        sa.Column("name", Name(), nullable=False),
        sa.Column("blob_id", sa.String(36), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.String(32), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("headers", db.JSON(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["container_id"], ["containers.id"],
            name="fk_objects_container_id"),
        sa.PrimaryKeyConstraint("container_id", "name", name="pk_objects"),
    )


def _create_blobs() -> None:
    op.create_table(
        "blobs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("refs", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("nodes", db.JSON(), nullable=False),
        sa.Column("sums", MEDIUM_BINARY),
        sa.PrimaryKeyConstraint("id", name="pk_blobs"),
    )
    op.create_index("ix_blobs_state_expires_at", "blobs",
                    ["state", "expires_at"])
