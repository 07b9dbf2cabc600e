"""From the body of a creation to what is wanted, references resolved."""

import re
import secrets
from typing import Any

from keystoneauth1 import exceptions as ksa

from common import clients, db, exceptions, schema, wsgi
from compute import creation, nets, networking
from compute.api.native.common import minor
from compute.db.api import flavors, keypairs
from compute.exceptions import FlavorNotFound, KeypairNotFound
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
        _check_devices(wanted)
        _refuse_files(wanted)
        creation.check_user_data(wanted.get("user_data"))
        creation.check_address(wanted.get("accessIPv4"), 4, "accessIPv4")
        creation.check_address(wanted.get("accessIPv6"), 6, "accessIPv6")
        if wanted.get("trusted_image_certificates"):
            req.authorize(policies.TRUSTED_CERTIFICATES)
        zone, host, node = self._place(req, wanted)
        flavor, key = self._own(req, wanted)
        image = self._image(req, str(wanted["imageRef"]))
        nics, groups = self._nets(req, wanted, count)
        hints = body.get("os:scheduler_hints") or body.get(
            "OS-SCH-HNT:scheduler_hints") or {}
        return creation.Wanted(
            name=wanted["name"].strip(), flavor=flavor, image=image,
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


def _check_devices(wanted: Body) -> None:
    """Raise unless the server starts from the image, on a local disk."""
    if wanted.get("block_device_mapping"):
        raise exceptions.BadRequest(
            reason="block_device_mapping: starting from volumes is not "
                   "supported; give imageRef alone")
    mappings = wanted.get("block_device_mapping_v2") or []
    for row in mappings:
        plain = (row.get("source_type") == "image"
                 and row.get("destination_type", "local") == "local"
                 and str(row.get("boot_index", 0)) == "0"
                 and row.get("uuid") == wanted.get("imageRef"))
        if not plain or len(mappings) > 1:
            raise exceptions.BadRequest(
                reason="block_device_mapping_v2: only the root disk from "
                       "imageRef (source_type image, destination_type "
                       "local, boot_index 0) is supported")
    if not wanted.get("imageRef"):
        raise exceptions.BadRequest(
            reason="imageRef: is required, as starting from a volume is "
                   "not supported")


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
