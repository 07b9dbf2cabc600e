"""What volumes keep of the images they were made from."""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("volumes", sa.Column("image_metadata", db.JSON()))
