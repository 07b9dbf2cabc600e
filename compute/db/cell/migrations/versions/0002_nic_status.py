"""Say of each port of a server whether it is coming, there, or going.

Expands only: code of the release before still runs on this schema, whose
ports are all there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("nics") as nics:
        nics.add_column(sa.Column(
            "status", sa.String(16), nullable=False,
            server_default="attached"))
