"""Tables of the block storage database."""

import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from common import db, events, lease, task


class Base(db.Base):
    """Base of this service's tables."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


#: Each status of a volume, and those it may be reached from.
VOLUME_REACHED_FROM = {
    "available": {"creating", "downloading", "extending", "reserved",
                  "attaching", "detaching"},
    "downloading": {"creating"},
    "reserved": {"available", "attaching"},
    "attaching": {"reserved", "detaching"},
    "in-use": {"attaching", "detaching"},
    "detaching": {"in-use", "attaching"},
    "extending": {"available"},
    "error_extending": {"extending"},
    "deleting": {"available", "error", "error_deleting",
                 "error_extending"},
    "error": {"creating", "downloading"},
    "error_deleting": {"deleting"},
}

#: Each status of a snapshot, and those it may be reached from.
SNAPSHOT_REACHED_FROM = {
    "available": {"creating"},
    "error": {"creating"},
    "deleting": {"available", "error", "error_deleting"},
    "error_deleting": {"deleting"},
}

#: All that an administrator may set.
VOLUME_STATUSES = sorted({*VOLUME_REACHED_FROM, "creating", "maintenance"})

#: Each status of an attachment, and those it may be reached from.
ATTACHMENT_REACHED_FROM = {
    "reserved": {"attaching"},
    "attaching": {"reserved", "detaching"},
    "attached": {"attaching", "detaching"},
    "detaching": {"attaching", "attached"},
}


class VolumeType(Base):
    """A kind of volume that users choose from."""

    __tablename__ = "volume_types"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255), unique=True)
    description: Mapped[str | None] = mapped_column(sa.String(255))
    is_public: Mapped[bool] = mapped_column(default=True)


class Volume(Base):
    """A block device lent to a project.

    ``host`` is the backend that has, or is about to have, its blocks.
    ``target_gib`` is the size it is growing to, and counts for quotas.
    ``reason`` tells why it is in an error state. ``image_metadata`` is what
    it keeps of the record of the image that it was made from;
    ``snapshot_id`` is the snapshot that it was made from, there or not.
    """

    __tablename__ = "volumes"
    __table_args__ = (
        sa.Index("ix_volumes_project_id_created_at_id",
                 "project_id", "created_at", "id"),
        sa.Index("ix_volumes_created_at_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    project_id: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[str | None] = mapped_column(sa.String(64))
    name: Mapped[str | None] = mapped_column(sa.String(255))
    description: Mapped[str | None] = mapped_column(sa.String(255))
    size_gib: Mapped[int]
    target_gib: Mapped[int | None]
    status: Mapped[str] = mapped_column(sa.String(32), default="creating")
    reason: Mapped[str | None] = mapped_column(sa.Text)
    host: Mapped[str | None] = mapped_column(sa.String(255), index=True)
    zone: Mapped[str] = mapped_column(sa.String(255))
    volume_type_id: Mapped[str] = mapped_column(
        sa.ForeignKey("volume_types.id"), index=True)
    bootable: Mapped[bool] = mapped_column(default=False)
    readonly: Mapped[bool] = mapped_column(default=False)
    image_metadata: Mapped[dict | None] = mapped_column(db.JSON)
    snapshot_id: Mapped[str | None] = mapped_column(sa.String(36))
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)

    volume_type: Mapped[VolumeType] = orm.relationship(lazy="raise")
    attachments: Mapped[list["Attachment"]] = orm.relationship(
        back_populates="volume", lazy="raise",
        order_by="Attachment.created_at")
    metadata_items: Mapped[list["MetadataItem"]] = orm.relationship(
        lazy="raise", order_by="MetadataItem.key")


class MetadataItem(Base):
    """One key of a volume's metadata."""

    __tablename__ = "volume_metadata"

    volume_id: Mapped[str] = mapped_column(
        sa.ForeignKey("volumes.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    value: Mapped[str] = mapped_column(sa.String(255))


class Attachment(Base):
    """The right of one server to use a volume.

    ``generation`` grows with each change of status, so that the agent can
    tell late orders from new ones. While it is ``attaching``, a task is at
    work until there is ``connection_info``; then the server's host is.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        sa.Index("ix_attachments_project_id_created_at_id",
                 "project_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    volume_id: Mapped[str] = mapped_column(
        sa.ForeignKey("volumes.id"), index=True)
    project_id: Mapped[str] = mapped_column(sa.String(64))
    instance_id: Mapped[str | None] = mapped_column(
        sa.String(36), index=True)
    mode: Mapped[str] = mapped_column(sa.String(2), default="rw")
    status: Mapped[str] = mapped_column(sa.String(32), default="reserved")
    reason: Mapped[str | None] = mapped_column(sa.Text)
    generation: Mapped[int] = mapped_column(default=1)
    connector: Mapped[dict | None] = mapped_column(db.JSON)
    connection_info: Mapped[dict | None] = mapped_column(db.JSON)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    attached_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)

    volume: Mapped[Volume] = orm.relationship(
        back_populates="attachments", lazy="raise")


class Backend(Base):
    """A store of volumes, as its agent last reported it.

    ``name`` is HOST@DRIVER. ``identity`` is the state directory's, so that
    two hosts of one name are noticed. ``revision`` grows whenever what
    should be on the backend changes; an agent that has seen a later one
    knows that the database is older than reality.
    """

    __tablename__ = "backends"

    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    identity: Mapped[str] = mapped_column(sa.String(36))
    protocol: Mapped[str] = mapped_column(sa.String(32))
    zone: Mapped[str] = mapped_column(sa.String(255))
    total_gib: Mapped[int]
    free_gib: Mapped[int]
    overcommit: Mapped[float] = mapped_column(sa.Double, default=1.0)
    revision: Mapped[int] = mapped_column(sa.BigInteger, default=1)
    disabled: Mapped[bool] = mapped_column(default=False)
    disabled_reason: Mapped[str | None] = mapped_column(sa.String(255))
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    reported_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    #: By the database's clock, in seconds: what "alive" goes by.
    seen_s: Mapped[float] = mapped_column(sa.Double)


class Scheduler(Base):
    """A process that runs tasks, as it last reported itself."""

    __tablename__ = "schedulers"

    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    zone: Mapped[str] = mapped_column(sa.String(255))
    reported_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    seen_s: Mapped[float] = mapped_column(sa.Double)


class Project(Base):
    """A project's turn: its row is locked while quotas are counted."""

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    turns: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class QuotaLimit(Base):
    """What a project may have, where it is not the default."""

    __tablename__ = "quota_limits"

    project_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    hard_limit: Mapped[int]


class Snapshot(Base):
    """A copy of what a volume was at one moment.

    ``host`` is the backend that has, or is about to have, its blocks.
    """

    __tablename__ = "snapshots"
    __table_args__ = (
        sa.Index("ix_snapshots_project_id_created_at_id",
                 "project_id", "created_at", "id"),
        sa.Index("ix_snapshots_created_at_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    volume_id: Mapped[str] = mapped_column(
        sa.ForeignKey("volumes.id"), index=True)
    project_id: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[str | None] = mapped_column(sa.String(64))
    name: Mapped[str | None] = mapped_column(sa.String(255))
    description: Mapped[str | None] = mapped_column(sa.String(255))
    size_gib: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(32), default="creating")
    reason: Mapped[str | None] = mapped_column(sa.Text)
    host: Mapped[str | None] = mapped_column(sa.String(255), index=True)
    bootable: Mapped[bool] = mapped_column(default=False)
    image_metadata: Mapped[dict | None] = mapped_column(db.JSON)
    meta: Mapped[dict] = mapped_column(db.JSON)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)


TASKS = task.define_tables(Base)
EVENTS = events.define_tables(Base)
LEASES = lease.define_tables(Base)
