"""Tables of metadata definitions: what properties may be, and of what."""

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common import db
from imagestore.db.models import Base


class Namespace(Base):
    """A named set of definitions; ``owner`` is a project."""

    __tablename__ = "metadef_namespaces"
    __table_args__ = (
        sa.UniqueConstraint("name"),
        sa.Index("ix_metadef_namespaces_created_at_name",
                 "created_at", "name"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    owner: Mapped[str | None] = mapped_column(sa.String(255))
    display_name: Mapped[str | None] = mapped_column(sa.String(80))
    description: Mapped[str | None] = mapped_column(sa.Text())
    visibility: Mapped[str] = mapped_column(sa.String(16))
    protected: Mapped[bool] = mapped_column()
    created_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    updated_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())


def _namespace_id() -> Mapped[str]:
    return mapped_column(sa.ForeignKey(
        "metadef_namespaces.id", ondelete="CASCADE"))


class Item(Base):
    """A definition in a namespace.

    ``kind`` is ``object``, ``property`` or ``tag``; ``body`` is what the
    API says of it besides its name and times.
    """

    __tablename__ = "metadef_items"
    __table_args__ = (
        sa.UniqueConstraint("namespace_id", "kind", "name"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    namespace_id: Mapped[str] = _namespace_id()
    kind: Mapped[str] = mapped_column(sa.String(16))
    name: Mapped[str] = mapped_column(sa.String(80))
    body: Mapped[dict[str, Any]] = mapped_column(db.JSON())
    created_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    updated_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())


class ResourceType(Base):
    """What definitions may be for, such as ``OS::Nova::Flavor``."""

    __tablename__ = "metadef_resource_types"

    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    created_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    updated_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())


class Association(Base):
    """That a namespace is for a resource type.

    ``prefix`` comes before its properties' names there.
    """

    __tablename__ = "metadef_associations"
    __table_args__ = (
        sa.Index("ix_metadef_associations_name", "name"),
    )

    namespace_id: Mapped[str] = mapped_column(
        sa.ForeignKey("metadef_namespaces.id", ondelete="CASCADE"),
        primary_key=True)
    name: Mapped[str] = mapped_column(
        sa.ForeignKey("metadef_resource_types.name"), primary_key=True)
    prefix: Mapped[str | None] = mapped_column(sa.String(80))
    properties_target: Mapped[str | None] = mapped_column(sa.String(80))
    created_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
    updated_at: Mapped[datetime.datetime] = mapped_column(db.UTCDateTime())
