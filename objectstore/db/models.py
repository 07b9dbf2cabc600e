"""Tables of the object index."""

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common import db
from objectstore.db.types import MEDIUM_BINARY, Name


class Base(db.Base):
    """Base of this service's tables."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


class Account(Base):
    """What is said of an account; one of which nothing is has no row."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    headers: Mapped[dict[str, str]] = mapped_column(db.JSON())
    created_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())


class Container(Base):
    """A container; its sums change in the transactions of its objects."""

    __tablename__ = "containers"
    __table_args__ = (
        sa.UniqueConstraint("account", "name"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account: Mapped[str] = mapped_column(sa.String(255))
    name: Mapped[str] = mapped_column(Name())
    headers: Mapped[dict[str, str]] = mapped_column(db.JSON())
    object_count: Mapped[int] = mapped_column(sa.BigInteger(), default=0)
    bytes_used: Mapped[int] = mapped_column(sa.BigInteger(), default=0)
    created_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    updated_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())


class Object(Base):
    """An object: a name for a blob, and what is said of it.

    The blob of a static large object is its manifest; ``large_size`` and
    ``large_etag`` (the MD5 of its segments' MD5s) are those of the whole.
    """

    __tablename__ = "objects"

    container_id: Mapped[str] = mapped_column(
        sa.ForeignKey("containers.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Name(), primary_key=True)
    blob_id: Mapped[str] = mapped_column(sa.String(36))
    size: Mapped[int] = mapped_column(sa.BigInteger())
    etag: Mapped[str] = mapped_column(sa.String(32))
    content_type: Mapped[str] = mapped_column(sa.Text())
    headers: Mapped[dict[str, str]] = mapped_column(db.JSON())
    updated_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    large_size: Mapped[int | None] = mapped_column(sa.BigInteger())
    large_etag: Mapped[str | None] = mapped_column(sa.String(32))


class Blob(Base):
    """Immutable bytes on some nodes.

    A row is there before the first byte and goes after the last, so that
    nothing on a node is forgotten. ``staged`` ones belong to a living
    upload (until ``expires_at``, in seconds of the database's clock),
    ``live`` ones to ``refs`` objects, ``doomed`` ones to the collector.

    ``sums`` holds the SHA-256 of each block, one after the other.
    """

    __tablename__ = "blobs"
    __table_args__ = (
        sa.Index("ix_blobs_state_expires_at", "state", "expires_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(16))
    owner: Mapped[str] = mapped_column(sa.String(255))
    expires_at: Mapped[float] = mapped_column(sa.Double())
    refs: Mapped[int] = mapped_column(default=0)
    size: Mapped[int | None] = mapped_column(sa.BigInteger())
    nodes: Mapped[list[Any]] = mapped_column(db.JSON())
    sums: Mapped[bytes | None] = mapped_column(
        MEDIUM_BINARY, deferred=True)
