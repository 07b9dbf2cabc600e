"""Size and MD5 of static large objects, whose blobs are manifests.

Expands only: code of the release before leaves both NULL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("objects") as objects:
        objects.add_column(sa.Column("large_size", sa.BigInteger()))
        objects.add_column(sa.Column("large_etag", sa.String(32)))
