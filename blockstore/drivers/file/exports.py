"""Exports over NBD: a qemu-storage-daemon for each attachment.

The daemons are detached: they, and so the guests' disks, outlive the
agent. All that is known of one is in a directory, so that the next agent
adopts it:

    ID.json   the export, and the file behind it; written first
    ID.pid    its process
    ID.qmp    control socket, for us alone
    ID.nbd    the volume, for one client at a time

ID is the attachment's: a server that lost its attachment holds an address
that nobody else will ever get. The directory can be passed through but
not listed by the clients' group, so an address is also a secret.
"""

import contextlib
import dataclasses
import json
import logging
import os
import signal
import time

from blockstore import exceptions
from blockstore.drivers.base import Export
from blockstore.drivers.file import copying, images, qmp
from common import concurrency, process

LOG = logging.getLogger(__name__)

_PROGRAM = "qemu-storage-daemon"
_START_TIMEOUT_S = 20
_STOP_TIMEOUT_S = 10
#: Longest path that fits in the address of a unix socket.
_MAX_SOCKET_PATH = 107


@dataclasses.dataclass(frozen=True)
class Backing:
    """The file that an export shows."""

    path: str
    disk_format: str


class Exports:
    """The exports of one directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def prepare(self) -> None:
        """Make the directory; keep the group that somebody gave it.

        :raises ValueError: if the paths of sockets would be too long
        """
        longest = self._path("0" * 36, "nbd")
        if len(os.fsencode(longest)) > _MAX_SOCKET_PATH:
            raise ValueError(
                f"{self._directory}: the path is too long for sockets; use "
                "a shorter state_dir or blockstore.exports_dir")
        os.makedirs(self._directory, mode=0o710, exist_ok=True)

    def all(self) -> dict[str, Export]:
        """Return the exports that were started and not ended."""
        found = {}
        for name in os.listdir(self._directory):
            stem, _, suffix = name.rpartition(".")
            export = self._read(stem) if suffix == "json" else None
            if export is not None:
                found[stem] = export
        return found

    def of_volume(self, volume_id: str) -> list[Export]:
        """Return the exports of one volume; there should be one at most."""
        return [export for export in self.all().values()
                if export.volume_id == volume_id]

    def socket(self, attachment_id: str) -> str:
        """Return the path of the socket for the client."""
        return self._path(attachment_id, "nbd")

    def start(self, export: Export, backing: Backing) -> None:
        """Run the export, unless it runs already as it should.

        :raises VolumeBusy: if it runs otherwise, with a client connected
        """
        known = self._read(export.attachment_id)
        if self._runs_as(export, known):
            self._write(export)
            self._open(export.attachment_id)
            return
        if known is not None:
            self.stop(known)
        self._write(export)
        try:
            process.run(*self._command(export, backing),
                        timeout=_START_TIMEOUT_S)
            self._open(export.attachment_id)
        except (process.Failed, OSError) as error:
            LOG.error("Export of volume %s failed: %s",
                      export.volume_id, error)
            raise exceptions.TornBackend() from error

    def _runs_as(self, export: Export, known: Export | None) -> bool:
        one = export.attachment_id
        return (known is not None and known.readonly == export.readonly
                and self.is_alive(one) and not self._is_cut_off(one))

    def _is_cut_off(self, attachment_id: str) -> bool:
        """Say whether a process runs that nobody can connect to."""
        return not all(os.path.exists(self._path(attachment_id, suffix))
                       for suffix in ("nbd", "qmp"))

    def _open(self, attachment_id: str) -> None:
        """Let the group connect to the volume, and nobody to control."""
        os.chmod(self._path(attachment_id, "qmp"), 0o600)
        os.chmod(self.socket(attachment_id), 0o660)

    def stop(self, export: Export, *, force: bool = False) -> None:
        """End the export; its process is gone when this returns.

        :raises VolumeBusy: if a client is connected, unless forced
        """
        attachment_id = export.attachment_id
        if self.is_alive(attachment_id):
            if not self._is_cut_off(attachment_id):
                self._withdraw(export, force=force)
            self.end_process(attachment_id)
        self._clear(attachment_id)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(attachment_id, "json"))

    def copy(self, export: Export, target: Backing) -> None:
        """Copy what the volume is now, while its client goes on writing.

        :param target: an empty disk of the same size
        :raises SnapshotFailed: worth another try
        :raises NoSpace: if there is no room
        """
        try:
            with qmp.Monitor(self._path(export.attachment_id, "qmp")) as m:
                copying.run(m, target.path, target.disk_format)
        except (qmp.Refused, qmp.Unreachable) as error:
            raise exceptions.SnapshotFailed(
                volume_id=export.volume_id,
                reason="its storage daemon gave up") from error

    def is_alive(self, attachment_id: str) -> bool:
        """Say whether the process of the export runs."""
        return self._pid(attachment_id) is not None

    def _withdraw(self, export: Export, *, force: bool) -> None:
        """Take the export away; from then on no client can connect."""
        try:
            with qmp.Monitor(self._path(export.attachment_id, "qmp")) as m:
                if m.call("query-block-exports"):
                    m.call("block-export-del", id="export",
                           mode="hard" if force else "safe")
                m.call("quit")
        except qmp.Refused as error:
            raise exceptions.VolumeBusy(
                volume_id=export.volume_id,
                reason="a client is connected") from error
        except qmp.Unreachable as error:
            # It may be about to end, or hang with a client's data.
            if not force and not self._ends_soon(export.attachment_id):
                raise exceptions.VolumeBusy(
                    volume_id=export.volume_id,
                    reason="its storage daemon does not answer") from error

    def _ends_soon(self, attachment_id: str) -> bool:
        until = time.monotonic() + _STOP_TIMEOUT_S
        while self.is_alive(attachment_id):
            if time.monotonic() > until:
                return False
            concurrency.sleep(0.02)
        return True

    def end_process(self, attachment_id: str) -> None:
        """Have the process end in order; if it does not, kill it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._signal(attachment_id, number)
            if self._ends_soon(attachment_id):
                return
        raise exceptions.TornBackend()

    def _signal(self, attachment_id: str, number: int) -> None:
        pid = self._pid(attachment_id)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                # The number may have gone to another process meanwhile.
                if self._pid(attachment_id) == pid:
                    signal.pidfd_send_signal(handle, number)
            finally:
                os.close(handle)

    def _pid(self, attachment_id: str) -> int | None:
        """Return the process id of the export, if it runs."""
        path = self._path(attachment_id, "pid")
        try:
            with open(path) as file:
                pid = int(file.read())
        except (OSError, ValueError):
            pid = 0
        if _is_ours(pid, path):
            return pid
        # The agent may have died before the file was written.
        return next((pid for pid in _processes() if _is_ours(pid, path)),
                    None)

    def _command(self, export: Export, backing: Backing) -> list[str]:
        one = export.attachment_id
        file = {"driver": "file", "node-name": "file", "locking": "on",
                "filename": backing.path, "discard": "unmap",
                "read-only": export.readonly}
        disk = {"driver": backing.disk_format, "node-name": "disk",
                "file": "file", "discard": "unmap",
                "read-only": export.readonly}
        server = {"addr": {"type": "unix", "path": self.socket(one)},
                  "max-connections": 1}
        shown = {"type": "nbd", "id": "export", "node-name": "disk",
                 "name": export.volume_id, "writable": not export.readonly}
        control = self._path(one, "qmp").replace(",", ",,")
        return [
            _PROGRAM, "--daemonize", "--pidfile", self._path(one, "pid"),
            "--chardev", f"socket,id=qmp,path={control},server=on,wait=off",
            "--monitor", "chardev=qmp", "--blockdev", json.dumps(file),
            "--blockdev", json.dumps(disk), "--nbd-server",
            json.dumps(server), "--export", json.dumps(shown)]

    def _read(self, attachment_id: str) -> Export | None:
        try:
            with open(self._path(attachment_id, "json")) as file:
                return Export(**json.load(file))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            LOG.error("%s is damaged", self._path(attachment_id, "json"))
            return None

    def _write(self, export: Export) -> None:
        path = self._path(export.attachment_id, "json")
        with open(f"{path}.new", "w", opener=_privately) as file:
            json.dump(dataclasses.asdict(export), file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(f"{path}.new", path)
        images.sync(self._directory)

    def _clear(self, attachment_id: str) -> None:
        """Remove what a process that is gone left behind."""
        for suffix in ("nbd", "qmp", "pid"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path(attachment_id, suffix))

    def _path(self, attachment_id: str, suffix: str) -> str:
        return os.path.join(self._directory, f"{attachment_id}.{suffix}")


def stop_all(directory: str) -> None:
    """End every storage daemon below ``directory``, clients or not.

    For when the whole cloud stops: what was exported stays written down,
    and the next agent starts it again.
    """
    exports = Exports(directory)
    if os.path.isdir(directory):
        for attachment_id in exports.all():
            exports.end_process(attachment_id)


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _is_ours(pid: int, pid_path: str) -> bool:
    """Say whether the process is a storage daemon with this pid file."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return False
    return (os.path.basename(words[0]) == _PROGRAM.encode()
            and os.fsencode(pid_path) in words)
