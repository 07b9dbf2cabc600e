"""From the body of a creation to what is wanted, references resolved."""

import re
import secrets
from typing import Any

from keystoneauth1 import exceptions as ksa

from common import clients, db, exceptions, schema, wsgi
from compute import creation, nets, networking, volumes
from compute.api.native.common import minor
from compute.db.api import flavors, keypairs
from compute.exceptions import (
    FlavorNotFound,
    KeypairNotFound,
    VolumeUnusable,
)
from compute.policies import servers as policies

Body = dict[str, Any]

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Reader:
    """Reads bodies; asks image and network with the sender's rights."""

    def __init__(self, api: db.Database, rest: clients.Clients,
                 zones: list[str]) -> None:
        self._api = api
        self._rest = rest
        self._zones = zones

    def read(self, req: wsgi.Request, body: Body) -> creation.Wanted:
        """Return what is wanted.

        :raises BadRequest: that names the member and what is allowed
        """
        wanted = body["server"]
        count = _count(wanted)
        root = _root_volume(wanted, count)
        _refuse_files(wanted)
        creation.check_user_data(wanted.get("user_data"))
        creation.check_address(wanted.get("accessIPv4"), 4, "accessIPv4")
        creation.check_address(wanted.get("accessIPv6"), 6, "accessIPv6")
        if wanted.get("trusted_image_certificates"):
            req.authorize(policies.TRUSTED_CERTIFICATES)
        zone, host, node = self._place(req, wanted)
        flavor, key = self._own(req, wanted)
        image = None
        if root:
            self._check_volume(req, root.id)
        else:
            image = self._image(req, str(wanted["imageRef"]))
        nics, groups = self._nets(req, wanted, count)
        hints = body.get("os:scheduler_hints") or body.get(
            "OS-SCH-HNT:scheduler_hints") or {}
        return creation.Wanted(
            name=wanted["name"].strip(), flavor=flavor, image=image,
            volume=root,
            nics=nics, security_groups=groups, count=count, key=key,
            user_data=wanted.get("user_data"),
            metadata=wanted.get("metadata", {}),
            tags=wanted.get("tags", []), hints=hints, zone=zone, host=host,
            node=node, description=_description(req, wanted),
            hostname=wanted.get("hostname"),
            config_drive=schema.is_true(wanted.get("config_drive")),
            access_ip_v4=wanted.get("accessIPv4") or None,
            access_ip_v6=wanted.get("accessIPv6") or None,
            disk_config=wanted.get("OS-DCF:diskConfig", "MANUAL"),
            trusted_certs=wanted.get("trusted_image_certificates"))

    def _own(self, req: wsgi.Request, wanted: Body) -> tuple[Any, Any]:
        """Return the flavor and the key, from our own database."""
        name = wanted.get("key_name")
        with self._api.reader() as session:
            try:
                flavor = flavors.get(
                    session, str(wanted["flavorRef"]).rsplit("/", 1)[-1],
                    req.ctx.project_id)
            except FlavorNotFound as error:
                raise exceptions.BadRequest(reason=str(error)) from None
            try:
                found = name and keypairs.get(
                    session, str(req.ctx.user_id), name)
            except KeypairNotFound:
                raise exceptions.BadRequest(
                    reason="Invalid key_name provided.") from None
        key = found and {"name": found.name, "type": found.type,
                         "public_key": found.public_key}
        return flavor, key or None

    def _check_volume(self, req: wsgi.Request, volume_id: str) -> None:
        """Raise BadRequest unless a server can start from the volume."""
        found = volumes.Volumes(
            self._rest.as_user(req, "volume")).get(volume_id)
        if found is None:
            raise exceptions.BadRequest(
                reason="Block Device Mapping is Invalid: failed to get "
                       f"volume {volume_id}.")
        if found.get("bootable") != "true":
            raise exceptions.BadRequest(
                reason=f"Block Device {volume_id} is not bootable.")
        if found["status"] != "available":
            raise VolumeUnusable(
                volume_id=volume_id, reason="status must be available, "
                f"but is {found['status']}")

    def _image(self, req: wsgi.Request, reference: str) -> Body:
        image_id = reference.rsplit("/", 1)[-1]
        if not _ID.fullmatch(image_id):
            # Part of a path of the image service: nothing but an id.
            raise exceptions.BadRequest(
                reason="imageRef: is not the id of an image")
        try:
            answer = self._rest.as_user(req, "image").get(
                f"/v2/images/{image_id}")
        except ksa.NotFound:
            raise exceptions.BadRequest(
                reason=f"Image {image_id} could not be found."
            ) from None
        except ksa.ClientException as error:
            raise clients.translate(error) from error
        return creation.image_of(answer.json())

    def _nets(self, req: wsgi.Request, wanted: Body,
              count: int) -> tuple[list[Body], list[str]]:
        rest = networking.Networking(self._rest.as_user(req, "network"))
        found = nets.Nets(
            rest, str(req.ctx.project_id),
            external=req.allowed(policies.EXTERNAL_NETWORK))
        asked = wanted.get("networks")
        if asked == "none":
            nics: list[Body] = []
        elif asked == "auto":
            nics = found.automatic(required=True)
        elif asked:
            nics = found.resolve(asked, count)
        else:
            nics = found.automatic(required=False)
        names = [row["name"] for row in wanted.get("security_groups", [])]
        return nics, found.security_groups(names)

    def _place(self, req: wsgi.Request, wanted: Body
               ) -> tuple[str | None, str | None, str | None]:
        """Return zone, host and node; ``zone:host:node`` is old style."""
        zone, host, node = wanted.get("availability_zone"), None, None
        if zone and ":" in zone:
            zone, host, node = _split_zone(zone)
            req.authorize(policies.FORCED_HOST)
        if wanted.get("host") or wanted.get("hypervisor_hostname"):
            req.authorize(policies.REQUESTED_HOST)
            host = wanted.get("host") or host
            node = wanted.get("hypervisor_hostname") or node
        if zone and zone not in self._zones:
            raise exceptions.BadRequest(
                reason="The requested availability zone is not available")
        return zone or None, host, node


def _split_zone(text: str) -> tuple[str | None, str | None, str | None]:
    parts = text.split(":")
    if len(parts) > 3:
        raise exceptions.BadRequest(
            reason="availability_zone: is not of the form zone:host:node")
    zone, host, node = (*parts, "")[:3]
    return zone or None, host or None, node or None


def _count(wanted: Body) -> int:
    least = int(wanted.get("min_count", 1))
    most = int(wanted.get("max_count", least))
    if least > most:
        raise exceptions.BadRequest(
            reason="min_count must be <= max_count")
    if most > 100:
        raise exceptions.BadRequest(
            reason="max_count: is more than 100")
    if most > 1 and wanted.get("hostname") and len(
            wanted["hostname"]) > 58:
        raise exceptions.BadRequest(
            reason="hostname: too long for several servers")
    return most


def _root_volume(wanted: Body, count: int) -> creation.RootVolume | None:
    """Return the volume that the server starts from; None for an image."""
    if wanted.get("block_device_mapping"):
        raise exceptions.BadRequest(
            reason="block_device_mapping: is not supported; give "
                   "block_device_mapping_v2")
    mappings = wanted.get("block_device_mapping_v2") or []
    if len(mappings) > 1:
        raise exceptions.BadRequest(
            reason="block_device_mapping_v2: has more than one device; "
                   "only the root disk is supported")
    image_id = wanted.get("imageRef")
    if not mappings and not image_id:
        raise exceptions.BadRequest(
            reason="imageRef: is required without block_device_mapping_v2")
    if not mappings or _is_plain(mappings[0], image_id):
        return None
    return _volume_of(wanted, mappings[0], count)


def _is_plain(row: Body, image_id: str | None) -> bool:
    """Say whether the mapping says no more than imageRef does."""
    return (row.get("source_type") == "image"
            and row.get("destination_type", "local") == "local"
            and str(row.get("boot_index", 0)) == "0"
            and bool(image_id) and row.get("uuid") == image_id)


def _volume_of(wanted: Body, row: Body,
               count: int) -> creation.RootVolume:
    if (row.get("source_type") != "volume" or not row.get("uuid")
            or row.get("destination_type", "volume") != "volume"
            or str(row.get("boot_index")) != "0"):
        raise exceptions.BadRequest(
            reason="block_device_mapping_v2: only the root disk is "
                   "supported: from imageRef (source_type image, "
                   "destination_type local) or a volume (source_type and "
                   "destination_type volume, uuid), with boot_index 0")
    if wanted.get("imageRef"):
        raise exceptions.BadRequest(
            reason="Block Device Mapping is Invalid: imageRef and the "
                   "volume with boot_index 0 both are the root disk.")
    if count > 1:
        raise exceptions.BadRequest(
            reason="Cannot attach one or more volumes to multiple "
                   "instances")
    if wanted.get("trusted_image_certificates"):
        raise exceptions.BadRequest(
            reason="trusted_image_certificates: image certificate "
                   "validation is not supported when booting from volume")
    return creation.RootVolume(
        row["uuid"].lower(),
        schema.is_true(row.get("delete_on_termination", False)),
        row.get("tag"))


def _refuse_files(wanted: Body) -> None:
    if wanted.get("personality"):
        raise exceptions.Forbidden(
            rule="personality (the quota of injected files is 0)")


def _description(req: wsgi.Request, wanted: Body) -> str | None:
    """Before 2.19 the description is the name."""
    if minor(req) < 19:
        return str(wanted["name"])
    found: str | None = wanted.get("description")
    return found


def password(wanted: Body) -> str:
    """Return the password given, or a fresh one."""
    return str(wanted.get("adminPass") or secrets.token_urlsafe(9))
