"""What imports keep to themselves, and how many a project has.

Expands only.
"""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "image_imports",
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("sealed_token", sa.Text()),
        sa.Column("expires_at", sa.Double()),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("before", db.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name="pk_image_imports"),
    )
    op.create_index("ix_image_imports_expires_at", "image_imports",
                    ["expires_at"])
    op.create_index("ix_image_tasks_project_id_status", "image_tasks",
                    ["project_id", "status"])
