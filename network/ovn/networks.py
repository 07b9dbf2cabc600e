"""A network becomes a logical switch, and its way to the wire."""

from network.db.models import Network
from network.ovn.rows import Ref, Row


def switch(network_id: str) -> Ref:
    """Name the logical switch of a network."""
    return Ref("Logical_Switch", network_id)


def rows(network: Network) -> list[Row]:
    """Return the switch, and for a provider network its localnet port."""
    made = [Row("Logical_Switch", network.id, {
        "name": f"pileus-{network.id}",
        "other_config": {"mcast_snoop": "false", "vlan-passthru": "false"},
    })]
    if network.physical_network:
        made.append(_wire(network))
    return made


def _wire(network: Network) -> Row:
    tag = ([network.segmentation_id] if network.network_type == "vlan"
           and network.segmentation_id else [])
    return Row("Logical_Switch_Port", f"localnet-{network.id}", {
        "name": f"pileus-localnet-{network.id}",
        "type": "localnet", "addresses": ["unknown"], "tag": tag,
        "options": {"network_name": network.physical_network},
    }, parent=(switch(network.id), "ports"))
