"""Let operators name groups of hosts.

Expands only: code of the release before does not know these tables.
"""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _make_aggregates()
    _make_aggregate_hosts()


def _make_aggregates() -> None:
    op.create_table(
        "aggregates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("meta", db.JSON(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_aggregates"),
        sa.UniqueConstraint("name", name="uq_aggregates_name"),
    )


def _make_aggregate_hosts() -> None:
    op.create_table(
        "aggregate_hosts",
        sa.Column("aggregate_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(
            ["aggregate_id"],
            ["aggregates.id"],
            name="fk_aggregate_hosts_aggregate_id",
        ),
        sa.PrimaryKeyConstraint(
            "aggregate_id", "host", name="pk_aggregate_hosts"
        ),
    )
