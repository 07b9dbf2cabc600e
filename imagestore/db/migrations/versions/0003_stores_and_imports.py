"""Several stores, the tasks of imports, and what users see of them.

Expands only: what the release before writes has no store, which stands for
the one that it knows, ``file``.
"""

import sqlalchemy as sa
from alembic import op

from common import db, task

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _extend_data()
    _extend_images()
    _create_image_tasks()
    task.create_tables(op)


def _extend_data() -> None:
    with op.batch_alter_table("image_data") as data:
        data.add_column(sa.Column("store", sa.String(64)))
        data.add_column(sa.Column("url", sa.String(2048)))
        data.add_column(sa.Column("notes", db.JSON()))
        data.add_column(sa.Column("task_id", sa.String(36)))
        data.create_index("ix_image_data_image_id", ["image_id"])
    op.execute("UPDATE image_data SET store = 'file'")


def _extend_images() -> None:
    with op.batch_alter_table("images") as images:
        images.add_column(sa.Column("stores", sa.String(1024)))
        images.add_column(sa.Column("importing_to", sa.String(1024)))
        images.add_column(sa.Column("failed_to", sa.String(1024)))
    op.execute("UPDATE images SET stores = 'file' "
               "WHERE status IN ('active', 'deactivated')")


def _create_image_tasks() -> None:
    op.create_table(
        "image_tasks",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(255)),
        sa.Column("image_id", sa.String(36)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("input", db.JSON(), nullable=False),
        sa.Column("result", db.JSON()),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", db.UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_image_tasks"),
    )
    op.create_index("ix_image_tasks_image_id", "image_tasks", ["image_id"])
    op.create_index("ix_image_tasks_created_at_id", "image_tasks",
                    ["created_at", "id"])
