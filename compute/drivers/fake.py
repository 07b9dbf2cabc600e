"""Guests that exist in memory only, for tests of scale and of logic."""

import os
from collections.abc import Iterator
from typing import Any

from oslo_config import cfg

from common import concurrency
from compute import exceptions
from compute import spec as specs
from compute.drivers import base


class FakeDriver(base.ComputeDriver):
    """Guests that do at once what they are told."""

    def __init__(self, host: str = "fake", *, vcpus: int = 64,
                 memory_mib: int = 262_144, disk_gib: int = 10_000) -> None:
        self._facts = specs.HostFacts(
            vcpus=vcpus, memory_mib=memory_mib, disk_gib=disk_gib,
            hypervisor_type="fake", hypervisor_version=1,
            hypervisor_hostname=host, host_ip="127.0.0.1",
            arch=os.uname().machine)
        self._disks: dict[str, specs.ServerSpec] = {}
        self._guests: dict[str, base.Guest] = {}
        self._volumes: dict[str, dict[str, str]] = {}
        self._ports: dict[str, set[str]] = {}
        self._copies: dict[str, dict[str, bytes]] = {}
        self._listener: base.Listener | None = None
        #: Ids of servers that do not react to a request to go off.
        self.deaf: set[str] = set()

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts, owner: str,
                  fetch: base.Fetch) -> "FakeDriver":
        return cls(conf.host)

    def facts(self) -> specs.HostFacts:
        return self._facts

    def guests(self) -> dict[str, base.Guest]:
        return {server_id: self.guest(server_id)
                for server_id in self._disks.keys() | self._guests.keys()}

    def guest(self, server_id: str) -> base.Guest:
        return self._guests.get(
            server_id, base.Guest(server_id, "absent"))

    def has_disk(self, server_id: str) -> bool:
        return server_id in self._disks

    def prepare(self, spec: specs.ServerSpec,
                verifier: base.Verifier | None = None) -> None:
        image = spec.image
        if image and image.min_disk_gib > spec.flavor.disk_gib > 0:
            raise exceptions.ImageUnacceptable(
                image_id=image.id, reason="it needs a larger disk")
        self._disks.setdefault(spec.server_id, spec)

    def start(self, spec: specs.ServerSpec, *,
              paused: bool = False) -> base.Guest:
        found = self.guest(spec.server_id)
        if found.power_state in ("running", "paused"):
            return found
        if not self.has_disk(spec.server_id):
            raise exceptions.ServerNotOnHost(server_id=spec.server_id)
        self._volumes[spec.server_id] = {}
        self._ports[spec.server_id] = {nic.port_id for nic in spec.nics}
        self._define(spec.server_id, "paused" if paused else "running")
        for volume in spec.volumes:
            self.attach_volume(spec, volume)
        return self.guest(spec.server_id)

    def resume(self, server_id: str) -> None:
        if self.guest(server_id).power_state == "paused":
            self._define(server_id, "running")

    def stop(self, server_id: str, *, timeout: float = 0) -> None:
        state = self.guest(server_id).power_state
        if state not in ("running", "paused"):
            return
        itself = (state == "running" and timeout > 0
                  and server_id not in self.deaf)
        if timeout and not itself:
            concurrency.sleep(timeout)
        self._end(server_id, itself)

    def destroy(self, server_id: str) -> None:
        for kept in (self._guests, self._volumes, self._ports, self._disks,
                     self._copies):
            kept.pop(server_id, None)

    def attach_volume(self, spec: specs.ServerSpec,
                      volume: specs.Volume) -> str:
        if volume.connection_info.get("data", {}).get(
                "serial", volume.volume_id) != volume.volume_id:
            raise exceptions.VolumeNotAttached(
                volume_id=volume.volume_id,
                reason="the backend offers another volume")
        held = self._volumes.setdefault(spec.server_id, {})
        used = set(held.values()) | {"/dev/vda"}
        if volume.volume_id not in held:
            names = [volume.device or "", *(
                f"/dev/vd{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")]
            held[volume.volume_id] = next(
                name for name in names if name and name not in used)
        return held[volume.volume_id]

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        self._volumes.get(server_id, {}).pop(volume_id, None)

    def attach_nic(self, spec: specs.ServerSpec, nic: specs.Nic) -> None:
        self._ports.setdefault(spec.server_id, set()).add(nic.port_id)

    def detach_nic(self, server_id: str, port_id: str) -> None:
        self._ports.get(server_id, set()).discard(port_id)

    def copy_disk(self, spec: specs.ServerSpec, image_id: str) -> None:
        if not self.has_disk(spec.server_id):
            raise exceptions.ServerNotOnHost(server_id=spec.server_id)
        had = self._copies.get(spec.server_id, {})
        self._copies[spec.server_id] = {image_id: had.get(
            image_id, f"disk of {spec.server_id}".encode())}

    def read_copy(self, server_id: str, image_id: str) -> Iterator[bytes]:
        copies = self._copies.get(server_id, {})
        if image_id not in copies:
            raise exceptions.ServerNotOnHost(server_id=server_id)
        yield copies[image_id]

    def drop_copy(self, server_id: str, image_id: str) -> None:
        self._copies.get(server_id, {}).pop(image_id, None)

    def console_tail(self, server_id: str, max_bytes: int) -> bytes:
        if server_id not in self._guests:
            return b""
        return f"fake guest {server_id}\nlogin:\n".encode()[-max_bytes:]

    def connector(self) -> dict[str, Any]:
        return {"host": self._facts.hypervisor_hostname, "ip": "127.0.0.1",
                "initiator": "iqn.2026-01.org.pileus:fake",
                "platform": self._facts.arch, "os_type": "linux",
                "multipath": False}

    def listen(self, listener: base.Listener) -> None:
        self._listener = listener

    # What only tests do.

    def power_off_inside(self, server_id: str) -> None:
        """Let the guest go off by itself."""
        self._end(server_id, itself=True)

    def crash(self, server_id: str) -> None:
        """Let the hypervisor of the guest die."""
        self._define(server_id, "crashed")

    def lose_power(self) -> None:
        """Let the host lose power: disks stay."""
        self._guests.clear()

    def _end(self, server_id: str, itself: bool) -> None:
        self._define(server_id, "shutdown", ended_itself=itself)
        if self._listener:
            concurrency.spawn(self._listener, server_id, "stopped")

    def _define(self, server_id: str, power_state: str, *,
                ended_itself: bool = False) -> None:
        self._guests[server_id] = base.Guest(
            server_id, power_state, f"fake-{server_id}", ended_itself)
