"""Copies of root disks, for images: whole, with nothing beneath them."""

import functools
import logging
import os
import pathlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import libvirt

from common import concurrency, failpoint, process, qemu_img
from compute import exceptions, privileged
from compute.drivers.libvirt import calls
from compute.drivers.libvirt.domains import Base
from compute.drivers.libvirt.settings import Settings

LOG = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 20
_POLL_S = 0.1
_PREFIX, _PART = "copy-", ".part"
_DISK = "vda"

#: Runs a function with the server's domain, as the driver does.
With = Callable[[str, Callable[[libvirt.virDomain], Any]], Any]


class Copies:
    """Files beside the disks of servers."""

    def __init__(self, settings: Settings, run: With) -> None:
        self._settings = settings
        self._with = run

    def make(self, server_id: str, image_id: str,
             base: Base | None) -> None:
        """Copy the disk as it is now, unless that was done already.

        :param base: what the disk lies on
        """
        path = self._path(server_id, image_id)
        if path.exists():
            return
        self._remove_others(server_id)
        part = path.with_suffix(_PART)
        try:
            if self._with(server_id, calls.end_backup):
                self._copy_running(server_id, part)
            else:
                self._copy_resting(server_id, part, base)
        except (libvirt.libvirtError, process.Failed) as error:
            LOG.error("copy of %s: %s", server_id, error)
            part.unlink(missing_ok=True)
            raise _refusal(server_id, error) from error
        failpoint.hit("agent.copy_disk.made")
        part.rename(path)

    def read(self, server_id: str, image_id: str) -> Iterator[bytes]:
        """Give the bytes of a copy."""
        try:
            with open(self._path(server_id, image_id), "rb") as source:
                while chunk := concurrency.blocking(
                        source.read, _CHUNK_BYTES):
                    yield chunk
        except FileNotFoundError:
            raise exceptions.ServerNotOnHost(server_id=server_id) from None

    def remove(self, server_id: str, image_id: str) -> None:
        self._path(server_id, image_id).unlink(missing_ok=True)

    def _path(self, server_id: str, image_id: str) -> pathlib.Path:
        # Ids that came over the wire become a path.
        directory = self._settings.directory(str(uuid.UUID(server_id)))
        return directory / f"{_PREFIX}{uuid.UUID(image_id)}.qcow2"

    def _remove_others(self, server_id: str) -> None:
        for old in self._settings.directory(server_id).glob(f"{_PREFIX}*"):
            old.unlink(missing_ok=True)

    def _copy_running(self, server_id: str, part: pathlib.Path) -> None:
        """Let the hypervisor write out the disk of this very moment."""
        qemu_img.create(str(part), "qcow2", self._with(
            server_id, functools.partial(calls.disk_bytes, name=_DISK)))
        part.chmod(0o660)  # its group is the hypervisor's
        self._with(server_id, functools.partial(
            calls.begin_backup, xml=_backup(part)))
        failpoint.hit("agent.copy_disk.begun")
        while self._with(server_id, calls.backup_runs):
            concurrency.sleep(_POLL_S)
        if not self._with(server_id, calls.backup_succeeded):
            raise exceptions.DiskNotCopied(
                server_id=server_id, reason="the guest ended meanwhile")

    def _copy_resting(self, server_id: str, part: pathlib.Path,
                      base: Base | None) -> None:
        # The hypervisor left it to root.
        privileged.take_disk(str(self._settings.instances_dir), server_id)
        disk = self._settings.disk(server_id)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640))
        qemu_img.convert(
            str(disk), "qcow2", str(part), "qcow2",
            size_bytes=_virtual_size(disk),
            beneath=str(base.path) if base else None)


def _virtual_size(disk: pathlib.Path) -> int:
    """Return the bytes that a qcow2 disk has room for, from its header."""
    with open(disk, "rb") as source:
        source.seek(24)
        return int.from_bytes(source.read(8), "big")


def _backup(target: pathlib.Path) -> str:
    job = Element("domainbackup", mode="push")
    disk = SubElement(SubElement(job, "disks"), "disk", name=_DISK,
                      type="file", backup="yes")
    SubElement(disk, "driver", type="qcow2")
    file = SubElement(disk, "target", file=str(target))
    # Else libvirt would leave the file to root.
    SubElement(file, "seclabel", model="dac", relabel="no")
    return ElementTree.tostring(job, encoding="unicode")


def _refusal(server_id: str, error: Exception) -> Exception:
    if "No space left" in str(error):
        return exceptions.HostFull(resource="disk")
    return exceptions.DiskNotCopied(
        server_id=server_id, reason="the hypervisor refused")
