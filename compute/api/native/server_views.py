"""From the rows of a server to its JSON, as each microversion has it."""

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

from common import paging, wsgi
from compute import states
from compute.api.native.common import Links, iso, micro, minor
from compute.db.cell.models import Nic, Server
from compute.policies import servers as policies

View = dict[str, Any]

_WITH_PROGRESS = frozenset((
    "ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"))
_EXTENDED = "OS-EXT-SRV-ATTR:"


@dataclasses.dataclass(frozen=True)
class Hosts:
    """What views tell of hosts.

    :param status: of each host: UP, DOWN or MAINTENANCE
    :param zone: that of hosts in no other
    """

    status: dict[str, str]
    zone: str


def brief(req: wsgi.Request, server: Server) -> View:
    """Return a line of a short list."""
    return {"id": server.id, "name": server.name,
            "links": Links(req).both("servers", server.id)}


def page(req: wsgi.Request, found: Sequence[Server], views: list[View],
         part: paging.Page) -> View:
    """Return a list with the link to the next page."""
    answer: View = {"servers": views}
    link = part.next_link(req, found)
    if link:
        answer["servers_links"] = [{"rel": "next", "href": link}]
    return answer


def detail(req: wsgi.Request, server: Server, hosts: Hosts, *,
           single: bool = False) -> View:
    """Return all that the sender may see of a server.

    :param single: shown alone, not in a list
    """
    version = minor(req)
    target = {"project_id": server.project_id, "user_id": server.user_id}
    view = basic(req, server) | _keys(server, hosts) | _volumes(
        server, version)
    if req.allowed(policies.EXTENDED, target):
        view |= _extended(server, version)
    if version >= 90:
        view[f"{_EXTENDED}hostname"] = server.hostname
    if version >= 16 and req.allowed(policies.HOST_STATUS, target):
        view["host_status"] = hosts.status.get(server.host or "", "")
    groups = _groups(server)
    if groups:
        view["security_groups"] = groups
    if version >= 71 and single:
        view["server_groups"] = []  # there are none yet
    if version >= 96:
        view["pinned_availability_zone"] = server.pinned_zone
    if version >= 100:
        view["scheduler_hints"] = server.hints
    return view


def basic(req: wsgi.Request, server: Server, *,
          short_addresses: bool = False) -> View:
    """Return what every answer with a whole server has."""
    version = minor(req)
    status = states.status(server.vm_state, server.task_state)
    view: View = {
        "id": server.id, "name": server.name, "status": status,
        "tenant_id": server.project_id, "user_id": server.user_id,
        "metadata": server.meta, "hostId": host_id(server),
        "image": _image(req, server, version),
        "flavor": _flavor(req, server, version),
        "created": iso(server.created_at), "updated": iso(server.updated_at),
        "addresses": addresses(server.nics, short=short_addresses),
        "accessIPv4": server.access_ip_v4 or "",
        "accessIPv6": server.access_ip_v6 or "",
        "links": Links(req).both("servers", server.id),
        "OS-DCF:diskConfig": server.disk_config,
    }
    if status in _WITH_PROGRESS:
        view["progress"] = server.progress
    if status in ("ERROR", "DELETED") and server.fault:
        view["fault"] = _fault(req, server.fault)
    if version >= 9:
        view["locked"] = server.locked_by is not None
    if version >= 19:
        view["description"] = server.description
    if version >= 26:
        view["tags"] = [row.tag for row in server.tags]
    if version >= 63:
        view["trusted_image_certificates"] = server.trusted_certs
    if version >= 73:
        view["locked_reason"] = server.locked_reason
    return view


def _fault(req: wsgi.Request, fault: View) -> View:
    shown = {name: fault[name] for name in ("code", "message", "created")}
    if fault["code"] != 500 or "admin" in req.ctx.roles:
        shown["details"] = fault.get("details", "")
    return shown


def host_id(server: Server) -> str:
    """Return what tells a project's hosts apart without naming them."""
    if not server.host:
        return ""
    return hashlib.sha224(
        f"{server.project_id}{server.host}".encode()).hexdigest()


def _image(req: wsgi.Request, server: Server, version: int) -> View | str:
    if not server.image_id:
        return ""
    view: View = {"id": server.image_id, "links": [
        Links(req).bookmark("images", server.image_id)]}
    if version >= 98:
        view["properties"] = (server.image or {}).get("properties", {})
    return view


def _flavor(req: wsgi.Request, server: Server, version: int) -> View:
    kept = server.flavor
    if version < 47:
        return {"id": server.flavor_id, "links": [
            Links(req).bookmark("flavors", server.flavor_id)]}
    view = {"vcpus": kept["vcpus"], "ram": kept["ram_mib"],
            "disk": kept["disk_gib"], "ephemeral": kept["ephemeral_gib"],
            "swap": kept["swap_mib"], "original_name": kept["name"]}
    if req.allowed(policies.FLAVOR_SPECS,
                   {"project_id": server.project_id}):
        view["extra_specs"] = kept["extra_specs"]
    return view


def addresses(nics: Sequence[Nic], *, short: bool = False) -> View:
    """Return the addresses by network name."""
    view: View = {}
    for nic in nics:
        lines = view.setdefault(nic.network_name, [])
        for address in nic.fixed_ips:
            fixed = address["ip_address"]
            lines.append(_address(fixed, nic, "fixed", short))
            lines += [_address(row["floating"], nic, "floating", short)
                      for row in nic.floating_ips if row["fixed"] == fixed]
    return view


def _address(text: str, nic: Nic, kind: str, short: bool) -> View:
    view: View = {"addr": text, "version": 6 if ":" in text else 4}
    if not short:
        view["OS-EXT-IPS-MAC:mac_addr"] = nic.mac
        view["OS-EXT-IPS:type"] = kind
    return view


def _keys(server: Server, hosts: Hosts) -> View:
    zone = server.availability_zone or (
        hosts.zone if server.host else "")
    return {
        "OS-EXT-AZ:availability_zone": zone,
        "config_drive": "True" if server.config_drive else "",
        "key_name": server.key["name"] if server.key else None,
        "OS-SRV-USG:launched_at": micro(server.launched_at),
        "OS-SRV-USG:terminated_at": micro(server.deleted_at),
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": server.vm_state,
        "OS-EXT-STS:power_state": server.power_state,
    }


def _volumes(server: Server, version: int) -> View:
    rows: list[View] = []
    for row in server.volumes:
        line: View = {"id": row.volume_id}
        if version >= 3:
            line["delete_on_termination"] = row.delete_on_termination
        rows.append(line)
    return {"os-extended-volumes:volumes_attached": rows}


def _extended(server: Server, version: int) -> View:
    view: View = {
        f"{_EXTENDED}host": server.host,
        f"{_EXTENDED}instance_name": f"instance-{server.id}",
        f"{_EXTENDED}hypervisor_hostname": server.node}
    if version < 3:
        return view
    return view | {
        f"{_EXTENDED}reservation_id": server.reservation_id,
        f"{_EXTENDED}launch_index": server.launch_index,
        f"{_EXTENDED}hostname": server.hostname,
        f"{_EXTENDED}kernel_id": "",
        f"{_EXTENDED}ramdisk_id": "",
        f"{_EXTENDED}root_device_name": server.root_device,
        f"{_EXTENDED}user_data": server.user_data}


def _groups(server: Server) -> list[View]:
    """Return a line for each group of each port, as Nova does, once."""
    names = {group["name"]: None for nic in server.nics
             for group in nic.security_groups}
    return [{"name": name} for name in names]
