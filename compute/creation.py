"""Create servers: what is asked for is checked here, below all doors."""

import base64
import binascii
import dataclasses
import ipaddress
import re
import secrets
import string
import uuid
from typing import Any

from oslo_config import cfg

from common import db, events, exceptions, task
from common.context import RequestContext
from compute import quotas, states
from compute.db.api import mappings
from compute.db.api.models import Flavor, ServerMapping
from compute.db.cell import actions, servers, volumes
from compute.db.cell.models import Event, Server, Volume
from compute.exceptions import MetadataLimitExceeded
from compute.tasks.build_server import BuildServer

_GIB = 1 << 30


@dataclasses.dataclass(frozen=True)
class RootVolume:
    """What a server starts from in place of an image."""

    id: str
    delete_on_termination: bool = False
    tag: str | None = None


@dataclasses.dataclass
class Wanted:
    """What a user asks for; references are resolved and checked."""

    name: str
    flavor: Flavor
    #: None for a server that starts from the volume.
    image: dict[str, Any] | None
    nics: list[dict[str, Any]]
    security_groups: list[str]
    volume: RootVolume | None = None
    count: int = 1
    key: dict[str, str] | None = None
    user_data: str | None = None
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    tags: list[str] = dataclasses.field(default_factory=list)
    description: str | None = None
    hostname: str | None = None
    config_drive: bool = False
    zone: str | None = None
    host: str | None = None
    node: str | None = None
    hints: dict[str, Any] = dataclasses.field(default_factory=dict)
    access_ip_v4: str | None = None
    access_ip_v6: str | None = None
    disk_config: str = "MANUAL"
    trusted_certs: list[str] | None = None


class Creator:
    """Writes the rows of servers and the tasks that build them."""

    def __init__(self, conf: cfg.ConfigOpts, api: db.Database,
                 cell: db.Database, tasks: task.Runner) -> None:
        self._conf = conf
        self._api = api
        self._cell = cell
        self._tasks = tasks

    def create(self, ctx: RequestContext, wanted: Wanted) -> list[Server]:
        """Return the servers, which are being built.

        What counts against the quota is written first: if we die before
        the servers are, a sweep takes it away.

        :raises QuotaExceeded: and nothing is written
        """
        check_limits(self._conf, wanted)
        reservation = "r-" + "".join(
            secrets.choice(string.ascii_lowercase + string.digits)
            for _ in range(8))
        made = [self._row(ctx, wanted, index, reservation)
                for index in range(wanted.count)]
        with self._api.writer() as session:
            quotas.check(session, self._conf, str(ctx.project_id),
                         mappings.Usage(
                             wanted.count, wanted.count * wanted.flavor.vcpus,
                             wanted.count * wanted.flavor.ram_mib))
            for server in made:
                mappings.add(session, self._mapping(server, wanted))
        with self._cell.writer() as session:
            for server in made:
                self._write(session, ctx, server, wanted)
        self._tasks.wake()
        return made

    def _mapping(self, server: Server, wanted: Wanted) -> ServerMapping:
        return ServerMapping(
            server_id=server.id, cell=self._conf.compute.cell_name,
            project_id=server.project_id, user_id=server.user_id,
            vcpus=wanted.flavor.vcpus, ram_mib=wanted.flavor.ram_mib)

    def _write(self, session: Any, ctx: RequestContext, server: Server,
               wanted: Wanted) -> None:
        servers.create(session, server, wanted.tags)
        if wanted.volume:
            volumes.add(session, Volume(
                id=db.new_id(), server_id=server.id,
                volume_id=wanted.volume.id, device=volumes.ROOT,
                tag=wanted.volume.tag, delete_on_termination=(
                    wanted.volume.delete_on_termination)))
        actions.begin(session, ctx, server.id, "create")
        events.add(session, Event, kind="server.create.start",
                   resource_id=server.id, project_id=server.project_id)
        self._tasks.add(session, BuildServer(
            server_id=server.id, host=wanted.host, node=wanted.node), ctx)

    def _row(self, ctx: RequestContext, wanted: Wanted, index: int,
             reservation: str) -> Server:
        server_id = str(uuid.uuid4())
        name = wanted.name if wanted.count == 1 else (
            f"{wanted.name}-{index + 1}")
        hostname = wanted.hostname or hostname_of(name, server_id)
        if wanted.hostname and wanted.count > 1:
            hostname = f"{wanted.hostname}-{index + 1}"
        flavor = wanted.flavor
        return Server(
            id=server_id, project_id=ctx.project_id, user_id=ctx.user_id,
            name=name, hostname=hostname, description=wanted.description,
            reservation_id=reservation, launch_index=index,
            vm_state=states.BUILDING, task_state=states.SCHEDULING,
            availability_zone=wanted.zone, pinned_zone=wanted.zone,
            flavor=flavor_of(flavor), flavor_id=flavor.flavor_id,
            image=wanted.image,
            image_id=wanted.image["id"] if wanted.image else None,
            key=wanted.key,
            key_name=wanted.key["name"] if wanted.key else None,
            user_data=wanted.user_data,
            meta=wanted.metadata, config_drive=wanted.config_drive,
            hints=wanted.hints, wanted_nics=wanted.nics,
            security_groups=wanted.security_groups,
            disk_config=wanted.disk_config,
            access_ip_v4=wanted.access_ip_v4,
            access_ip_v6=wanted.access_ip_v6,
            trusted_certs=(
                wanted.trusted_certs
                or self._conf.compute.default_trusted_certificate_ids
                or None))


def check_limits(conf: cfg.ConfigOpts, wanted: Wanted) -> None:
    """Raise unless flavor, image and metadata go together."""
    limit = conf.compute.quota_metadata_items
    if 0 <= limit < len(wanted.metadata):
        raise MetadataLimitExceeded(limit=limit)
    flavor, image = wanted.flavor, wanted.image
    if image is None:
        return
    if flavor.ram_mib < image["min_ram_mib"]:
        raise exceptions.BadRequest(
            reason="Flavor's memory is too small for requested image.")
    if flavor.disk_gib and flavor.disk_gib < image["min_disk_gib"]:
        raise exceptions.BadRequest(
            reason="Flavor's disk is smaller than the minimum size "
                   "specified in image metadata. Flavor disk is "
                   f"{flavor.disk_gib} GiB, minimum size is "
                   f"{image['min_disk_gib']} GiB.")
    if flavor.disk_gib and (
            (image.get("size_bytes") or 0) > flavor.disk_gib * _GIB):
        raise exceptions.BadRequest(
            reason="Flavor's disk is too small for requested image.")


def flavor_of(flavor: Flavor) -> dict[str, Any]:
    """Return the copy of a flavor that a server keeps."""
    return {"flavor_id": flavor.flavor_id, "name": flavor.name,
            "vcpus": flavor.vcpus, "ram_mib": flavor.ram_mib,
            "disk_gib": flavor.disk_gib,
            "ephemeral_gib": flavor.ephemeral_gib,
            "swap_mib": flavor.swap_mib,
            "extra_specs": flavor.extra_specs}


_IMAGE_FIELDS = frozenset((
    "id", "name", "status", "visibility", "protected", "checksum", "owner",
    "size", "virtual_size", "container_format", "disk_format", "created_at",
    "updated_at", "tags", "self", "file", "schema", "min_ram", "min_disk",
    "os_hash_algo", "os_hash_value", "os_hidden", "locations", "direct_url",
    "stores", "owner_specified.openstack.md5",
    "owner_specified.openstack.object",
    "owner_specified.openstack.sha256"))


def image_of(found: dict[str, Any]) -> dict[str, Any]:
    """Return what a server keeps of its image's record.

    :raises BadRequest: it cannot be booted now
    """
    if found.get("status") != "active":
        raise exceptions.BadRequest(
            reason=f"Image {found['id']} is not active.")
    if found.get("disk_format") not in ("raw", "qcow2"):
        raise exceptions.BadRequest(
            reason=f"Image {found['id']}: disk_format "
                   f"{found.get('disk_format')} is not one of qcow2, raw.")
    if found.get("block_device_mapping"):
        raise exceptions.BadRequest(
            reason=f"Image {found['id']}: names snapshots of volumes, which "
                   "servers cannot start from. Make a volume from the "
                   "snapshot, and start from that.")
    # Only the bytes of a disk itself were inspected when they came.
    if found.get("container_format", "bare") not in ("bare", "ami"):
        raise exceptions.BadRequest(
            reason=f"Image {found['id']}: container_format "
                   f"{found['container_format']} is not one of bare, ami.")
    return {
        "id": found["id"], "disk_format": found["disk_format"],
        "size_bytes": found.get("size"),
        "min_disk_gib": found.get("min_disk") or 0,
        "min_ram_mib": found.get("min_ram") or 0,
        "os_hash_algo": found.get("os_hash_algo"),
        "os_hash_value": found.get("os_hash_value"),
        "properties": {name: value for name, value in found.items()
                       if name not in _IMAGE_FIELDS}}


def hostname_of(name: str, server_id: str) -> str:
    """Return a host name made from a display name."""
    text = re.sub(r"[ _.]", "-", name)
    text = re.sub(r"[^a-z0-9-]+", "", text.lower()).strip("-")[:63]
    return text.rstrip("-") or f"server-{server_id}"


def check_user_data(text: str | None) -> None:
    """Raise BadRequest unless it is base64."""
    try:
        base64.b64decode((text or "").encode(), validate=False)
        if text and not re.fullmatch(r"[A-Za-z0-9+/=\s]*", text):
            raise ValueError
    except (binascii.Error, ValueError):
        raise exceptions.BadRequest(
            reason="user_data: is not base64") from None


def check_address(text: str | None, version: int, field: str) -> None:
    """Raise BadRequest unless it is an address, empty or None."""
    if not text:
        return
    try:
        if ipaddress.ip_address(text).version == version:
            return
    except ValueError:
        pass
    raise exceptions.BadRequest(
        reason=f"{field}: {text[:64]!r} is not an IPv{version} address")
