"""Tables of the API database: what all cells share."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from common import db


class Base(db.Base):
    """Base of the API database's models."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


class Flavor(Base):
    """A size that servers can have."""

    __tablename__ = "flavors"

    id: Mapped[int] = mapped_column(primary_key=True)
    flavor_id: Mapped[str] = mapped_column(sa.String(255), unique=True)
    name: Mapped[str] = mapped_column(sa.String(255), unique=True)
    description: Mapped[str | None] = mapped_column(sa.Text)
    vcpus: Mapped[int]
    ram_mib: Mapped[int]
    disk_gib: Mapped[int]
    ephemeral_gib: Mapped[int] = mapped_column(default=0)
    swap_mib: Mapped[int] = mapped_column(default=0)
    rxtx_factor: Mapped[float] = mapped_column(default=1.0)
    is_public: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)

    specs: Mapped[list["FlavorSpec"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan",
        order_by="FlavorSpec.name")

    @property
    def extra_specs(self) -> dict[str, str]:
        return {spec.name: spec.value for spec in self.specs}


class FlavorSpec(Base):
    """What a flavor wants beyond its size."""

    __tablename__ = "flavor_specs"

    flavor_pk: Mapped[int] = mapped_column(
        sa.ForeignKey("flavors.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    value: Mapped[str] = mapped_column(sa.String(255))


class FlavorAccess(Base):
    """A project that may use a flavor which is not public."""

    __tablename__ = "flavor_access"

    flavor_pk: Mapped[int] = mapped_column(
        sa.ForeignKey("flavors.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[str] = mapped_column(
        sa.String(255), primary_key=True)


class Keypair(Base):
    """A public key of a user."""

    __tablename__ = "keypairs"
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.String(255))
    name: Mapped[str] = mapped_column(sa.String(255))
    type: Mapped[str] = mapped_column(sa.String(8), default="ssh")
    fingerprint: Mapped[str] = mapped_column(sa.String(255))
    public_key: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)


class ServerMapping(Base):
    """Where a server is kept, and what it counts against the quota."""

    __tablename__ = "server_mappings"

    server_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    cell: Mapped[str] = mapped_column(sa.String(64))
    project_id: Mapped[str] = mapped_column(sa.String(255), index=True)
    user_id: Mapped[str] = mapped_column(sa.String(255))
    vcpus: Mapped[int]
    ram_mib: Mapped[int]
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)


class QuotaLimit(Base):
    """How much of a resource a project may have, where not the default."""

    __tablename__ = "quota_limits"

    project_id: Mapped[str] = mapped_column(
        sa.String(255), primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    hard_limit: Mapped[int]


class QuotaLock(Base):
    """One row for each project: who counts and adds holds it."""

    __tablename__ = "quota_locks"

    project_id: Mapped[str] = mapped_column(
        sa.String(255), primary_key=True)
    taken: Mapped[int] = mapped_column(default=0)


class ResourceProvider(Base):
    """What has inventories: a compute host."""

    __tablename__ = "resource_providers"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    parent_id: Mapped[str | None] = mapped_column(sa.String(36))
    root_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    updated_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow, onupdate=db.utcnow)


class Inventory(Base):
    """How much of one resource class a provider has."""

    __tablename__ = "inventories"

    provider_id: Mapped[str] = mapped_column(
        sa.ForeignKey("resource_providers.id", ondelete="CASCADE"),
        primary_key=True)
    resource_class: Mapped[str] = mapped_column(
        sa.String(255), primary_key=True)
    total: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    min_unit: Mapped[int] = mapped_column(default=1)
    max_unit: Mapped[int] = mapped_column(default=2147483647)
    step_size: Mapped[int] = mapped_column(default=1)
    allocation_ratio: Mapped[float] = mapped_column(default=1.0)

    @property
    def capacity(self) -> int:
        return int((self.total - self.reserved) * self.allocation_ratio)


class Consumer(Base):
    """What holds allocations: a server."""

    __tablename__ = "consumers"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    project_id: Mapped[str] = mapped_column(sa.String(255))
    user_id: Mapped[str] = mapped_column(sa.String(255))
    generation: Mapped[int] = mapped_column(default=1)


class Allocation(Base):
    """What a consumer holds of a provider's inventory."""

    __tablename__ = "allocations"

    consumer_id: Mapped[str] = mapped_column(
        sa.ForeignKey("consumers.id", ondelete="CASCADE"),
        primary_key=True)
    provider_id: Mapped[str] = mapped_column(
        sa.ForeignKey("resource_providers.id"), primary_key=True,
        index=True)
    resource_class: Mapped[str] = mapped_column(
        sa.String(255), primary_key=True)
    used: Mapped[int]


class Aggregate(Base):
    """A group of hosts that operators named."""

    __tablename__ = "aggregates"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(sa.String(36), default=db.new_id)
    name: Mapped[str] = mapped_column(sa.String(255), unique=True)
    meta: Mapped[dict[str, str]] = mapped_column(db.JSON, default=dict)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime, onupdate=db.utcnow)

    hosts: Mapped[list["AggregateHost"]] = relationship(
        lazy="selectin", order_by="AggregateHost.host")


class AggregateHost(Base):
    """A host of an aggregate; it may be in several."""

    __tablename__ = "aggregate_hosts"

    aggregate_id: Mapped[int] = mapped_column(
        sa.ForeignKey("aggregates.id"), primary_key=True)
    host: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
