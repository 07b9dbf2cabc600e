"""Images as files in a directory."""

import contextlib
import errno
import fcntl
import mmap
import os
import pathlib
import uuid

from oslo_config import cfg

from imagestore import conf as conf_options
from imagestore import exceptions
from imagestore.stores import base

_BUFFER = 4 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}


def _sync_directory(path: pathlib.Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class StagedFile(base.Staged):
    """A file that gets its name when it is complete.

    It is written past the page cache where the file system can: that takes
    a tenth of the processor time, and does not push out what is in use.
    """

    def __init__(self, path: pathlib.Path, target: pathlib.Path) -> None:
        self.path: str = str(path)
        self._target = target
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o640)
        # Memory of its own is on a page's border, as the way past the
        # cache needs it.
        self._buffer = mmap.mmap(-1, _BUFFER)
        self._filled = 0
        self._go_past_cache(True)

    def _go_past_cache(self, on: bool) -> None:
        flags = fcntl.fcntl(self._fd, fcntl.F_GETFL)
        wanted = flags | os.O_DIRECT if on else flags & ~os.O_DIRECT
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._fd, fcntl.F_SETFL, wanted)

    def write(self, chunk: bytes | memoryview) -> None:
        view = memoryview(chunk)
        if not self._filled and len(view) % mmap.PAGESIZE == 0 and (
                isinstance(view.obj, mmap.mmap)):
            # On the borders of pages, as our own buffer is.
            return self._write_all(view)
        while view:
            taken = view[:_BUFFER - self._filled]
            end = self._filled + len(taken)
            self._buffer[self._filled:end] = taken
            self._filled = end
            view = view[len(taken):]
            if end == _BUFFER:
                self._flush()

    def _flush(self) -> None:
        with memoryview(self._buffer)[:self._filled] as view:
            self._write_all(view)
        self._filled = 0

    def _write_all(self, view: memoryview) -> None:
        done = 0
        while done < len(view):
            with view[done:] as rest:
                done += self._write_some(rest)

    def _write_some(self, view: memoryview) -> int:
        try:
            return os.write(self._fd, view)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise _translated(error) from error
        # The file system wants larger blocks than pages are.
        self._go_past_cache(False)
        try:
            return os.write(self._fd, view)
        except OSError as error:
            raise _translated(error) from error

    def finish(self) -> None:
        # What is left is no whole number of blocks.
        self._go_past_cache(False)
        self._flush()
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise _translated(error) from error
        self.close()
        os.rename(self.path, self._target)
        _sync_directory(self._target.parent)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._buffer.close()


def _translated(error: OSError) -> Exception:
    return exceptions.StoreFull() if error.errno in _FULL else error


class OpenedFile(base.Opened):
    """A file being read."""

    def __init__(self, path: pathlib.Path) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115
        self.fd = self._file.fileno()
        found = os.fstat(self.fd)
        self.size = found.st_size
        self.version = (f"{found.st_dev}/{found.st_ino}/{found.st_size}/"
                        f"{found.st_mtime_ns}/{found.st_ctime_ns}")

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file.fileno(), length, offset)

    def close(self) -> None:
        self._file.close()


class FileStore(base.ImageStore):
    """Files named by id; those not yet complete lie in ``staging``."""

    def __init__(self, directory: str) -> None:
        self._directory = pathlib.Path(directory)
        self._staging = self._directory / "staging"

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts, name: str) -> "FileStore":
        """Return the store ``name``, as its group of options says."""
        own = conf[conf_options.store_group(name)]
        return cls(own.directory or conf.imagestore.images_dir)

    def prepare(self) -> None:
        self._staging.mkdir(mode=0o750, parents=True, exist_ok=True)

    def _paths(self, data_id: str) -> tuple[pathlib.Path, pathlib.Path]:
        name = str(uuid.UUID(data_id))
        return self._staging / name, self._directory / name

    def stage(self, key: str) -> StagedFile:
        return StagedFile(*self._paths(key))

    def open(self, key: str) -> OpenedFile:
        return OpenedFile(self._paths(key)[1])

    def delete(self, key: str) -> None:
        # Staged first: who finishes it meanwhile is caught by the second.
        for path in self._paths(key):
            path.unlink(missing_ok=True)

    def url(self, key: str) -> str:
        return f"file://{self._paths(key)[1].resolve()}"
