"""What a driver does; all above it is blind to the hypervisor."""

import abc
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, Protocol, Self

from oslo_config import cfg

from compute import spec as specs


@dataclasses.dataclass(frozen=True)
class Guest:
    """A server as it is on this host."""

    server_id: str
    power_state: str  # one of compute.spec.POWER_STATES
    domain: str = ""  # the hypervisor's name of it, empty where there is none
    #: It went off by itself: the guest's own power-off, not a host's end.
    ended_itself: bool = False


#: Takes a server's id and what happened to it: ``started``, ``stopped``,
#: ``paused``, ``resumed``, ``crashed``.
Listener = Callable[[str, str], None]

#: Gives the bytes of an image by its id, from the image store.
Fetch = Callable[[str], Iterator[bytes]]


class Verifier(Protocol):
    """Compares the data of an image, shown in chunks, with a signature."""

    #: Of the certificate that it compares with.
    fingerprint: str

    def update(self, chunk: bytes) -> None:
        """Take bytes into account; for any thread."""

    def verify(self) -> None:
        """Raise common.signatures.Refused unless all shown was signed."""


class ComputeDriver(abc.ABC):
    """Servers of one host.

    Each method may be repeated with no further effect. Calls for one server
    never overlap: the agent sees to that. Calls yield to other green
    threads. Errors are those of ``compute.exceptions``.
    """

    @classmethod
    @abc.abstractmethod
    def from_conf(cls, conf: cfg.ConfigOpts, owner: str,
                  fetch: Fetch) -> Self:
        """Return the driver of this host.

        :param owner: the host's random id, which marks what is ours
        """

    @abc.abstractmethod
    def facts(self) -> specs.HostFacts:
        """Return what the host has and can do."""

    @abc.abstractmethod
    def guests(self) -> dict[str, Guest]:
        """Return all that is here of servers of ours, by id.

        A server that has only files left is ``absent`` in power state.
        """

    @abc.abstractmethod
    def guest(self, server_id: str) -> Guest:
        """Return the guest; ``absent`` where there is no domain of it."""

    @abc.abstractmethod
    def has_disk(self, server_id: str) -> bool:
        """Say whether the server's disks are here."""

    @abc.abstractmethod
    def prepare(self, spec: specs.ServerSpec,
                verifier: Verifier | None = None) -> None:
        """Make the server's disks.

        :param verifier: must have seen the image's data, now or before
        :raises common.signatures.Refused: if they are not what was signed
        :raises ImageUnacceptable: if the image is not what it should be
        :raises HostFull: if there is no room
        """

    @abc.abstractmethod
    def start(self, spec: specs.ServerSpec, *, paused: bool = False) -> Guest:
        """Start the guest, defined anew; leave it alone where it is on.

        :raises GuestNotStarted: if the hypervisor refused
        """

    @abc.abstractmethod
    def resume(self, server_id: str) -> None:
        """Let a paused guest run."""

    @abc.abstractmethod
    def stop(self, server_id: str, *, timeout: float = 0) -> None:
        """Ask the guest to go off; cut its power after ``timeout`` s."""

    @abc.abstractmethod
    def destroy(self, server_id: str) -> None:
        """Leave no domain, device or file of the server."""

    @abc.abstractmethod
    def attach_volume(self, spec: specs.ServerSpec,
                      volume: specs.Volume) -> str:
        """Give the guest the volume; return the device, as ``/dev/vdb``.

        Into the running guest and into its definition, which is made from
        ``spec`` where there is none.

        :raises VolumeNotAttached: if the device could not be added
        """

    @abc.abstractmethod
    def detach_volume(self, server_id: str, volume_id: str) -> None:
        """Take the volume from the guest; return when it let go.

        :raises VolumeNotDetached: if the guest keeps it
        """

    @abc.abstractmethod
    def attach_nic(self, spec: specs.ServerSpec, nic: specs.Nic) -> None:
        """Add a network card to the guest and its definition.

        :raises PortNotAttached: if the device could not be added
        """

    @abc.abstractmethod
    def detach_nic(self, server_id: str, port_id: str) -> None:
        """Remove the card of that port; return when it is gone.

        :raises PortNotDetached: if the guest keeps it
        """

    @abc.abstractmethod
    def copy_disk(self, spec: specs.ServerSpec, image_id: str) -> None:
        """Copy the root disk as it is now, whole, as qcow2.

        The guest may go on. A copy that is there is left as it is; those
        for other images go.

        :raises DiskNotCopied: if the hypervisor failed
        :raises HostFull: if there is no room
        """

    @abc.abstractmethod
    def read_copy(self, server_id: str, image_id: str) -> Iterator[bytes]:
        """Give the bytes of a copy, from the first on.

        :raises ServerNotOnHost: there is no such copy
        """

    @abc.abstractmethod
    def drop_copy(self, server_id: str, image_id: str) -> None:
        """Remove a copy."""

    @abc.abstractmethod
    def console_tail(self, server_id: str, max_bytes: int) -> bytes:
        """Return the end of what the serial console said."""

    @abc.abstractmethod
    def connector(self) -> dict[str, Any]:
        """Return what a volume backend must know of this host."""

    @abc.abstractmethod
    def listen(self, listener: Listener) -> None:
        """Tell the listener, in green threads, what happens to guests."""

    def open(self) -> None:
        """Make ready; waits for nothing and may be repeated."""

    def close(self) -> None:
        """Let go of connections; guests run on."""

    def evict(self, wanted_images: set[str], idle_s: float) -> int:
        """Forget cached images that were not used lately; return how many.

        :param wanted_images: ids of images to keep in any case
        """
        return 0
