"""Count no passcodes apart from passwords.

Contracts: of the release before, stop what takes passcodes first.
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    with op.batch_alter_table("passcodes") as passcodes:
        passcodes.drop_column("window")
        passcodes.drop_column("tries")
