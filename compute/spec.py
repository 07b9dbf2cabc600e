"""What travels between conductor and agent, as dataclasses over JSON.

``to_json`` gives what RPC may carry, ``from_json`` the dataclass again and
ignores keys it does not know, so that neighbouring releases work together.
"""

import dataclasses
from typing import Any, ClassVar, Self

#: How a guest is, as agents report it.
POWER_STATES = ("running", "paused", "shutdown", "crashed", "absent")

#: How a guest should be. ``leave``: a task works on it, hands off.
WANTED_POWER = ("running", "shutdown", "leave")


class _Json:
    """Dataclass to JSON and back, one level of nesting by ``_nested``."""

    _nested: ClassVar[dict[str, type["_Json"]]] = {}

    def to_json(self) -> dict[str, Any]:
        made: dict[str, Any] = dataclasses.asdict(self)  # type: ignore
        return made

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        known = cls.__dataclass_fields__  # type: ignore[attr-defined]
        fields = {k: v for k, v in value.items() if k in known}
        for name, kind in cls._nested.items():
            if isinstance(fields.get(name), list):
                fields[name] = [kind.from_json(v) for v in fields[name]]
            elif fields.get(name) is not None:
                fields[name] = kind.from_json(fields[name])
        return cls(**fields)


@dataclasses.dataclass
class Flavor(_Json):
    """The size of a server."""

    name: str
    vcpus: int
    ram_mib: int
    disk_gib: int  # of the root disk; 0: as large as the image
    ephemeral_gib: int = 0
    swap_mib: int = 0
    extra_specs: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Image(_Json):
    """The image a root disk starts from."""

    id: str
    disk_format: str  # "qcow2" or "raw": what the content must be
    size_bytes: int | None = None
    min_disk_gib: int = 0
    min_ram_mib: int = 0
    os_hash_algo: str | None = None
    os_hash_value: str | None = None
    properties: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Nic(_Json):
    """A network card: one port of the network service."""

    port_id: str
    mac: str
    network_id: str
    network_name: str = ""
    mtu: int = 1500
    #: ``[{"subnet_id", "ip_address"}]``
    fixed_ips: list[dict[str, str]] = dataclasses.field(default_factory=list)
    #: ``[{"id", "cidr", "ip_version", "gateway_ip", "dns_nameservers",
    #: "host_routes", "enable_dhcp", "ipv6_address_mode"}]`` of those subnets
    subnets: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    vif_type: str = "ovs"
    bridge: str = "br-int"
    tag: str | None = None


@dataclasses.dataclass
class Volume(_Json):
    """A volume given to a server."""

    volume_id: str
    attachment_id: str
    #: As the block store's attachment answers: driver_volume_type, data.
    connection_info: dict[str, Any]
    device: str | None = None  # "/dev/vdb"; None: the agent chooses
    serial: str = ""  # empty: the volume's id
    read_only: bool = False
    tag: str | None = None


@dataclasses.dataclass
class Key(_Json):
    """The public key for log-in."""

    name: str
    public_key: str
    type: str = "ssh"


@dataclasses.dataclass
class ServerSpec(_Json):
    """All that an agent must know to have a server on its host."""

    _nested: ClassVar[dict[str, type[_Json]]] = {
        "flavor": Flavor, "image": Image, "nics": Nic, "volumes": Volume,
        "key": Key}

    server_id: str
    name: str
    hostname: str
    project_id: str
    user_id: str
    generation: int
    flavor: Flavor
    image: Image | None
    power: str = "running"
    created_at: str = ""  # 2026-01-02T03:04:05Z
    reservation_id: str = ""
    launch_index: int = 0
    availability_zone: str = "nova"
    nics: list[Nic] = dataclasses.field(default_factory=list)
    volumes: list[Volume] = dataclasses.field(default_factory=list)
    key: Key | None = None
    user_data: str | None = None  # base64, as the user gave it
    admin_pass: str | None = None  # never set: reserved for a reference
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    config_drive: bool = False
    tags: list[str] = dataclasses.field(default_factory=list)
    #: Ports the network has to wire before the guest may run.
    wait_for_ports: list[str] = dataclasses.field(default_factory=list)
    #: How long a stop waits for the guest before it cuts the power.
    shutdown_timeout_s: int = 60


@dataclasses.dataclass
class Facts(_Json):
    """How a guest is on its host."""

    server_id: str
    power_state: str
    domain: str = ""  # the hypervisor's name of it
    #: Ports it still waits for; empty when it may run.
    waiting_for: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class HostFacts(_Json):
    """What a host has and can do."""

    vcpus: int
    memory_mib: int
    disk_gib: int
    hypervisor_type: str = "QEMU"
    hypervisor_version: int = 0  # 7002000 for 7.2.0
    hypervisor_hostname: str = ""
    host_ip: str = ""
    arch: str = "x86_64"
    accelerated: bool = False  # KVM runs guests here, not TCG
    cpu_info: dict[str, Any] = dataclasses.field(default_factory=dict)
    #: Of the above, kept for the host itself.
    reserved_memory_mib: int = 0
    reserved_disk_gib: int = 0
    traits: list[str] = dataclasses.field(default_factory=list)
