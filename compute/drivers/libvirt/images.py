"""The images of this host: each is fetched once and then only read."""

import hashlib
import logging
import os
import pathlib
import time
import uuid
from collections.abc import Callable
from typing import BinaryIO, Protocol

from oslo_utils.imageutils import format_inspector

from common import concurrency, failpoint
from common import exceptions as common_exceptions
from compute import exceptions
from compute import spec as specs
from compute.drivers import base, locks
from compute.drivers.libvirt.domains import Base

LOG = logging.getLogger(__name__)
# It would log from native threads, where logging's green locks may not go.
logging.getLogger(format_inspector.__name__).disabled = True

_FORMATS = {"qcow2", "raw"}
#: What the inspector calls a raw disk with a partition table.
_ALSO_RAW = {"gpt": "raw"}
_HASHES = {"sha256", "sha384", "sha512"}
_PART = ".part"
#: Beside an image: the fingerprint of the certificate it was proven with.
_PROOF = ".proof"
_CHUNK_BYTES = 1 << 20


class _Digest(Protocol):
    def update(self, chunk: bytes, /) -> None: ...


class ImageCache:
    """Files named by image id and hash, beneath one directory."""

    def __init__(self, directory: pathlib.Path, fetch: base.Fetch) -> None:
        self._directory = directory
        self._fetch = fetch
        self._locks = locks.KeyedLocks()

    def open(self) -> None:
        """Remove what broken downloads left."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for part in self._directory.glob("*" + _PART):
            part.unlink(missing_ok=True)

    def get(self, image: specs.Image, verifier: base.Verifier | None = None
            ) -> tuple[Base, int]:
        """Return the file of an image and its virtual size in bytes.

        :param verifier: sees the data, unless its certificate has proven
            them before
        :raises common.signatures.Refused: if they are not what was signed
        :raises ImageUnacceptable: if it is not what its record says
        :raises HostFull: if it does not fit on the disk
        """
        if image.disk_format not in _FORMATS:
            raise _bad(image, f"format {image.disk_format} cannot be run "
                              "here; allowed: qcow2, raw")
        path = self._directory / _file_name(image)
        with self._locks.hold(path.name):
            if not path.exists():
                self._download(image, path, verifier)
            elif verifier and not _is_proven(path, verifier):
                concurrency.blocking(_prove, path, verifier)
            size_bytes = concurrency.blocking(_inspect, image, path)
            os.utime(path)
        return Base(path, image.disk_format), size_bytes

    def evict(self, used: Callable[[], set[str]], wanted: set[str],
              idle_s: float) -> int:
        """Delete files not in use and not read for ``idle_s`` seconds.

        :param used: gives the names of files that disks lie on
        :param wanted: ids of images that servers of this host come from
        """
        evicted = 0
        for path in sorted(self._directory.iterdir()):
            # The first part is the id, which has dashes itself.
            if path.name[:36] in wanted or path.suffix in (_PART, _PROOF):
                continue
            with self._locks.hold(path.name):
                if _idle(path, idle_s) and path.name not in used():
                    concurrency.blocking(_remove, path)
                    LOG.info("image %s evicted", path.name)
                    evicted += 1
        return evicted

    def _download(self, image: specs.Image, path: pathlib.Path,
                  verifier: base.Verifier | None) -> None:
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_PART}")
        self._check_room(image)
        started = time.monotonic()
        try:
            with open(part, "xb") as out:
                digest = self._write(image, out, verifier)
                if image.os_hash_value and digest != image.os_hash_value:
                    raise _bad(image, "its content does not have the "
                                      "recorded hash")
                if verifier:
                    verifier.verify()
                concurrency.blocking(_sync, out)
            concurrency.blocking(_inspect, image, part)
            part.chmod(0o640)
            failpoint.hit("agent.image.fetched")
            concurrency.blocking(_publish, part, path)
            if verifier:
                concurrency.blocking(_note_proof, path, verifier)
        finally:
            part.unlink(missing_ok=True)
        LOG.info("image %s fetched in %.1f s", image.id,
                 time.monotonic() - started)

    def _write(self, image: specs.Image, out: BinaryIO,
               verifier: base.Verifier | None) -> str:
        """Write the image's bytes, show them; return their hash."""
        hasher = hashlib.new(_algorithm(image))
        digests: list[_Digest] = [hasher, verifier] if verifier else [hasher]
        count = 0
        for chunk in self._fetch(image.id):
            count += len(chunk)
            if image.size_bytes is not None and count > image.size_bytes:
                break
            concurrency.blocking(_append, out, digests, chunk)
        if count < (image.size_bytes or 0):
            # Cut short on the way: worth another try.
            raise common_exceptions.ServiceUnavailable()
        if image.size_bytes is not None and count > image.size_bytes:
            raise _bad(image, "it is longer than the recorded "
                              f"{image.size_bytes} bytes")
        return hasher.hexdigest()

    def _check_room(self, image: specs.Image) -> None:
        room = os.statvfs(self._directory)
        if room.f_bavail * room.f_frsize < (image.size_bytes or 0):
            raise exceptions.HostFull(resource="disk")


def _file_name(image: specs.Image) -> str:
    """Return a name that changes with the content."""
    # The ids are ours, but they came over the wire: they become a path.
    image_id = str(uuid.UUID(image.id))
    version = (image.os_hash_value or "unhashed")[:16]
    if not version.isalnum():
        raise _bad(image, "its recorded hash is not a number")
    return f"{image_id}-{version}"


def _algorithm(image: specs.Image) -> str:
    algorithm = image.os_hash_algo or "sha512"
    if algorithm not in _HASHES:
        raise _bad(image, f"hash {algorithm} is not one of: "
                          + ", ".join(sorted(_HASHES)))
    return algorithm


def _inspect(image: specs.Image, path: pathlib.Path) -> int:
    """Check that the content is of the recorded format and harmless.

    Returns the virtual size in bytes; runs in a native thread.
    """
    try:
        found = format_inspector.detect_file_format(str(path))
        if found is None:
            raise _bad(image, "its format is not known")
        kind = _ALSO_RAW.get(found.NAME, found.NAME)
        if kind != image.disk_format:
            raise _bad(image, f"it is {kind}, recorded as "
                              f"{image.disk_format}")
        found.safety_check()
        if kind == "raw":
            return path.stat().st_size
        return int(found.virtual_size)
    except (format_inspector.ImageFormatError,
            format_inspector.SafetyCheckFailed) as error:
        raise _bad(image, "its content failed the safety check") from error


def _append(out: BinaryIO, digests: list[_Digest], chunk: bytes) -> None:
    for digest in digests:
        digest.update(chunk)
    out.write(chunk)


def _sync(out: BinaryIO) -> None:
    out.flush()
    os.fsync(out.fileno())


def _publish(part: pathlib.Path, path: pathlib.Path) -> None:
    """Give the file its name, for good."""
    _forget_proof(path)
    part.rename(path)
    sync_directory(path.parent)


def _is_proven(path: pathlib.Path, verifier: base.Verifier) -> bool:
    try:
        return _proof(path).read_text() == verifier.fingerprint
    except FileNotFoundError:
        return False


def _prove(path: pathlib.Path, verifier: base.Verifier) -> None:
    """Show the file to the verifier; note it if it is what was signed."""
    with open(path, "rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            verifier.update(chunk)
    verifier.verify()
    _note_proof(path, verifier)


def _note_proof(path: pathlib.Path, verifier: base.Verifier) -> None:
    """Remember it with the file, for good."""
    part = path.with_name(f"{path.name}{_PROOF}{_PART}")
    with open(part, "wb") as out:
        out.write(verifier.fingerprint.encode())
        _sync(out)
    part.rename(_proof(path))
    sync_directory(path.parent)


def _remove(path: pathlib.Path) -> None:
    _forget_proof(path)
    path.unlink(missing_ok=True)


def _forget_proof(path: pathlib.Path) -> None:
    """Forget it before the file is another one."""
    if _proof(path).exists():
        _proof(path).unlink()
        sync_directory(path.parent)


def _proof(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(path.name + _PROOF)


def sync_directory(directory: pathlib.Path) -> None:
    """Make renames in the directory durable; blocks."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _idle(path: pathlib.Path, idle_s: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > idle_s
    except FileNotFoundError:
        return False


def _bad(image: specs.Image, reason: str) -> exceptions.ImageUnacceptable:
    return exceptions.ImageUnacceptable(image_id=image.id, reason=reason)
