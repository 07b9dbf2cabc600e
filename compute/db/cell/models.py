"""Tables of a cell's database: its servers and hosts."""

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from common import db, events, lease, task


class Base(db.Base):
    """Base of the cell database's models."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


class Server(Base):
    """A server, as it should be.

    ``generation`` grows with each change of state; agents and tasks use it
    to tell late messages from new ones.
    """

    __tablename__ = "servers"
    __table_args__ = (
        sa.Index("ix_servers_list", "project_id", "deleted", "created_at",
                 "id"),
        sa.Index("ix_servers_host", "host", "deleted"),
        sa.Index("ix_servers_created", "deleted", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    project_id: Mapped[str] = mapped_column(sa.String(255))
    user_id: Mapped[str] = mapped_column(sa.String(255))
    name: Mapped[str] = mapped_column(sa.String(255))
    hostname: Mapped[str] = mapped_column(sa.String(255))
    description: Mapped[str | None] = mapped_column(sa.String(255))
    reservation_id: Mapped[str] = mapped_column(sa.String(32))
    launch_index: Mapped[int] = mapped_column(default=0)

    vm_state: Mapped[str] = mapped_column(sa.String(32))
    task_state: Mapped[str | None] = mapped_column(sa.String(32))
    power_state: Mapped[int] = mapped_column(default=0)
    generation: Mapped[int] = mapped_column(sa.BigInteger, default=1)
    progress: Mapped[int] = mapped_column(default=0)
    locked_by: Mapped[str | None] = mapped_column(sa.String(16))
    locked_reason: Mapped[str | None] = mapped_column(sa.String(255))
    fault: Mapped[dict[str, Any] | None] = mapped_column(db.JSON)

    host: Mapped[str | None] = mapped_column(sa.String(255))
    node: Mapped[str | None] = mapped_column(sa.String(255))
    #: Hosts that failed to build it.
    failed_hosts: Mapped[list[str]] = mapped_column(db.JSON, default=list)
    #: As asked for; the host's own where none was.
    availability_zone: Mapped[str | None] = mapped_column(sa.String(255))
    pinned_zone: Mapped[str | None] = mapped_column(sa.String(255))

    #: ``compute.spec.Flavor`` as JSON, with its ``flavor_id``, as it was
    #: at the last build or resize.
    flavor: Mapped[dict[str, Any]] = mapped_column(db.JSON)
    flavor_id: Mapped[str] = mapped_column(sa.String(255))
    #: ``compute.spec.Image`` as JSON; None for a server without image.
    image: Mapped[dict[str, Any] | None] = mapped_column(db.JSON)
    image_id: Mapped[str | None] = mapped_column(sa.String(36))
    #: ``{"name", "type", "public_key"}``
    key: Mapped[dict[str, str] | None] = mapped_column(db.JSON)
    key_name: Mapped[str | None] = mapped_column(sa.String(255))
    user_data: Mapped[str | None] = mapped_column(sa.Text)
    meta: Mapped[dict[str, str]] = mapped_column(db.JSON, default=dict)
    config_drive: Mapped[bool] = mapped_column(default=False)
    hints: Mapped[dict[str, Any]] = mapped_column(db.JSON, default=dict)
    #: ``[{"network_id" | "port_id", "fixed_ip", "tag"}]`` as asked for.
    wanted_nics: Mapped[list[dict[str, Any]]] = mapped_column(
        db.JSON, default=list)
    #: Ids of the groups of the ports that are made for it.
    security_groups: Mapped[list[str]] = mapped_column(
        db.JSON, default=list)
    trusted_certs: Mapped[list[str] | None] = mapped_column(db.JSON)
    disk_config: Mapped[str] = mapped_column(sa.String(8), default="MANUAL")
    root_device: Mapped[str] = mapped_column(
        sa.String(255), default="/dev/vda")
    access_ip_v4: Mapped[str | None] = mapped_column(sa.String(39))
    access_ip_v6: Mapped[str | None] = mapped_column(sa.String(39))

    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    updated_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow, onupdate=db.utcnow)
    launched_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    deleted_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    deleted: Mapped[bool] = mapped_column(default=False)

    nics: Mapped[list["Nic"]] = relationship(
        lazy="raise", order_by="Nic.position")
    volumes: Mapped[list["Volume"]] = relationship(
        lazy="raise", order_by="Volume.created_at")
    tags: Mapped[list["ServerTag"]] = relationship(
        lazy="raise", order_by="ServerTag.tag")


class ServerTag(Base):
    """A word that a server is found by."""

    __tablename__ = "server_tags"

    server_id: Mapped[str] = mapped_column(
        sa.ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(
        sa.String(60), primary_key=True, index=True)


class Nic(Base):
    """A port bound to a server, as the network service told us."""

    __tablename__ = "nics"

    port_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    server_id: Mapped[str] = mapped_column(
        sa.ForeignKey("servers.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    #: attaching, attached, detaching
    status: Mapped[str] = mapped_column(
        sa.String(16), default="attached", server_default="attached")
    #: We made the port for the server, and delete it with the server.
    owned: Mapped[bool]
    network_id: Mapped[str] = mapped_column(sa.String(36))
    network_name: Mapped[str] = mapped_column(sa.String(255))
    mac: Mapped[str] = mapped_column(sa.String(17))
    mtu: Mapped[int] = mapped_column(default=1500)
    fixed_ips: Mapped[list[dict[str, str]]] = mapped_column(
        db.JSON, default=list)
    subnets: Mapped[list[dict[str, Any]]] = mapped_column(
        db.JSON, default=list)
    #: ``[{"fixed", "floating"}]``
    floating_ips: Mapped[list[dict[str, str]]] = mapped_column(
        db.JSON, default=list)
    #: ``[{"id", "name"}]``
    security_groups: Mapped[list[dict[str, str]]] = mapped_column(
        db.JSON, default=list)
    tag: Mapped[str | None] = mapped_column(sa.String(60))
    #: The network said that it wired the port on the host.
    plugged: Mapped[bool] = mapped_column(default=False)


class Volume(Base):
    """A volume given, or being given, to a server."""

    __tablename__ = "server_volumes"
    __table_args__ = (
        sa.UniqueConstraint("server_id", "volume_id"),
        sa.UniqueConstraint("server_id", "device"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    server_id: Mapped[str] = mapped_column(
        sa.ForeignKey("servers.id", ondelete="CASCADE"))
    volume_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    #: The block store's id of the attachment, once there is one.
    attachment_id: Mapped[str | None] = mapped_column(sa.String(36))
    #: attaching, attached, detaching
    status: Mapped[str] = mapped_column(sa.String(16), default="attaching")
    device: Mapped[str] = mapped_column(sa.String(255))
    tag: Mapped[str | None] = mapped_column(sa.String(60))
    delete_on_termination: Mapped[bool] = mapped_column(default=False)
    connection_info: Mapped[dict[str, Any] | None] = mapped_column(db.JSON)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)


class Action(Base):
    """What somebody asked to be done with a server."""

    __tablename__ = "actions"
    __table_args__ = (
        sa.Index("ix_actions_server", "server_id", "started_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    server_id: Mapped[str] = mapped_column(sa.String(36))
    action: Mapped[str] = mapped_column(sa.String(64))
    request_id: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[str | None] = mapped_column(sa.String(255))
    project_id: Mapped[str | None] = mapped_column(sa.String(255))
    message: Mapped[str | None] = mapped_column(sa.Text)
    started_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)

    events: Mapped[list["ActionEvent"]] = relationship(
        lazy="raise", order_by="ActionEvent.id")


class ActionEvent(Base):
    """A step of an action."""

    __tablename__ = "action_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    action_id: Mapped[int] = mapped_column(
        sa.ForeignKey("actions.id", ondelete="CASCADE"), index=True)
    event: Mapped[str] = mapped_column(sa.String(64))
    host: Mapped[str | None] = mapped_column(sa.String(255))
    result: Mapped[str | None] = mapped_column(sa.String(16))
    details: Mapped[str | None] = mapped_column(sa.Text)
    started_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    finished_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)


class Service(Base):
    """A daemon of this cell, as it last reported."""

    __tablename__ = "services"
    __table_args__ = (sa.UniqueConstraint("binary", "host"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    binary: Mapped[str] = mapped_column(sa.String(64))
    host: Mapped[str] = mapped_column(sa.String(255))
    disabled: Mapped[bool] = mapped_column(default=False)
    disabled_reason: Mapped[str | None] = mapped_column(sa.String(255))
    forced_down: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)


class Node(Base):
    """A compute host: what it has and where placement keeps its account."""

    __tablename__ = "nodes"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    host: Mapped[str] = mapped_column(sa.String(255), unique=True)
    #: The agent's own, kept in its state directory.
    host_uuid: Mapped[str] = mapped_column(sa.String(36))
    hypervisor_hostname: Mapped[str] = mapped_column(sa.String(255))
    #: ``compute.spec.HostFacts`` as JSON
    facts: Mapped[dict[str, Any]] = mapped_column(db.JSON)
    #: Grows with each change that a scheduler must see.
    revision: Mapped[int] = mapped_column(sa.BigInteger, default=1)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)


task_tables = task.define_tables(Base)
lease_tables = lease.define_tables(Base)
Event = events.define_tables(Base)
