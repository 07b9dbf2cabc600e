"""What the agent remembers of each server, across restarts.

One small file per server. It outlives the server by a day, so that a late
message of an older generation neither revives nor stops anything.
"""

import dataclasses
import json
import os
import pathlib
import time
import uuid
from typing import Any

from common import concurrency
from compute import exceptions

#: No message is older than this, in seconds.
KEPT_S = 86_400


@dataclasses.dataclass(frozen=True)
class Note:
    """What is known of a server."""

    generation: int = 0
    #: Ports that the network has not wired yet; it may not run before.
    waiting_for: tuple[str, ...] = ()
    gone_at: float | None = None  # when it was destroyed, in UNIX time


class Notes:
    """Notes by server id, in memory and on disk."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._notes: dict[str, Note] = {}

    def open(self) -> None:
        """Read all notes."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        for path in self._directory.glob("*.json"):
            values = json.loads(path.read_text())
            self._notes[path.stem] = Note(
                values["generation"], tuple(values["waiting_for"]),
                values["gone_at"])

    def get(self, server_id: str) -> Note:
        """Return what is known, or an empty note."""
        return self._notes.get(server_id, Note())

    def accept(self, server_id: str, generation: int) -> None:
        """Note that a request of that generation is carried out.

        :raises StaleRequest: if a newer one was seen
        """
        note = self.get(server_id)
        if generation < note.generation:
            raise exceptions.StaleRequest(
                server_id=server_id, generation=generation,
                seen=note.generation)
        self.change(server_id, generation=generation, gone_at=None)

    def change(self, server_id: str, **changes: object) -> None:
        """Change members of a server's note, durably."""
        old = self.get(server_id)
        new = dataclasses.replace(old, **changes)  # type: ignore[arg-type]
        if new != old:
            path = self._directory / f"{uuid.UUID(server_id)}.json"
            concurrency.blocking(_write, path, dataclasses.asdict(new))
            self._notes[server_id] = new

    def forget_old(self, wanted: set[str]) -> None:
        """Forget servers that went a day ago and are not wanted."""
        limit = time.time() - KEPT_S
        for server_id, note in list(self._notes.items()):
            if (note.gone_at is not None and note.gone_at < limit
                    and server_id not in wanted):
                path = self._directory / f"{server_id}.json"
                path.unlink(missing_ok=True)
                del self._notes[server_id]


def _write(path: pathlib.Path, values: dict[str, Any]) -> None:
    """Replace the file as a whole; blocks."""
    draft = path.with_suffix(".new")
    with open(draft, "w") as out:
        json.dump(values, out)
        out.flush()
        os.fsync(out.fileno())
    draft.rename(path)
