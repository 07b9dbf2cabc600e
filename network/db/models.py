"""What the network service keeps."""

import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from common import db, lease


class Base(db.Base):
    """Base of the network's tables."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


ID = sa.String(36)
PROJECT = sa.String(64)
NAME = sa.String(255)
ADDRESS = sa.String(64)

lease.define_tables(Base)


class Resource:
    """Columns that every resource of the API has.

    ``revision_number`` grows with each change; a writer that read an older
    one loses the race, and its request is tried again.
    """

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=db.new_id)
    project_id: Mapped[str] = mapped_column(PROJECT, index=True)
    name: Mapped[str] = mapped_column(NAME, default="", index=True)
    description: Mapped[str] = mapped_column(NAME, default="")
    tags: Mapped[list] = mapped_column(db.JSON, default=list)
    revision_number: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow, index=True)
    updated_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)

    @orm.declared_attr.directive
    def __mapper_args__(cls) -> dict:  # noqa: N805
        return {"version_id_col": cls.revision_number}


class Network(Resource, Base):
    """A layer 2 segment."""

    __tablename__ = "networks"

    admin_state_up: Mapped[bool] = mapped_column(default=True)
    shared: Mapped[bool] = mapped_column(default=False, index=True)
    external: Mapped[bool] = mapped_column(default=False, index=True)
    is_default: Mapped[bool] = mapped_column(default=False)
    port_security_enabled: Mapped[bool] = mapped_column(default=True)
    mtu: Mapped[int]
    network_type: Mapped[str] = mapped_column(sa.String(32))
    physical_network: Mapped[str | None] = mapped_column(sa.String(64))
    #: VLAN; 0 where there is none, so that a flat network is unique too.
    segmentation_id: Mapped[int] = mapped_column(default=0)

    subnets: Mapped[list["Subnet"]] = orm.relationship(
        lazy="selectin", order_by="Subnet.created_at",
        back_populates="network", passive_deletes="all")

    __table_args__ = (
        sa.UniqueConstraint("physical_network", "network_type",
                            "segmentation_id"),
    )


class Subnet(Resource, Base):
    """A block of addresses on a network."""

    __tablename__ = "subnets"

    network_id: Mapped[str] = mapped_column(
        sa.ForeignKey("networks.id"), index=True)
    ip_version: Mapped[int]
    cidr: Mapped[str] = mapped_column(ADDRESS)
    gateway_ip: Mapped[str | None] = mapped_column(ADDRESS)
    enable_dhcp: Mapped[bool] = mapped_column(default=True)
    ipv6_ra_mode: Mapped[str | None] = mapped_column(sa.String(32))
    ipv6_address_mode: Mapped[str | None] = mapped_column(sa.String(32))
    #: [{"start": address, "end": address}, ...], sorted, apart
    allocation_pools: Mapped[list] = mapped_column(db.JSON, default=list)
    dns_nameservers: Mapped[list] = mapped_column(db.JSON, default=list)
    host_routes: Mapped[list] = mapped_column(db.JSON, default=list)

    network: Mapped[Network] = orm.relationship(
        lazy="joined", back_populates="subnets")


class Port(Resource, Base):
    """Where one device is plugged into a network."""

    __tablename__ = "ports"
    __table_args__ = (sa.UniqueConstraint("network_id", "mac_address"),)

    network_id: Mapped[str] = mapped_column(
        sa.ForeignKey("networks.id"), index=True)
    mac_address: Mapped[str] = mapped_column(sa.String(17), index=True)
    admin_state_up: Mapped[bool] = mapped_column(default=True)
    status: Mapped[str] = mapped_column(sa.String(16), default="DOWN")
    device_id: Mapped[str] = mapped_column(NAME, default="", index=True)
    device_owner: Mapped[str] = mapped_column(NAME, default="", index=True)
    binding_host_id: Mapped[str] = mapped_column(NAME, default="", index=True)
    binding_vnic_type: Mapped[str] = mapped_column(
        sa.String(32), default="normal")
    binding_profile: Mapped[dict] = mapped_column(db.JSON, default=dict)
    port_security_enabled: Mapped[bool] = mapped_column(default=True)
    #: [{"ip_address": CIDR or address, "mac_address": MAC}, ...]
    allowed_address_pairs: Mapped[list] = mapped_column(
        db.JSON, default=list)

    fixed_ips: Mapped[list["Allocation"]] = orm.relationship(
        lazy="selectin", order_by="Allocation.position",
        cascade="all, delete-orphan")
    groups: Mapped[list["PortGroup"]] = orm.relationship(
        lazy="selectin", order_by="PortGroup.security_group_id",
        cascade="all, delete-orphan")
    network: Mapped[Network] = orm.relationship(lazy="raise")


class Allocation(Base):
    """One address of a subnet, held by one port.

    The primary key is the claim: of two that want an address, one inserts.
    ``position`` and ``following`` are this address and the next as 32
    hexadecimal digits, so that the database sorts them and finds gaps.
    """

    __tablename__ = "allocations"

    subnet_id: Mapped[str] = mapped_column(
        sa.ForeignKey("subnets.id"), primary_key=True)
    position: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    following: Mapped[str] = mapped_column(sa.String(32))
    ip_address: Mapped[str] = mapped_column(ADDRESS, index=True)
    port_id: Mapped[str] = mapped_column(
        sa.ForeignKey("ports.id", ondelete="CASCADE"), index=True)

    subnet: Mapped[Subnet] = orm.relationship(lazy="joined", innerjoin=True)


class SecurityGroup(Resource, Base):
    """A set of rules that ports share."""

    __tablename__ = "security_groups"

    stateful: Mapped[bool] = mapped_column(default=True)
    #: The project whose default group this is, else NULL: one per project.
    default_of: Mapped[str | None] = mapped_column(PROJECT, unique=True)

    rules: Mapped[list["Rule"]] = orm.relationship(
        lazy="selectin", order_by="Rule.created_at, Rule.id",
        foreign_keys="Rule.security_group_id",
        cascade="all, delete-orphan")


class Rule(Base):
    """What a security group lets through; normal form only."""

    __tablename__ = "security_group_rules"
    __table_args__ = (
        sa.UniqueConstraint("security_group_id", "meaning"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=db.new_id)
    security_group_id: Mapped[str] = mapped_column(
        sa.ForeignKey("security_groups.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[str] = mapped_column(PROJECT, index=True)
    direction: Mapped[str] = mapped_column(sa.String(8))
    ethertype: Mapped[str] = mapped_column(sa.String(4))
    protocol: Mapped[str | None] = mapped_column(sa.String(32))
    port_range_min: Mapped[int | None]
    port_range_max: Mapped[int | None]
    remote_ip_prefix: Mapped[str | None] = mapped_column(ADDRESS)
    remote_group_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("security_groups.id"), index=True)
    description: Mapped[str] = mapped_column(NAME, default="")
    #: What the rule says, in one line: the same rule twice is refused.
    meaning: Mapped[str] = mapped_column(NAME)
    revision_number: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    updated_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)


class PortGroup(Base):
    """A port is in a security group."""

    __tablename__ = "port_security_groups"

    port_id: Mapped[str] = mapped_column(
        sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True)
    security_group_id: Mapped[str] = mapped_column(
        sa.ForeignKey("security_groups.id"), primary_key=True, index=True)


class Router(Resource, Base):
    """Joins networks, and leads out through a gateway."""

    __tablename__ = "routers"

    admin_state_up: Mapped[bool] = mapped_column(default=True)
    enable_snat: Mapped[bool] = mapped_column(default=True)
    gw_port_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("ports.id"), unique=True)
    #: [{"destination": CIDR, "nexthop": address}, ...]
    routes: Mapped[list] = mapped_column(db.JSON, default=list)

    gw_port: Mapped[Port | None] = orm.relationship(lazy="selectin")


class FloatingIP(Resource, Base):
    """An address of an external network, lent to a port's address."""

    __tablename__ = "floatingips"
    __table_args__ = (
        sa.UniqueConstraint("fixed_port_id", "fixed_ip_address"),)

    status: Mapped[str] = mapped_column(sa.String(16), default="DOWN")
    floating_network_id: Mapped[str] = mapped_column(
        sa.ForeignKey("networks.id"), index=True)
    floating_ip_address: Mapped[str] = mapped_column(ADDRESS, index=True)
    floating_port_id: Mapped[str] = mapped_column(
        sa.ForeignKey("ports.id"), unique=True)
    fixed_port_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("ports.id"), index=True)
    fixed_ip_address: Mapped[str | None] = mapped_column(ADDRESS)
    router_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("routers.id"), index=True)

    fixed_port: Mapped[Port | None] = orm.relationship(
        lazy="selectin", foreign_keys=[fixed_port_id])


class Quota(Base):
    """A limit of a project that differs from the default."""

    __tablename__ = "quotas"

    project_id: Mapped[str] = mapped_column(PROJECT, primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    limit: Mapped[int]


class QuotaLock(Base):
    """One row per project, locked while something is counted and added."""

    __tablename__ = "quota_locks"

    project_id: Mapped[str] = mapped_column(PROJECT, primary_key=True)


class Change(Base):
    """A unit that OVN must be looked at for; removed when it is right."""

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    resource_id: Mapped[str] = mapped_column(ID)


class Notice(Base):
    """An event that compute has yet to be told."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    server_id: Mapped[str] = mapped_column(NAME)
    port_id: Mapped[str] = mapped_column(ID)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow, index=True)
