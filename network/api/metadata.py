"""What network-metadata on the nodes asks, over RPC."""

from common import db
from common.context import RequestContext
from network import exceptions
from network.db import metadata as rows
from network.interfaces import MetadataSource


class Source(MetadataSource):
    """Answers from the database."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def wanted(self, ctx: RequestContext, *, host: str) -> list:
        with self._db.reader() as session:
            return [_plain(port, mtu) for port, mtu in
                    rows.ports_for(session, host)]

    def find_guest(self, ctx: RequestContext, *, network_id: str,
                   address: str, host: str) -> dict:
        with self._db.reader() as session:
            port = rows.guest(session, network_id, address, host)
        if port is None:
            raise exceptions.PortNotFound(id=address)
        return {"server_id": port.device_id, "port_id": port.id,
                "project_id": port.project_id}


def _plain(port: object, mtu: int) -> dict:
    return {
        "network_id": port.network_id, "port_id": port.id, "mtu": mtu,
        "mac_address": port.mac_address,
        "addresses": [
            f"{a.ip_address}/{a.subnet.cidr.partition('/')[2]}"
            for a in port.fixed_ips if a.subnet.ip_version == 4]}
