"""What the agent does when it is asked."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from common import failpoint
from common.context import RequestContext
from compute import exceptions
from compute import spec as specs
from compute.agent.imagestore import ImageStore
from compute.agent.notes import Notes
from compute.agent.proofs import Proofs
from compute.agent_api import ComputeAgentAPI
from compute.drivers import base, locks

LOG = logging.getLogger(__name__)

JSON = dict[str, Any]

#: Bytes of console log that one request returns at most.
_CONSOLE_BYTES = 1 << 20


class ComputeAgent(ComputeAgentAPI):
    """Serves this host's driver; one request per server at a time."""

    def __init__(self, driver: base.ComputeDriver, notes: Notes,
                 server_locks: locks.KeyedLocks,
                 wake: Callable[[], None], proofs: Proofs,
                 store: ImageStore) -> None:
        """:param wake: makes the reconciler look now"""
        self._driver = driver
        self._notes = notes
        self._locks = server_locks
        self._wake = wake
        self._proofs = proofs
        self._store = store

    def spawn(self, ctx: RequestContext, *, spec: JSON,
              signer: str | None = None) -> JSON:
        wanted = specs.ServerSpec.from_json(spec)
        with self._locks.hold(wanted.server_id):
            self._notes.accept(wanted.server_id, wanted.generation)
            started = time.monotonic()
            self._driver.prepare(
                wanted, self._proofs.verifier(wanted.image, signer))
            prepared = time.monotonic()
            failpoint.hit("agent.spawn.prepared")
            facts = self._start(wanted)
            failpoint.hit("agent.spawn.started")
            LOG.info("Server %s: disks %.2f s, start %.2f s",
                     wanted.server_id, prepared - started,
                     time.monotonic() - prepared)
            return facts

    def destroy(self, ctx: RequestContext, *, server_id: str,
                generation: int) -> None:
        with self._locks.hold(server_id):
            self._notes.accept(server_id, generation)
            self._driver.destroy(server_id)
            failpoint.hit("agent.destroy.destroyed")
            self._notes.change(server_id, waiting_for=(),
                               gone_at=time.time())

    def power(self, ctx: RequestContext, *, server_id: str, action: str,
              spec: JSON) -> JSON:
        wanted = specs.ServerSpec.from_json(spec)
        act = {"start": self._start, "stop": self._stop,
               "soft_reboot": self._soft_reboot,
               "hard_reboot": self._hard_reboot}[action]
        with self._here(wanted):
            return act(wanted)

    def attach_volume(self, ctx: RequestContext, *, server_id: str,
                      attachment: JSON, spec: JSON) -> JSON:
        wanted = specs.ServerSpec.from_json(spec)
        volume = specs.Volume.from_json(attachment)
        with self._here(wanted):
            device = self._driver.attach_volume(wanted, volume)
            failpoint.hit("agent.attach_volume.attached")
            return {"device": device}

    def detach_volume(self, ctx: RequestContext, *, server_id: str,
                      volume_id: str, spec: JSON) -> None:
        wanted = specs.ServerSpec.from_json(spec)
        with self._locks.hold(server_id):
            self._notes.accept(server_id, wanted.generation)
            self._driver.detach_volume(server_id, volume_id)
            failpoint.hit("agent.detach_volume.detached")

    def attach_port(self, ctx: RequestContext, *, server_id: str, nic: JSON,
                    spec: JSON) -> None:
        wanted = specs.ServerSpec.from_json(spec)
        with self._here(wanted):
            self._driver.attach_nic(wanted, specs.Nic.from_json(nic))

    def detach_port(self, ctx: RequestContext, *, server_id: str,
                    port_id: str, spec: JSON) -> None:
        wanted = specs.ServerSpec.from_json(spec)
        with self._locks.hold(server_id):
            self._notes.accept(server_id, wanted.generation)
            self._driver.detach_nic(server_id, port_id)

    def plugged(self, ctx: RequestContext, *, server_id: str,
                port_ids: list[str]) -> JSON:
        with self._locks.hold(server_id):
            left = tuple(port for port
                         in self._notes.get(server_id).waiting_for
                         if port not in port_ids)
            self._notes.change(server_id, waiting_for=left)
            if not left:
                self._driver.resume(server_id)
            return self._facts(self._driver.guest(server_id))

    def copy_disk(self, ctx: RequestContext, *, server_id: str,
                  image_id: str, spec: JSON) -> None:
        wanted = specs.ServerSpec.from_json(spec)
        with self._here(wanted):
            self._driver.copy_disk(wanted, image_id)
            failpoint.hit("agent.copy_disk.copied")

    def upload_disk(self, ctx: RequestContext, *, server_id: str,
                    image_id: str) -> None:
        # Not the server's lock: its end need not wait for the network.
        with self._locks.hold(f"image {image_id}"):
            self._store.send(image_id, lambda: self._driver.read_copy(
                server_id, image_id))
            failpoint.hit("agent.upload_disk.sent")

    def drop_copy(self, ctx: RequestContext, *, server_id: str,
                  image_id: str) -> None:
        self._driver.drop_copy(server_id, image_id)

    def console_log(self, ctx: RequestContext, *, server_id: str,
                    lines: int) -> str:
        if not self._driver.has_disk(server_id):
            raise exceptions.ServerNotOnHost(server_id=server_id)
        text = self._driver.console_tail(
            server_id, _CONSOLE_BYTES).decode(errors="replace")
        if lines < 0:
            return text
        kept = text.splitlines(keepends=True)
        return "".join(kept[len(kept) - min(lines, len(kept)):])

    def connector(self, ctx: RequestContext) -> JSON:
        return self._driver.connector()

    def reconcile(self, ctx: RequestContext) -> None:
        self._wake()

    @contextlib.contextmanager
    def _here(self, spec: specs.ServerSpec) -> Iterator[None]:
        """Hold a server's lock; enter only where its disks are."""
        with self._locks.hold(spec.server_id):
            self._notes.accept(spec.server_id, spec.generation)
            if not self._driver.has_disk(spec.server_id):
                raise exceptions.ServerNotOnHost(server_id=spec.server_id)
            yield

    def _start(self, spec: specs.ServerSpec) -> JSON:
        was = self._driver.guest(spec.server_id).power_state
        if was not in ("running", "paused"):
            # Before it starts: `plugged` may come at once.
            self._notes.change(spec.server_id,
                               waiting_for=tuple(spec.wait_for_ports))
        waiting = self._notes.get(spec.server_id).waiting_for
        guest = self._driver.start(spec, paused=bool(waiting))
        if guest.power_state == "paused" and not waiting:
            self._driver.resume(spec.server_id)
            guest = self._driver.guest(spec.server_id)
        return self._facts(guest)

    def _stop(self, spec: specs.ServerSpec) -> JSON:
        self._driver.stop(spec.server_id, timeout=spec.shutdown_timeout_s)
        return self._facts(self._driver.guest(spec.server_id))

    def _soft_reboot(self, spec: specs.ServerSpec) -> JSON:
        self._stop(spec)
        return self._start(spec)

    def _hard_reboot(self, spec: specs.ServerSpec) -> JSON:
        self._driver.stop(spec.server_id)
        return self._start(spec)

    def _facts(self, guest: base.Guest) -> JSON:
        return specs.Facts(
            server_id=guest.server_id, power_state=guest.power_state,
            domain=guest.domain, waiting_for=list(
                self._notes.get(guest.server_id).waiting_for)).to_json()
