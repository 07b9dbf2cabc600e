"""The driver for QEMU and KVM through libvirt."""

import dataclasses
import functools
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import libvirt
from oslo_config import cfg

from common import concurrency, failpoint
from compute import exceptions, privileged
from compute import spec as specs
from compute.drivers import base
from compute.drivers.libvirt import (
    calls,
    copies,
    devices,
    disks,
    domains,
    host,
    images,
)
from compute.drivers.libvirt import conf as options
from compute.drivers.libvirt.connection import Connection
from compute.drivers.libvirt.settings import Settings

LOG = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between two looks at a guest that is to go off or to let go.
_POLL_S = 0.2
#: Seconds after which a guest is asked again.
_ASK_AGAIN_S = 10
#: Seconds that a guest gets to let go of a device.
_UNPLUG_S = 60


class LibvirtDriver(base.ComputeDriver):
    """Domains of one libvirtd."""

    def __init__(self, settings: Settings, fetch: base.Fetch) -> None:
        self._settings = settings
        self._connection = Connection(settings.uri)
        self._images = images.ImageCache(settings.images_dir, fetch)
        self._disks = disks.Disks(settings, self._images)
        self._copies = copies.Copies(settings, self._with)

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts, owner: str,
                  fetch: base.Fetch) -> "LibvirtDriver":
        options.register_opts(conf)
        return cls(options.settings(conf, owner), fetch)

    def open(self) -> None:
        self._disks.open()

    def close(self) -> None:
        self._connection.close()

    def listen(self, listener: base.Listener) -> None:
        self._connection.listen(listener)

    def facts(self) -> specs.HostFacts:
        return self._connection.call(
            functools.partial(host.facts, settings=self._settings))

    def guests(self) -> dict[str, base.Guest]:
        found = {guest.server_id: guest
                 for guest in self._connection.call(self._list)}
        files = self._disks.ids() - found.keys()
        return found | {server_id: base.Guest(server_id, "absent")
                        for server_id in files}

    def guest(self, server_id: str) -> base.Guest:
        return self._with(server_id, self._guest) or base.Guest(
            server_id, "absent")

    def has_disk(self, server_id: str) -> bool:
        return self._disks.complete(server_id)

    def prepare(self, spec: specs.ServerSpec,
                verifier: base.Verifier | None = None) -> None:
        self._disks.prepare(spec, verifier)

    def start(self, spec: specs.ServerSpec, *,
              paused: bool = False) -> base.Guest:
        found = self.guest(spec.server_id)
        if found.power_state in ("running", "paused"):
            return found
        xml = self._define_xml(spec)
        try:
            return self._connection.call(
                functools.partial(calls.start, xml=xml, paused=paused))
        except libvirt.libvirtError as error:
            LOG.error("start of %s: %s", spec.server_id, error)
            raise _not_started(error) from error

    def resume(self, server_id: str) -> None:
        self._with(server_id, calls.resume)

    def stop(self, server_id: str, *, timeout: float = 0) -> None:
        end = time.monotonic() + timeout
        asked = 0.0
        while (self.guest(server_id).power_state == "running"
               and time.monotonic() < end):
            if time.monotonic() - asked > _ASK_AGAIN_S:
                asked = time.monotonic()
                self._with(server_id, calls.ask_off)
            concurrency.sleep(_POLL_S)
        self._with(server_id, calls.cut_power)

    def destroy(self, server_id: str) -> None:
        self._with(server_id, calls.cut_power)
        self._with(server_id, calls.undefine)
        failpoint.hit("agent.destroy.undefined")
        if self.guest(server_id).power_state != "absent":
            raise exceptions.GuestNotStopped(server_id=server_id)
        # Before the disks: while they are there, the server is not forgotten.
        privileged.remove_hypervisor_logs(server_id)
        self._disks.remove(server_id)

    def attach_volume(self, spec: specs.ServerSpec,
                      volume: specs.Volume) -> str:
        devices.check_here(volume)
        self._ensure_defined(spec)
        refused = functools.partial(
            exceptions.VolumeNotAttached, volume_id=volume.volume_id)
        try:
            disk = self._with(spec.server_id, functools.partial(
                calls.attach, find=functools.partial(
                    devices.find_volume, volume_id=volume.volume_id),
                make=lambda xml: devices.volume_disk(
                    volume, devices.choose_target(volume.device, xml))))
        except libvirt.libvirtError as error:
            LOG.error("attach to %s: %s", spec.server_id, error)
            raise refused(reason="the hypervisor could not connect it"
                          ) from error
        if disk is None or not devices.same_source(
                disk, devices.volume_disk(volume, "vda")):
            raise refused(reason="the server still has an older connection "
                                 "to it")
        return devices.device(disk)

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        self._detach(
            server_id,
            functools.partial(devices.find_volume, volume_id=volume_id),
            exceptions.VolumeNotDetached(
                volume_id=volume_id,
                reason="the server does not let go of it"))

    def attach_nic(self, spec: specs.ServerSpec, nic: specs.Nic) -> None:
        self._ensure_defined(spec)
        try:
            self._with(spec.server_id, functools.partial(
                calls.attach, find=functools.partial(
                    devices.find_nic, port_id=nic.port_id),
                make=lambda _xml: devices.interface(nic)))
        except libvirt.libvirtError as error:
            LOG.error("attach to %s: %s", spec.server_id, error)
            raise exceptions.PortNotAttached(port_id=nic.port_id) from error

    def detach_nic(self, server_id: str, port_id: str) -> None:
        self._detach(
            server_id,
            functools.partial(devices.find_nic, port_id=port_id),
            exceptions.PortNotDetached(port_id=port_id))

    def copy_disk(self, spec: specs.ServerSpec, image_id: str) -> None:
        self._copies.make(
            spec.server_id, image_id, self._disks.base(spec.server_id))

    def read_copy(self, server_id: str, image_id: str) -> Iterator[bytes]:
        return self._copies.read(server_id, image_id)

    def drop_copy(self, server_id: str, image_id: str) -> None:
        self._copies.remove(server_id, image_id)

    def console_tail(self, server_id: str, max_bytes: int) -> bytes:
        return bytes(privileged.console_tail(
            str(self._settings.instances_dir), server_id, max_bytes))

    def connector(self) -> dict[str, Any]:
        return host.connector(self._settings)

    def evict(self, wanted_images: set[str], idle_s: float) -> int:
        return self._images.evict(
            self._disks.used_bases, wanted_images, idle_s)

    def _with(self, server_id: str,
              func: Callable[[libvirt.virDomain], T]) -> T | None:
        """Run ``func`` with the server's domain; None where there is none."""
        return self._connection.call(functools.partial(
            calls.run, server_id=server_id, owner=self._settings.owner,
            func=func))

    def _list(self, conn: libvirt.virConnect) -> list[base.Guest]:
        """Return the guests whose domains are ours; in a native thread."""
        return [self._guest(domain) for domain in conn.listAllDomains()
                if calls.is_ours(domain, self._settings.owner)]

    def _guest(self, domain: libvirt.virDomain) -> base.Guest:
        """Return the domain as a guest; in a native thread."""
        found = calls.guest(domain)
        if found.server_id in self._connection.ended_by_host:
            return dataclasses.replace(found, ended_itself=False)
        return found

    def _define_xml(self, spec: specs.ServerSpec) -> str:
        return domains.build(
            spec, self._settings, self._disks.base(spec.server_id))

    def _ensure_defined(self, spec: specs.ServerSpec) -> None:
        if self.guest(spec.server_id).power_state == "absent":
            xml = self._define_xml(spec)
            self._connection.call(functools.partial(calls.define, xml=xml))

    def _detach(self, server_id: str, find: devices.Find,
                refused: Exception) -> None:
        """Take a device from the definition and from the running guest."""
        end = time.monotonic() + _UNPLUG_S
        asked = 0.0
        while True:
            ask = time.monotonic() - asked > _ASK_AGAIN_S
            if ask:
                asked = time.monotonic()
            gone = self._with(server_id, functools.partial(
                calls.detach, find=find, ask=ask))
            if gone is None or gone:
                return
            if time.monotonic() > end:
                raise refused
            concurrency.sleep(_POLL_S)


#: What a start failed for, by what libvirt's text has in it.
_REASONS = {
    "ovs bridge": "its network card could not be connected",
    "tap": "its network card could not be connected",
    "nbd": "a volume of it could not be connected",
    "failed to connect to": "a volume of it could not be connected",
}


def _not_started(error: libvirt.libvirtError) -> Exception:
    text = str(error)
    if "Cannot allocate memory" in text:
        return exceptions.HostFull(resource="memory")
    reason = next((reason for sign, reason in _REASONS.items()
                   if sign in text.lower()),
                  "it refused the definition or failed on the way")
    return exceptions.GuestNotStarted(reason=reason)
