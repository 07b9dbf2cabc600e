"""What a compute agent does for the control plane.

Served by one agent per host; called as ``bus.client(ComputeAgentAPI, host)``.
"""

from typing import Any

from common import rpc
from common.context import RequestContext

JSON = dict[str, Any]

#: Versions: what every agent serves, what checks signed images, and what
#: copies disks.
FIRST, PROVING, COPYING = "1.0", "1.1", "1.2"


class ComputeAgentAPI(rpc.Interface):
    """Every method may be repeated with no further effect.

    A ``spec`` is a ``compute.spec.ServerSpec`` as JSON (``to_json``). It
    carries the generation of the server's row: an agent that has already
    seen a higher generation of that server raises ``StaleRequest``, so that
    a late message neither revives nor stops anything.

    ``facts`` are ``compute.spec.Facts`` as JSON: how the guest is now.
    """

    topic = "compute.agent"
    version = COPYING

    @rpc.call(timeout=600)
    def spawn(self, ctx: RequestContext, *, spec: JSON,
              signer: str | None = None) -> JSON:
        """Fetch the image, make the disks, define and start the guest.

        Return its facts. A guest with ports in ``spec.wait_for_ports`` is
        started paused and runs once each of them was ``plugged``. Where the
        domain is there already, it is left as it is and its facts returned.

        :param signer: certificate, in PEM, of who must have signed the
            image; since ``PROVING``
        :raises common.signatures.Refused: the image is not what was signed
        :raises ImageUnacceptable: content or size is not what the image
            record or the flavor promise
        :raises HostFull: no room for the disk or the memory
        :raises GuestNotStarted: the hypervisor refused; text without paths
        """

    @rpc.call(timeout=120)
    def destroy(self, ctx: RequestContext, *, server_id: str,
                generation: int) -> None:
        """Stop the guest at once; undefine it; remove disks, config drive.

        Nothing is wrong where there is nothing. Remembers the generation,
        so that an older ``spawn`` that arrives later is refused.
        """

    @rpc.call(timeout=180)
    def power(self, ctx: RequestContext, *, server_id: str, action: str,
              spec: JSON) -> JSON:
        """Bring the guest's power to what ``action`` wants; return facts.

        :param action: ``start`` (defines the domain anew from ``spec`` and
            its volumes), ``stop`` (asks the guest, and cuts the power when
            ``spec.shutdown_timeout_s`` is over), ``soft_reboot`` (asks the
            guest, falls back to hard), ``hard_reboot`` (stops it at once,
            defines it anew from ``spec`` and starts it)
        :raises ServerNotOnHost: there is no disk of that server here
        """

    @rpc.call(timeout=120)
    def attach_volume(self, ctx: RequestContext, *, server_id: str,
                      attachment: JSON, spec: JSON) -> JSON:
        """Give the guest a disk; return ``{"device": "/dev/vdb"}``.

        Into the running guest and into its definition; of a guest that is
        shut down, into the definition alone. The agent checks after
        connecting that it is the volume asked for.

        :param attachment: ``compute.spec.Volume`` as JSON
        :raises VolumeNotAttached: the device could not be added
        """

    @rpc.call(timeout=120)
    def detach_volume(self, ctx: RequestContext, *, server_id: str,
                      volume_id: str, spec: JSON) -> None:
        """Take the disk out of guest and definition; then disconnect it.

        Returns only when the guest has let go of it. Nothing is wrong
        where there is no such disk, or no such guest.

        :raises VolumeNotDetached: the guest keeps it
        """

    @rpc.call(timeout=60)
    def attach_port(self, ctx: RequestContext, *, server_id: str,
                    nic: JSON, spec: JSON) -> None:
        """Add a network card; ``nic`` is ``compute.spec.Nic`` as JSON."""

    @rpc.call(timeout=60)
    def detach_port(self, ctx: RequestContext, *, server_id: str,
                    port_id: str, spec: JSON) -> None:
        """Remove the network card of that port; fine where there is none."""

    @rpc.call(timeout=60)
    def plugged(self, ctx: RequestContext, *, server_id: str,
                port_ids: list[Any]) -> JSON:
        """Note that the network wired these ports; return facts.

        Lets the guest run when no port is left that it waits for.
        """

    @rpc.call(timeout=120)
    def copy_disk(self, ctx: RequestContext, *, server_id: str,
                  image_id: str, spec: JSON) -> None:
        """Copy the root disk as it is now, whole, for an image.

        The guest goes on meanwhile. Where the copy is there already, it is
        left as it is; copies for other images go. One that takes longer
        than a call is waited for by the next. Since ``COPYING``.

        :raises ServerNotOnHost: there is no disk of that server here
        :raises DiskNotCopied: the hypervisor failed; text without paths
        :raises HostFull: no room for the copy
        """

    @rpc.call(timeout=120)
    def upload_disk(self, ctx: RequestContext, *, server_id: str,
                    image_id: str) -> None:
        """Send the copy to the image store; fine where it has it already.

        Since ``COPYING``.

        :raises ImageGone: there is no such image
        :raises ServiceUnavailable: the store failed; worth a retry
        """

    @rpc.call(timeout=30)
    def drop_copy(self, ctx: RequestContext, *, server_id: str,
                  image_id: str) -> None:
        """Remove the copy; fine where there is none. Since ``COPYING``."""

    @rpc.call(timeout=30)
    def console_log(self, ctx: RequestContext, *, server_id: str,
                    lines: int) -> str:
        """Return the last lines of the serial console.

        :param lines: how many; -1 for all there is, bounded by the agent
        """

    @rpc.call(timeout=30)
    def connector(self, ctx: RequestContext) -> JSON:
        """Return what a volume backend must know of this host.

        ``{"host": ..., "ip": ..., "initiator": ..., "platform": ...,
        "os_type": "linux", "multipath": false}``
        """

    @rpc.cast
    def reconcile(self, ctx: RequestContext) -> None:
        """Compare with the desired state now; a hint, lost without harm."""
