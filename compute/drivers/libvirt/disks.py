"""The files of a server: overlay, config drive, note of the base."""

import errno
import json
import logging
import os
import pathlib
import shutil
import uuid

from common import concurrency, failpoint, process, qemu_img
from compute import exceptions
from compute import spec as specs
from compute.drivers import base as drivers
from compute.drivers.libvirt import configdrive, images
from compute.drivers.libvirt.domains import Base
from compute.drivers.libvirt.settings import Settings

LOG = logging.getLogger(__name__)

GIB = 1 << 30


class Disks:
    """Makes and removes the directory of each server."""

    def __init__(self, settings: Settings, cache: images.ImageCache) -> None:
        self._settings = settings
        self._cache = cache

    def open(self) -> None:
        """Make the directories; remove what broken downloads left."""
        self._settings.instances_dir.mkdir(parents=True, exist_ok=True)
        self._cache.open()

    def ids(self) -> set[str]:
        """Return the ids of servers that have a directory here."""
        return {entry.name for entry in os.scandir(
            self._settings.instances_dir)
            if _is_id(entry.name) and entry.is_dir(follow_symlinks=False)}

    def complete(self, server_id: str) -> bool:
        """Say whether all files of the server were made."""
        return self._note(server_id).exists()

    def prepare(self, spec: specs.ServerSpec,
                verifier: drivers.Verifier | None = None) -> None:
        """Make what is missing; the note comes last and says: complete."""
        if self.complete(spec.server_id):
            return
        try:
            self._prepare(spec, verifier)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise exceptions.HostFull(resource="disk") from error
            raise

    def base(self, server_id: str) -> Base | None:
        """Return what the root disk lies on.

        :raises ServerNotOnHost: if the server's files are not here
        """
        try:
            note = json.loads(self._note(server_id).read_text())
        except FileNotFoundError:
            raise exceptions.ServerNotOnHost(server_id=server_id) from None
        if note["base"] is None:
            return None
        return Base(self._settings.images_dir / note["base"],
                    note["format"])

    def remove(self, server_id: str) -> None:
        """Remove the directory of the server."""
        directory = self._settings.directory(_checked(server_id))
        # The note first: what is half removed is not complete.
        self._note(server_id).unlink(missing_ok=True)
        concurrency.blocking(_remove_tree, directory)

    def used_bases(self) -> set[str]:
        """Return the names of the cached images that disks lie on."""
        names = set()
        for server_id in self.ids():
            for note in (self._note(server_id), self._draft(server_id)):
                try:
                    names.add(json.loads(note.read_text())["base"])
                except (FileNotFoundError, ValueError):
                    continue
        return names - {None}

    def _prepare(self, spec: specs.ServerSpec,
                 verifier: drivers.Verifier | None) -> None:
        directory = self._settings.directory(_checked(spec.server_id))
        directory.mkdir(exist_ok=True)
        # The hypervisor's group comes down from the directory above.
        directory.chmod(0o2750)
        note: dict[str, str | None] = {"base": None, "format": None}
        if spec.image:
            base, size_bytes = self._cache.get(spec.image, verifier)
            note = {"base": base.path.name, "format": base.format}
            # Written before the disk, so that the base is not evicted.
            self._draft(spec.server_id).write_text(json.dumps(note))
            self._overlay(spec, base, size_bytes)
        if spec.config_drive:
            concurrency.blocking(
                configdrive.write, spec,
                self._settings.config_drive(spec.server_id))
        self._draft(spec.server_id).write_text(json.dumps(note))
        concurrency.blocking(_commit, self._draft(spec.server_id),
                             self._note(spec.server_id))

    def _overlay(self, spec: specs.ServerSpec, base: Base,
                 base_bytes: int) -> None:
        size_bytes = spec.flavor.disk_gib * GIB or base_bytes
        if base_bytes > size_bytes:
            raise exceptions.ImageUnacceptable(
                image_id=spec.image.id if spec.image else "",
                reason=f"it needs a disk of {-(-base_bytes // GIB)} GiB, "
                       f"the flavor has {spec.flavor.disk_gib}")
        disk = self._settings.disk(spec.server_id)
        draft = disk.with_suffix(".new")
        draft.unlink(missing_ok=True)
        try:
            qemu_img.create(str(draft), "qcow2", size_bytes,
                            backing=(str(base.path), base.format))
        except process.Failed as error:
            LOG.error("overlay of %s: %s", spec.server_id, error)
            raise exceptions.HostFull(resource="disk") from error
        failpoint.hit("agent.disk.made")
        draft.rename(disk)

    def _note(self, server_id: str) -> pathlib.Path:
        return self._settings.directory(server_id) / "base.json"

    def _draft(self, server_id: str) -> pathlib.Path:
        return self._settings.directory(server_id) / "base.json.new"


def _is_id(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False


def _checked(server_id: str) -> str:
    """Return the id if it is one: it becomes a path."""
    if not _is_id(server_id):
        raise exceptions.ServerNotOnHost(server_id=server_id)
    return server_id


def _commit(draft: pathlib.Path, note: pathlib.Path) -> None:
    """Make all files of the directory durable, then name the note."""
    for path in draft.parent.iterdir():
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    draft.rename(note)
    images.sync_directory(note.parent)
    images.sync_directory(note.parent.parent)


def _remove_tree(directory: pathlib.Path) -> None:
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        return
    images.sync_directory(directory.parent)
