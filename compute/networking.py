"""Servers' ports at the network service, over its REST API."""

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from keystoneauth1 import exceptions as ksa

from common import clients, concurrency, exceptions
from compute.db.cell.models import Nic, Server
from compute.exceptions import OtherConflict, OtherForbidden, OtherNotFound

Port = dict[str, Any]

_OWNER = "compute:"


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what the other service answered into our errors."""
    try:
        yield
    except ksa.ClientException as error:
        kind = _KINDS.get(getattr(error, "http_status", None) or 0)
        if kind is not None:
            raise kind(reason=clients.reason(error)) from error
        raise clients.translate(error) from error


_KINDS: dict[int, type[exceptions.ServiceError]] = {
    403: OtherForbidden, 404: OtherNotFound, 409: OtherConflict}


class Networking:
    """Calls to the network service.

    :param rest: a keystoneauth1 adapter, the service's or a user's
    """

    def __init__(self, rest: Any) -> None:
        self._rest = rest

    def _list(self, kind: str, **query: Any) -> list[dict[str, Any]]:
        """Return what matches; a list of values means any of them."""
        if any(value in ([], ()) for value in query.values()):
            return []
        with translated():
            answer = self._rest.get(
                f"/v2.0/{kind.replace('_', '-')}", params=query)
        found: list[dict[str, Any]] = answer.json()[kind]
        return found

    def networks(self, **query: Any) -> list[dict[str, Any]]:
        return self._list("networks", **query)

    def security_groups(self, **query: Any) -> list[dict[str, Any]]:
        return self._list("security_groups", **query)

    def ports(self, **query: Any) -> list[Port]:
        return self._list("ports", **query)

    def port(self, port_id: str) -> Port | None:
        """Return the port, or None where there is none to see."""
        try:
            with translated():
                answer = self._rest.get(f"/v2.0/ports/{port_id}")
        except exceptions.NotFound:
            return None
        found: Port = answer.json()["port"]
        return found

    def create_port(self, **values: Any) -> Port:
        with translated():
            answer = self._rest.post("/v2.0/ports", json={"port": values})
        made: Port = answer.json()["port"]
        return made

    def update_port(self, port_id: str, **values: Any) -> Port:
        with translated():
            answer = self._rest.put(
                f"/v2.0/ports/{port_id}", json={"port": values})
        changed: Port = answer.json()["port"]
        return changed

    def delete_port(self, port_id: str) -> None:
        """Delete it; fine where there is none."""
        with contextlib.suppress(exceptions.NotFound), translated():
            self._rest.delete(f"/v2.0/ports/{port_id}")

    def give_back(self, port_id: str, server_id: str) -> None:
        """Unbind a port that was lent, if the server has it."""
        port = self.port(port_id)
        if port is not None and port["device_id"] == server_id:
            self.release_port(port_id)

    def release_port(self, port_id: str) -> None:
        """Unbind a port that somebody lent to the server."""
        with contextlib.suppress(exceptions.NotFound):
            self.update_port(port_id, **{
                "device_id": "", "device_owner": "", "binding:host_id": ""})


def bind(rest: Networking, server: Server, host: str,
         zone: str) -> list[tuple[Port, bool]]:
    """Give the server all ports it wants, bound to ``host``.

    May be repeated: ports that it has already are found by its id and
    taken again. Returns each port and whether we made it for the server,
    in the order in which they were asked for.
    """
    lent = {wanted["port_id"] for wanted in server.wanted_nics
            if wanted.get("port_id")}
    spare = spare_ports(rest, server, lent)
    return [bind_one(rest, server, wanted, host, zone, spare)
            for wanted in server.wanted_nics]


def spare_ports(rest: Networking, server: Server,
                known: Iterable[str]) -> list[Port]:
    """Return the ports that we made for the server, without those known."""
    but = set(known)
    # Anybody may write our id on a port of their own: take none of those.
    return [port for port in rest.ports(device_id=server.id)
            if port["id"] not in but
            and port["device_owner"].startswith(_OWNER)
            and port["tenant_id"] == server.project_id]


def bind_one(rest: Networking, server: Server, wanted: dict[str, Any],
             host: str, zone: str, spare: Sequence[Port] = ()
             ) -> tuple[Port, bool]:
    """Give the server one port; return it and whether we made it.

    :param spare: ports of the server that it may be, a list to take from
    """
    values = {"device_id": server.id, "device_owner": _OWNER + zone,
              "binding:host_id": host}
    if wanted.get("port_id"):
        return rest.update_port(wanted["port_id"], **values), False
    port = _take(spare, wanted)
    if port is None:
        port = rest.create_port(**_new_port(server, wanted), **values)
    elif port.get("binding:host_id") != host:
        port = rest.update_port(port["id"], **values)
    return port, True


def _take(spare: Any, wanted: dict[str, Any]) -> Any:
    """Return and remove the spare port that is as wanted."""
    for port in spare:
        addresses = {ip["ip_address"] for ip in port["fixed_ips"]}
        if port["network_id"] == wanted["network_id"] and (
                wanted.get("fixed_ip") in {None, *addresses}):
            spare.remove(port)
            return port
    return None


def _new_port(server: Server, wanted: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "network_id": wanted["network_id"], "admin_state_up": True,
        "tenant_id": server.project_id}
    if wanted.get("fixed_ip"):
        values["fixed_ips"] = [{"ip_address": wanted["fixed_ip"]}]
    if server.security_groups and wanted.get("port_security", True):
        values["security_groups"] = server.security_groups
    return values


def unbind(rest: Networking, server_id: str,
           lent: Iterable[str]) -> None:
    """Take all ports from the server: lent ones go back, ours away.

    What is ours is told by the port itself, so that one is found too that
    was made while its answer was lost.
    """
    keep = set(lent)
    for port in rest.ports(device_id=server_id):
        if port["id"] in keep:
            rest.release_port(port["id"])
        elif port["device_owner"].startswith(_OWNER):
            rest.delete_port(port["id"])


def lent_ports(server: Server) -> list[str]:
    """Return the ports that were there before the server."""
    lent = {wanted["port_id"] for wanted in server.wanted_nics
            if wanted.get("port_id")}
    return sorted(lent | {nic.port_id for nic in server.nics
                          if not nic.owned})


def lent_nic(port: Port, server_id: str, **values: Any) -> Nic:
    """Return what is known of a lent port before it is bound."""
    return Nic(
        port_id=port["id"], server_id=server_id, owned=False,
        network_id=port["network_id"], network_name=port["network_id"],
        mac=port["mac_address"], fixed_ips=port["fixed_ips"],
        plugged=False, **values)


def describe(rest: Networking,
             ports: Sequence[tuple[Port, bool]],
             tags: Sequence[str | None] = ()) -> list[Nic]:
    """Return what a server must know of its ports, as rows."""
    found = [port for port, _ in ports]
    subnets = sorted({ip["subnet_id"] for port in found
                      for ip in port["fixed_ips"]})
    groups = sorted({group for port in found
                     for group in port.get("security_groups", [])})
    networks, subnet_rows, group_rows, floating = concurrency.gather(
        functools.partial(rest.networks, id=sorted(
            {port["network_id"] for port in found})),
        functools.partial(rest._list, "subnets", id=subnets),
        functools.partial(rest.security_groups, id=groups),
        functools.partial(rest._list, "floatingips", port_id=[
            port["id"] for port in found]))
    about = _About({row["id"]: row for row in networks},
                   {row["id"]: row for row in subnet_rows},
                   {row["id"]: row["name"] for row in group_rows}, floating)
    tags = [*tags, *[None] * (len(ports) - len(tags))]
    return [about.nic(port, owned, position, tags[position])
            for position, (port, owned) in enumerate(ports)]


class _About:
    """What belongs to ports, by id."""

    def __init__(self, networks: dict[str, Any], subnets: dict[str, Any],
                 groups: dict[str, str],
                 floating: list[dict[str, Any]]) -> None:
        self._networks = networks
        self._subnets = subnets
        self._groups = groups
        self._floating = floating

    def nic(self, port: Port, owned: bool, position: int,
            tag: str | None) -> Nic:
        network = self._networks.get(port["network_id"], {})
        used = {ip["subnet_id"] for ip in port["fixed_ips"]}
        return Nic(
            port_id=port["id"], position=position, owned=owned, tag=tag,
            network_id=port["network_id"],
            network_name=network.get("name") or port["network_id"],
            mac=port["mac_address"], mtu=network.get("mtu") or 1500,
            fixed_ips=[{"subnet_id": ip["subnet_id"],
                        "ip_address": ip["ip_address"]}
                       for ip in port["fixed_ips"]],
            subnets=[_subnet(self._subnets[key]) for key in sorted(used)
                     if key in self._subnets],
            floating_ips=[
                {"fixed": row["fixed_ip_address"],
                 "floating": row["floating_ip_address"]}
                for row in self._floating if row["port_id"] == port["id"]],
            security_groups=[
                {"id": key, "name": self._groups.get(key, key)}
                for key in port.get("security_groups", [])],
            plugged=port.get("status") == "ACTIVE")


_SUBNET = ("id", "cidr", "ip_version", "gateway_ip", "dns_nameservers",
           "host_routes", "enable_dhcp", "ipv6_address_mode")


def _subnet(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in _SUBNET}
