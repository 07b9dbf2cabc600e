"""Metadata definitions: namespaces, what they have, and what they are for.

Expands only. The resource types are those that clients expect to find; an
association with another one makes it known.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0002"
down_revision = "0001"

_TYPES = (
    "OS::Cinder::Volume", "OS::Glance::Image", "OS::Nova::Aggregate",
    "OS::Nova::Flavor", "OS::Nova::Server",
)


def upgrade() -> None:
    _create_namespaces()
    _create_items()
    _create_resource_types()
    _create_associations()


def _create_namespaces() -> None:
    op.create_table(
        "metadef_namespaces",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("owner", sa.String(255)),
        sa.Column("display_name", sa.String(80)),
        sa.Column("description", sa.Text()),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_metadef_namespaces"),
        sa.UniqueConstraint("name", name="uq_metadef_namespaces_name"),
    )
    op.create_index("ix_metadef_namespaces_created_at_name",
                    "metadef_namespaces", ["created_at", "name"])


def _create_items() -> None:
    op.create_table(
        "metadef_items",
        sa.Column("id", sa.String(36), nullable=False),
        _namespace_id(),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("body", db.JSON(), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_metadef_items"),
        sa.UniqueConstraint(
            "namespace_id", "kind", "name",
            name="uq_metadef_items_namespace_id_kind_name"),
        _of_namespace("metadef_items"),
    )


def _create_resource_types() -> None:
    table = op.create_table(
        "metadef_resource_types",
        sa.Column("name", sa.String(80), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("name", name="pk_metadef_resource_types"),
    )
    now = db.utcnow()
    op.bulk_insert(table, [
        {"name": name, "created_at": now, "updated_at": now}
        for name in _TYPES])


def _create_associations() -> None:
    op.create_table(
        "metadef_associations",
        _namespace_id(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("prefix", sa.String(80)),
        sa.Column("properties_target", sa.String(80)),
        *_times(),
        sa.PrimaryKeyConstraint(
            "namespace_id", "name", name="pk_metadef_associations"),
        _of_namespace("metadef_associations"),
        sa.ForeignKeyConstraint(
            ["name"], ["metadef_resource_types.name"],
            name="fk_metadef_associations_name"),
    )
    op.create_index("ix_metadef_associations_name", "metadef_associations",
                    ["name"])


def _namespace_id() -> "sa.Column[Any]":
    return sa.Column("namespace_id", sa.String(36), nullable=False)


def _of_namespace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["namespace_id"], ["metadef_namespaces.id"], ondelete="CASCADE",
        name=f"fk_{table}_namespace_id")


def _times() -> "list[sa.Column[Any]]":
    return [sa.Column(name, db.UTCDateTime(), nullable=False)
            for name in ("created_at", "updated_at")]
