"""Images, with whom they are shared, and their data."""

import sqlalchemy as sa
from alembic import op

from common import db, events, lease

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_images()
    _create_children()
    _create_members()
    _create_data()
    events.create_tables(op)
    lease.create_tables(op)


def _create_images() -> None:
    op.create_table(
        "images",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("container_format", sa.String(20)),
        sa.Column("disk_format", sa.String(20)),
        sa.Column("min_disk_gib", sa.Integer(), nullable=False),
        sa.Column("min_ram_mib", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("virtual_size", sa.BigInteger()),
        sa.Column("checksum", sa.String(32)),
        sa.Column("hash_algo", sa.String(16)),
        sa.Column("hash_value", sa.String(128)),
        sa.Column("data_id", sa.String(36)),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
    )
    op.create_index("ix_images_project_id_created_at_id", "images",
                    ["project_id", "created_at", "id"])
    op.create_index("ix_images_visibility_created_at_id", "images",
                    ["visibility", "created_at", "id"])
    op.create_index("ix_images_created_at_id", "images",
                    ["created_at", "id"])


def _image_id() -> sa.Column:
    return sa.Column("image_id", sa.String(36), nullable=False)


def _of_image(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["image_id"], ["images.id"], ondelete="CASCADE",
        name=f"fk_{table}_image_id")


def _create_children() -> None:
    op.create_table(
        "image_properties",
        _image_id(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        _of_image("image_properties"),
        sa.PrimaryKeyConstraint(
            "image_id", "name", name="pk_image_properties"),
    )
    op.create_index("ix_image_properties_name", "image_properties", ["name"])
    op.create_table(
        "image_tags",
        _image_id(),
        sa.Column("value", sa.String(255), nullable=False),
        _of_image("image_tags"),
        sa.PrimaryKeyConstraint("image_id", "value", name="pk_image_tags"),
    )


def _create_members() -> None:
    op.create_table(
        "image_members",
        _image_id(),
        sa.Column("member_id", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        _of_image("image_members"),
        sa.PrimaryKeyConstraint(
            "image_id", "member_id", name="pk_image_members"),
    )
    op.create_index("ix_image_members_member_id_status", "image_members",
                    ["member_id", "status"])


def _create_data() -> None:
    op.create_table(
        "image_data",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("image_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_image_data"),
    )
    op.create_index("ix_image_data_state_expires_at", "image_data",
                    ["state", "expires_at"])
