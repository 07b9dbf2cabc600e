"""The first tables."""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0001"
down_revision = None


def upgrade() -> None:
    _make_consumers()
    _make_flavors()
    _make_keypairs()
    _make_quota_limits()
    _make_quota_locks()
    _make_resource_providers()
    _make_server_mappings()
    _make_allocations()
    _make_flavor_access()
    _make_flavor_specs()
    _make_inventories()


def _make_consumers() -> None:
    op.create_table(
        "consumers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consumers"),
    )


def _make_flavors() -> None:
    op.create_table(
        "flavors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flavor_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("ram_mib", sa.Integer(), nullable=False),
        sa.Column("disk_gib", sa.Integer(), nullable=False),
        sa.Column("ephemeral_gib", sa.Integer(), nullable=False),
        sa.Column("swap_mib", sa.Integer(), nullable=False),
        sa.Column("rxtx_factor", sa.Double(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flavors"),
        sa.UniqueConstraint("flavor_id", name="uq_flavors_flavor_id"),
        sa.UniqueConstraint("name", name="uq_flavors_name"),
    )


def _make_keypairs() -> None:
    op.create_table(
        "keypairs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("type", sa.String(8), nullable=False),
        sa.Column("fingerprint", sa.String(255), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_keypairs"),
        sa.UniqueConstraint(
            "user_id", "name", name="uq_keypairs_user_id_name"
        ),
    )


def _make_quota_limits() -> None:
    op.create_table(
        "quota_limits",
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("hard_limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "resource", name="pk_quota_limits"
        ),
    )


def _make_quota_locks() -> None:
    op.create_table(
        "quota_locks",
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_quota_locks"),
    )


def _make_resource_providers() -> None:
    op.create_table(
        "resource_providers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("parent_id", sa.String(36), nullable=True),
        sa.Column("root_id", sa.String(36), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_resource_providers"),
        sa.UniqueConstraint("name", name="uq_resource_providers_name"),
    )
    op.create_index(
        "ix_resource_providers_root_id", "resource_providers", ["root_id"]
    )


def _make_server_mappings() -> None:
    op.create_table(
        "server_mappings",
        sa.Column("server_id", sa.String(36), nullable=False),
        sa.Column("cell", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("ram_mib", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", name="pk_server_mappings"),
    )
    op.create_index(
        "ix_server_mappings_project_id", "server_mappings", ["project_id"]
    )


def _make_allocations() -> None:
    op.create_table(
        "allocations",
        sa.Column("consumer_id", sa.String(36), nullable=False),
        sa.Column("provider_id", sa.String(36), nullable=False),
        sa.Column("resource_class", sa.String(255), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consumer_id"],
            ["consumers.id"],
            name="fk_allocations_consumer_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["resource_providers.id"],
            name="fk_allocations_provider_id",
        ),
        sa.PrimaryKeyConstraint(
            "consumer_id",
            "provider_id",
            "resource_class",
            name="pk_allocations",
        ),
    )
    op.create_index(
        "ix_allocations_provider_id", "allocations", ["provider_id"]
    )


def _make_flavor_access() -> None:
    op.create_table(
        "flavor_access",
        sa.Column("flavor_pk", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(
            ["flavor_pk"],
            ["flavors.id"],
            name="fk_flavor_access_flavor_pk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "flavor_pk", "project_id", name="pk_flavor_access"
        ),
    )


def _make_flavor_specs() -> None:
    op.create_table(
        "flavor_specs",
        sa.Column("flavor_pk", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(
            ["flavor_pk"],
            ["flavors.id"],
            name="fk_flavor_specs_flavor_pk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("flavor_pk", "name", name="pk_flavor_specs"),
    )


def _make_inventories() -> None:
    op.create_table(
        "inventories",
        sa.Column("provider_id", sa.String(36), nullable=False),
        sa.Column("resource_class", sa.String(255), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("min_unit", sa.Integer(), nullable=False),
        sa.Column("max_unit", sa.Integer(), nullable=False),
        sa.Column("step_size", sa.Integer(), nullable=False),
        sa.Column("allocation_ratio", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["resource_providers.id"],
            name="fk_inventories_provider_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "resource_class", name="pk_inventories"
        ),
    )
