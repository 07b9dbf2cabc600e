"""What a user says of networks, made into ports to bind.

Everything is asked for with the user's own rights: what they cannot see,
their servers cannot use.
"""

import ipaddress
from typing import Any

from common import exceptions
from compute import networking
from compute.exceptions import NetworkAmbiguous, PortInUse, PortNotUsable


class Nets:
    """Resolves what a user says of networks, with the user's own rights."""

    def __init__(self, rest: networking.Networking, project_id: str, *,
                 external: bool) -> None:
        """Resolve for a server of the project.

        :param external: the user may use external networks directly
        """
        self._rest = rest
        self._project_id = project_id
        self._external = external

    def resolve(self, wanted: list[dict[str, Any]], count: int
                ) -> list[dict[str, Any]]:
        """Return a NIC for each; see ``Server.wanted_nics``."""
        if count > 1 and any(
                item.get("port") or item.get("fixed_ip")
                for item in wanted):
            raise exceptions.BadRequest(
                reason="Unable to launch multiple instances with a single "
                       "configured port ID or fixed IP. Please launch your "
                       "instance one by one.")
        ports = {item["port"]: self._port(item) for item in wanted
                 if item.get("port")}
        named = [port["id"] for port in ports.values()]
        if len(named) < sum(bool(item.get("port")) for item in wanted):
            raise exceptions.BadRequest(
                reason="networks: the same port is there twice")
        networks = self._networks(wanted)
        return [_nic(item, ports, networks) for item in wanted]

    def _port(self, item: dict[str, Any]) -> dict[str, Any]:
        port = self._rest.port(item["port"])
        if port is None:
            raise exceptions.BadRequest(
                reason=f"Port id {item['port']} could not be found.")
        if port["project_id"] != self._project_id:
            # Who owns a network sees the ports that others have on it.
            raise PortNotUsable(port_id=port["id"])
        if port.get("device_id"):
            raise PortInUse(port_id=port["id"])
        if not port["fixed_ips"]:
            raise exceptions.BadRequest(
                reason=f"Port {port['id']} requires a FixedIP in order to "
                       "be used.")
        return port

    def _networks(self, wanted: list[dict[str, Any]]) -> dict[str, Any]:
        for item in wanted:
            if not item.get("port") and not item.get("uuid"):
                raise exceptions.BadRequest(
                    reason="networks: each needs a uuid or a port")
            if item.get("fixed_ip") and item.get("port"):
                raise exceptions.BadRequest(
                    reason=f"Specified Fixed IP '{item['fixed_ip']}' "
                           "cannot be used with port "
                           f"'{item['port']}': the two cannot be "
                           "specified together.")
            _check_fixed_ip(item)
        ids = sorted({item["uuid"] for item in wanted
                      if not item.get("port")})
        found = {row["id"]: row for row in self._rest.networks(id=ids)}
        for network_id in ids:
            if network_id not in found:
                raise exceptions.BadRequest(
                    reason=f"Network {network_id} could not be found.")
            self._check(found[network_id])
        for item in wanted:
            if item.get("fixed_ip"):
                self._check_owner(found[item["uuid"]])
        return found

    def _check_owner(self, network: dict[str, Any]) -> None:
        """Let only who owns a network choose addresses on it.

        The port is made with our own rights, so the network service cannot
        tell that the user has not this one.
        """
        if network["tenant_id"] != self._project_id and not self._external:
            raise exceptions.Forbidden(
                rule=f"a fixed IP on shared network {network['id']}")

    def _check(self, network: dict[str, Any]) -> None:
        if not network.get("subnets"):
            raise exceptions.BadRequest(
                reason=f"Network {network['id']} requires a subnet in "
                       "order to boot instances on.")
        if network.get("router:external") and not network.get(
                "shared") and not self._external:
            raise exceptions.Forbidden(
                rule=f"use of external network {network['id']}")

    def automatic(self, *, required: bool) -> list[dict[str, Any]]:
        """Return the one NIC of who does not say, or none."""
        own = self._rest.networks(
            tenant_id=self._project_id, **{"router:external": False})
        shared = self._rest.networks(
            shared=True, **{"router:external": False})
        found = {row["id"]: row for row in [*own, *shared]
                 if row.get("subnets") and row.get("admin_state_up", True)}
        if len(found) > 1:
            raise NetworkAmbiguous()
        if not found and required:
            raise exceptions.BadRequest(
                reason="Unable to automatically allocate a network for "
                       f"project {self._project_id}: create one "
                       "first.")
        return [_nic({"uuid": key}, {}, found) for key in found]

    def security_groups(self, names: list[str]) -> list[str]:
        """Return the groups' ids; none for the default group alone."""
        wanted = list(dict.fromkeys(names))
        if wanted in ([], ["default"]):
            return []
        found = self._rest.security_groups(
            tenant_id=self._project_id)
        return [_group(name, found) for name in wanted]


def _nic(item: dict[str, Any], ports: dict[str, Any],
         networks: dict[str, Any]) -> dict[str, Any]:
    nic: dict[str, Any] = {}
    if item.get("port"):
        nic["port_id"] = item["port"]
        nic["network_id"] = ports[item["port"]]["network_id"]
    else:
        nic["network_id"] = item["uuid"]
        nic["port_security"] = networks[item["uuid"]].get(
            "port_security_enabled", True)
    for name in ("fixed_ip", "tag"):
        if item.get(name):
            nic[name] = item[name]
    return nic


def _check_fixed_ip(item: dict[str, Any]) -> None:
    if item.get("fixed_ip"):
        try:
            ipaddress.ip_address(item["fixed_ip"])
        except ValueError:
            raise exceptions.BadRequest(
                reason=f"networks: fixed_ip {item['fixed_ip'][:64]!r} is "
                       "not an address") from None


def _group(name: str, found: list[dict[str, Any]]) -> str:
    by_id = [row["id"] for row in found if row["id"] == name]
    by_name = [row["id"] for row in found if row["name"] == name]
    if by_id:
        return str(by_id[0])
    if len(by_name) > 1:
        raise exceptions.BadRequest(
            reason=f"Multiple security_groups found matching '{name}'. Use "
                   "an ID to be more specific.")
    if not by_name:
        raise exceptions.BadRequest(
            reason=f"Unable to find security_group with name or id "
                   f"'{name}'")
    return str(by_name[0])
