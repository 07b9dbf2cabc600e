"""Count wrong passwords, and keep what is set for one domain.

Expands only: code of the release before inserts users without these.
"""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _count_failures()
    _create_domain_options()


def _count_failures() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column(
            "failures", sa.Integer(), nullable=False, server_default="0"))
        users.add_column(sa.Column("failed_at", db.UTCDateTime()))
        users.add_column(sa.Column("last_active_at", db.UTCDateTime()))


def _create_domain_options() -> None:
    op.create_table(
        "domain_options",
        sa.Column("domain_id", sa.String(64), nullable=False),
        sa.Column("group_name", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["projects.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("domain_id", "group_name", "name"))
