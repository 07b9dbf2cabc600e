"""Let clients store members of their own in groups, too.

Expands only: NULL means none.
"""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("groups") as groups:
        groups.add_column(sa.Column("extra", db.JSON()))
