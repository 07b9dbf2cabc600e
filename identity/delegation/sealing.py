"""The rotation of the keys that seal stored secrets."""

from common import db
from identity.db import sealed
from identity.delegation.vault import Vault


def rotate(database: db.Database, vault: Vault, keep: int) -> int:
    """Let a new key seal, and seal all with it; return how many rows.

    What a rotation that was cut short has left is done first, so that no
    key goes by which something is still sealed.
    """
    reseal(database, vault)
    vault.rotate(keep)
    return reseal(database, vault)


def reseal(database: db.Database, vault: Vault) -> int:
    """Seal every stored secret with the newest key; return how many."""
    count = 0
    for model, column in sealed.COLUMNS:
        after: str | None = ""
        while after is not None:
            with database.writer() as session:
                done, after = sealed.reseal(
                    session, model, column, after, vault.sealed_anew)
            count += done
    return count
