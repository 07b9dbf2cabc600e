"""A directory of this machine as a node."""

import contextlib
import os
import pathlib
import uuid

from objectstore.nodes import base


def _sync_directory(path: pathlib.Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class StagedFile(base.Staged):
    """A file that gets its name when it is complete."""

    def __init__(self, path: pathlib.Path, target: pathlib.Path) -> None:
        self._path = path
        self._target = target
        self._file = open(path, "xb", buffering=0)  # noqa: SIM115

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view):]

    def finish(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.rename(self._target)
        _sync_directory(self._target.parent)

    def close(self) -> None:
        self._file.close()


class FileCopy(base.Copy):
    """A file being read."""

    def __init__(self, path: pathlib.Path) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file.fileno(), length, offset)

    def close(self) -> None:
        self._file.close()


class LocalNode(base.Node):
    """Files by id, in 256 directories that are there from the start."""

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        self.name = name
        self._directory = directory
        self._staging = directory / "staging"

    def prepare(self) -> None:
        if (self._directory / "ff").is_dir():
            return
        self._staging.mkdir(mode=0o750, parents=True, exist_ok=True)
        for number in range(256):
            (self._directory / f"{number:02x}").mkdir(
                mode=0o750, exist_ok=True)
        _sync_directory(self._directory)

    def _paths(self, blob_id: str) -> tuple[pathlib.Path, pathlib.Path]:
        name = str(uuid.UUID(blob_id))
        return self._staging / name, self._directory / name[:2] / name

    def stage(self, blob_id: str) -> StagedFile:
        return StagedFile(*self._paths(blob_id))

    def open(self, blob_id: str) -> FileCopy:
        return FileCopy(self._paths(blob_id)[1])

    def delete(self, blob_id: str) -> None:
        # Staged first: who finishes it meanwhile is caught by the second.
        for path in self._paths(blob_id):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                # Else it might be back after a power cut, with no row.
                _sync_directory(path.parent)
