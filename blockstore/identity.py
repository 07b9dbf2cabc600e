"""Who a backend is: a lasting random id beside its data."""

import contextlib
import fcntl
import json
import os
import uuid


class Identity:
    """The identity of the backend in one state directory.

    Only one process may hold it at a time. ``revision`` is the latest that
    the scheduler was heard to have: a lower one means that the database
    was set back. From then on it is ``suspended``, until the operator says
    that what the database does not know may go.
    """

    def __init__(self, directory: str, backend: str) -> None:
        self.backend = backend
        self.path = os.path.join(directory, f"{backend}.json")
        self.id = ""
        self.revision = 0
        self.suspended = False
        self._lock: int | None = None

    def take(self) -> None:
        """Read the identity, or make it on the first start.

        :raises RuntimeError: if another agent has it
        """
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self._lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT
                             | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(
                f"another agent serves {self.backend} already") from None
        with contextlib.suppress(FileNotFoundError):
            with open(self.path) as file:
                known = json.load(file)
            self.id, self.revision = known["id"], known["revision"]
            self.suspended = known["suspended"]
            return
        self.id = str(uuid.uuid4())
        self._save()

    def accept_revision(self, revision: int) -> bool:
        """Say whether to believe a database of this revision.

        Once it was set back its numbers grow again, so it stays suspect.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.accepting)
            self.suspended, self.revision = False, revision
            self._save()
        if revision < self.revision and not self.suspended:
            self.suspended = True
            self._save()
        if revision > self.revision:
            self.revision = revision
            self._save()
        return not self.suspended

    @property
    def accepting(self) -> str:
        """Return the file that the operator makes to accept it."""
        return f"{self.path}.accept"

    def release(self) -> None:
        """Let another process have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _save(self) -> None:
        with open(f"{self.path}.new", "w") as file:
            json.dump({"id": self.id, "revision": self.revision,
                       "suspended": self.suspended}, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(f"{self.path}.new", self.path)
