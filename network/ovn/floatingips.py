"""A floating IP becomes a translation on the router that reaches it."""

from network.db.models import FloatingIP
from network.ovn.routers import router_ref
from network.ovn.rows import Row


def rows(floatingip: FloatingIP) -> list[Row]:
    """Return the translation; none while it leads nowhere."""
    if not floatingip.router_id:
        return []
    key = f"{floatingip.id}-{floatingip.router_id}"
    return [Row("NAT", key, {
        "type": "dnat_and_snat",
        "external_ip": floatingip.floating_ip_address,
        "logical_ip": floatingip.fixed_ip_address,
    }, parent=(router_ref(floatingip.router_id), "nat"))]
