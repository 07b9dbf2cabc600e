"""Tables of the image database."""

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from common import db, events, lease, task


class Base(db.Base):
    """Base of this service's tables."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


#: Each status of an image, and those it may be reached from.
REACHED_FROM = {
    "queued": {"saving", "uploading", "importing"},
    "saving": {"queued"},
    "uploading": {"queued"},
    "importing": {"queued", "uploading"},
    "active": {"saving", "importing", "deactivated", "active"},
    "deactivated": {"active", "deactivated"},
}


class Image(Base):
    """An image; ``data_id`` names its bytes, once there are any."""

    __tablename__ = "images"
    __table_args__ = (
        sa.Index("ix_images_project_id_created_at_id",
                 "project_id", "created_at", "id"),
        sa.Index("ix_images_visibility_created_at_id",
                 "visibility", "created_at", "id"),
        sa.Index("ix_images_created_at_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    project_id: Mapped[str] = mapped_column(sa.String(255))
    name: Mapped[str | None] = mapped_column(sa.String(255))
    status: Mapped[str] = mapped_column(sa.String(16), default="queued")
    visibility: Mapped[str] = mapped_column(sa.String(16), default="shared")
    protected: Mapped[bool] = mapped_column(default=False)
    hidden: Mapped[bool] = mapped_column(default=False)
    container_format: Mapped[str | None] = mapped_column(sa.String(20))
    disk_format: Mapped[str | None] = mapped_column(sa.String(20))
    min_disk_gib: Mapped[int] = mapped_column(default=0)
    min_ram_mib: Mapped[int] = mapped_column(default=0)
    size: Mapped[int | None] = mapped_column(sa.BigInteger())
    virtual_size: Mapped[int | None] = mapped_column(sa.BigInteger())
    checksum: Mapped[str | None] = mapped_column(sa.String(32))
    hash_algo: Mapped[str | None] = mapped_column(sa.String(16))
    hash_value: Mapped[str | None] = mapped_column(sa.String(128))
    data_id: Mapped[str | None] = mapped_column(sa.String(36))
    #: Names of the stores that have the data, joined by commas: those of
    #: the live rows of data, kept here for the sake of lists.
    stores: Mapped[str | None] = mapped_column(sa.String(1024))
    #: Stores that an import has yet to fill, and those it could not.
    importing_to: Mapped[str | None] = mapped_column(sa.String(1024))
    failed_to: Mapped[str | None] = mapped_column(sa.String(1024))
    created_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    updated_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())

    properties: Mapped[list["Property"]] = orm.relationship(
        lazy="selectin", cascade="all, delete-orphan",
        order_by="Property.name")
    tags: Mapped[list["Tag"]] = orm.relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="Tag.value")


def _image_id() -> Mapped[str]:
    return mapped_column(
        sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)


class Property(Base):
    """A custom property of an image."""

    __tablename__ = "image_properties"
    __table_args__ = (
        sa.Index("ix_image_properties_name", "name"),
    )

    image_id: Mapped[str] = _image_id()
    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    value: Mapped[str] = mapped_column(sa.Text())


class Tag(Base):
    """A tag of an image."""

    __tablename__ = "image_tags"

    image_id: Mapped[str] = _image_id()
    value: Mapped[str] = mapped_column(sa.String(255), primary_key=True)


class Member(Base):
    """A project that a shared image is shared with."""

    __tablename__ = "image_members"
    __table_args__ = (
        sa.Index("ix_image_members_member_id_status",
                 "member_id", "status"),
    )

    image_id: Mapped[str] = _image_id()
    member_id: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    status: Mapped[str] = mapped_column(sa.String(16), default="pending")
    created_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    updated_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())


class Data(Base):
    """Bytes in the store, or on their way into it or out of it.

    A row is there before the first byte and goes after the last, so that
    nothing in the store is forgotten. ``staged`` bytes belong to a living
    upload (until ``expires_at``, in seconds of the database's clock),
    ``live`` ones to an image, ``doomed`` ones to the collector. Those in
    the staging store are live while they wait for their import. ``refused``
    is the address of data that are not those that were promised.
    """

    __tablename__ = "image_data"
    __table_args__ = (
        sa.Index("ix_image_data_state_expires_at", "state", "expires_at"),
        sa.Index("ix_image_data_image_id", "image_id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    image_id: Mapped[str] = mapped_column(sa.String(36))
    state: Mapped[str] = mapped_column(sa.String(16))
    owner: Mapped[str] = mapped_column(sa.String(255))
    expires_at: Mapped[float] = mapped_column(sa.Double())
    #: Name of the store; None in rows of an older release: the default.
    store: Mapped[str | None] = mapped_column(sa.String(64))
    #: Key of data that are not kept under the row's id.
    url: Mapped[str | None] = mapped_column(sa.String(2048))
    #: What operators noted of the location.
    notes: Mapped[Any | None] = mapped_column(db.JSON())
    #: The task that made the row.
    task_id: Mapped[str | None] = mapped_column(sa.String(36))

    @property
    def key(self) -> str:
        """What the store knows the data by."""
        return self.url or self.id


class ImageTask(Base):
    """What users see of an import."""

    __tablename__ = "image_tasks"
    __table_args__ = (
        sa.Index("ix_image_tasks_image_id", "image_id"),
        sa.Index("ix_image_tasks_project_id_status", "project_id", "status"),
        sa.Index("ix_image_tasks_created_at_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    type: Mapped[str] = mapped_column(sa.String(32))
    status: Mapped[str] = mapped_column(sa.String(16), default="pending")
    project_id: Mapped[str] = mapped_column(sa.String(255))
    user_id: Mapped[str | None] = mapped_column(sa.String(255))
    image_id: Mapped[str | None] = mapped_column(sa.String(36))
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    input: Mapped[Any] = mapped_column(db.JSON())
    result: Mapped[Any | None] = mapped_column(db.JSON())
    message: Mapped[str] = mapped_column(sa.Text(), default="")
    created_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    updated_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    expires_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime())


class ImageImport(Base):
    """What an import keeps to itself while it runs.

    The token of the user who asked for it is there while it is needed, and
    not longer than it lives: until ``expires_at``, in seconds since 1970.
    ``before`` holds what plug-ins have changed, as it was; ``applied``
    counts those that are done.
    """

    __tablename__ = "image_imports"
    __table_args__ = (
        sa.Index("ix_image_imports_expires_at", "expires_at"),
    )

    task_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    sealed_token: Mapped[str | None] = mapped_column(sa.Text())
    expires_at: Mapped[float | None] = mapped_column(sa.Double())
    applied: Mapped[int]
    before: Mapped[Any] = mapped_column(db.JSON())


class CachedImage(Base):
    """A copy of an image that a host keeps, is to make, or is to remove.

    States are queued, cached and doomed.
    """

    __tablename__ = "image_cache"
    __table_args__ = (
        sa.Index("ix_image_cache_node_image_id", "node", "image_id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    image_id: Mapped[str] = mapped_column(sa.String(36))
    node: Mapped[str] = mapped_column(sa.String(255))
    state: Mapped[str] = mapped_column(sa.String(16))
    size: Mapped[int] = mapped_column(sa.BigInteger())
    hits: Mapped[int]
    last_accessed: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime())
    last_modified: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime())


EVENTS = events.define_tables(Base)
LEASES = lease.define_tables(Base)
TASKS = task.define_tables(Base)
