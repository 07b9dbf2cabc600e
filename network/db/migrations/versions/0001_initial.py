"""Make the first tables."""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0001_initial"
down_revision = None


def upgrade() -> None:
    _make_changes()
    _make_leases()
    _make_networks()
    _make_notices()
    _make_quota_locks()
    _make_quotas()
    _make_security_groups()
    _make_ports()
    _make_security_group_rules()
    _make_subnets()
    _make_allocations()
    _make_port_security_groups()
    _make_routers()
    _make_floatingips()


def _make_changes() -> None:
    op.create_table(
        "changes",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("resource_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )


def _make_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=True),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )


def _make_networks() -> None:
    op.create_table(
        "networks",
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("port_security_enabled", sa.Boolean(), nullable=False),
        sa.Column("mtu", sa.Integer(), nullable=False),
        sa.Column("network_type", sa.String(length=32), nullable=False),
        sa.Column("physical_network", sa.String(length=64), nullable=True),
        sa.Column("segmentation_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("tags", db.JSON(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networks")),
        sa.UniqueConstraint(
            "physical_network",
            "network_type",
            "segmentation_id",
            name=op.f(
                "uq_networks_physical_network_network_type_segmentation_id"
            ),
        ),
    )
    op.create_index(
        op.f("ix_networks_created_at"), "networks", ["created_at"])
    op.create_index(
        op.f("ix_networks_external"), "networks", ["external"])
    op.create_index(
        op.f("ix_networks_name"), "networks", ["name"])
    op.create_index(
        op.f("ix_networks_project_id"), "networks", ["project_id"])
    op.create_index(
        op.f("ix_networks_shared"), "networks", ["shared"])


def _make_notices() -> None:
    op.create_table(
        "notices",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("server_id", sa.String(length=255), nullable=False),
        sa.Column("port_id", sa.String(length=36), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(
        op.f("ix_notices_due_at"), "notices", ["due_at"])


def _make_quota_locks() -> None:
    op.create_table(
        "quota_locks",
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_quota_locks")),
    )


def _make_quotas() -> None:
    op.create_table(
        "quotas",
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.String(length=64), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "resource", name=op.f("pk_quotas")
        ),
    )


def _make_security_groups() -> None:
    op.create_table(
        "security_groups",
        sa.Column("stateful", sa.Boolean(), nullable=False),
        sa.Column("default_of", sa.String(length=64), nullable=True),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("tags", db.JSON(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_groups")),
        sa.UniqueConstraint(
            "default_of", name=op.f("uq_security_groups_default_of")
        ),
    )
    op.create_index(
        op.f("ix_security_groups_created_at"),
        "security_groups", ["created_at"])
    op.create_index(
        op.f("ix_security_groups_name"), "security_groups", ["name"])
    op.create_index(
        op.f("ix_security_groups_project_id"),
        "security_groups", ["project_id"])


def _make_ports() -> None:
    op.create_table(
        "ports",
        sa.Column("network_id", sa.String(length=36), nullable=False),
        sa.Column("mac_address", sa.String(length=17), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("device_id", sa.String(length=255), nullable=False),
        sa.Column("device_owner", sa.String(length=255), nullable=False),
        sa.Column("binding_host_id", sa.String(length=255), nullable=False),
        sa.Column("binding_vnic_type", sa.String(length=32), nullable=False),
        sa.Column("binding_profile", db.JSON(), nullable=False),
        sa.Column("port_security_enabled", sa.Boolean(), nullable=False),
        sa.Column("allowed_address_pairs", db.JSON(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("tags", db.JSON(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_ports_network_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ports")),
        sa.UniqueConstraint(
            "network_id",
            "mac_address",
            name=op.f("uq_ports_network_id_mac_address"),
        ),
    )
    op.create_index(
        op.f("ix_ports_binding_host_id"), "ports", ["binding_host_id"])
    op.create_index(
        op.f("ix_ports_created_at"), "ports", ["created_at"])
    op.create_index(
        op.f("ix_ports_device_id"), "ports", ["device_id"])
    op.create_index(
        op.f("ix_ports_device_owner"), "ports", ["device_owner"])
    op.create_index(
        op.f("ix_ports_mac_address"), "ports", ["mac_address"])
    op.create_index(
        op.f("ix_ports_name"), "ports", ["name"])
    op.create_index(
        op.f("ix_ports_network_id"), "ports", ["network_id"])
    op.create_index(
        op.f("ix_ports_project_id"), "ports", ["project_id"])


def _make_security_group_rules() -> None:
    op.create_table(
        "security_group_rules",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("security_group_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("ethertype", sa.String(length=4), nullable=False),
        sa.Column("protocol", sa.String(length=32), nullable=True),
        sa.Column("port_range_min", sa.Integer(), nullable=True),
        sa.Column("port_range_max", sa.Integer(), nullable=True),
        sa.Column("remote_ip_prefix", sa.String(length=64), nullable=True),
        sa.Column("remote_group_id", sa.String(length=36), nullable=True),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("meaning", sa.String(length=255), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_group_id"], ["security_groups.id"],
            name=op.f("fk_security_group_rules_remote_group_id")),
        sa.ForeignKeyConstraint(
            ["security_group_id"], ["security_groups.id"],
            name=op.f("fk_security_group_rules_security_group_id"),
            ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_group_rules")),
        sa.UniqueConstraint(
            "security_group_id",
            "meaning",
            name=op.f("uq_security_group_rules_security_group_id_meaning"),
        ),
    )
    op.create_index(
        op.f("ix_security_group_rules_project_id"),
        "security_group_rules", ["project_id"])
    op.create_index(
        op.f("ix_security_group_rules_remote_group_id"),
        "security_group_rules", ["remote_group_id"])
    op.create_index(
        op.f("ix_security_group_rules_security_group_id"),
        "security_group_rules", ["security_group_id"])


def _make_subnets() -> None:
    op.create_table(
        "subnets",
        sa.Column("network_id", sa.String(length=36), nullable=False),
        sa.Column("ip_version", sa.Integer(), nullable=False),
        sa.Column("cidr", sa.String(length=64), nullable=False),
        sa.Column("gateway_ip", sa.String(length=64), nullable=True),
        sa.Column("enable_dhcp", sa.Boolean(), nullable=False),
        sa.Column("ipv6_ra_mode", sa.String(length=32), nullable=True),
        sa.Column("ipv6_address_mode", sa.String(length=32), nullable=True),
        sa.Column("allocation_pools", db.JSON(), nullable=False),
        sa.Column("dns_nameservers", db.JSON(), nullable=False),
        sa.Column("host_routes", db.JSON(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("tags", db.JSON(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_subnets_network_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subnets")),
    )
    op.create_index(
        op.f("ix_subnets_created_at"), "subnets", ["created_at"])
    op.create_index(
        op.f("ix_subnets_name"), "subnets", ["name"])
    op.create_index(
        op.f("ix_subnets_network_id"), "subnets", ["network_id"])
    op.create_index(
        op.f("ix_subnets_project_id"), "subnets", ["project_id"])


def _make_allocations() -> None:
    op.create_table(
        "allocations",
        sa.Column("subnet_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.String(length=32), nullable=False),
        sa.Column("following", sa.String(length=32), nullable=False),
        sa.Column("ip_address", sa.String(length=64), nullable=False),
        sa.Column("port_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["port_id"], ["ports.id"],
            name=op.f("fk_allocations_port_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["subnet_id"], ["subnets.id"],
            name=op.f("fk_allocations_subnet_id")),
        sa.PrimaryKeyConstraint(
            "subnet_id", "position", name=op.f("pk_allocations")
        ),
    )
    op.create_index(
        op.f("ix_allocations_ip_address"), "allocations", ["ip_address"])
    op.create_index(
        op.f("ix_allocations_port_id"), "allocations", ["port_id"])


def _make_port_security_groups() -> None:
    op.create_table(
        "port_security_groups",
        sa.Column("port_id", sa.String(length=36), nullable=False),
        sa.Column("security_group_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["port_id"], ["ports.id"],
            name=op.f("fk_port_security_groups_port_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["security_group_id"], ["security_groups.id"],
            name=op.f("fk_port_security_groups_security_group_id")),
        sa.PrimaryKeyConstraint(
            "port_id",
            "security_group_id",
            name=op.f("pk_port_security_groups"),
        ),
    )
    op.create_index(
        op.f("ix_port_security_groups_security_group_id"),
        "port_security_groups", ["security_group_id"])


def _make_routers() -> None:
    op.create_table(
        "routers",
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("enable_snat", sa.Boolean(), nullable=False),
        sa.Column("gw_port_id", sa.String(length=36), nullable=True),
        sa.Column("routes", db.JSON(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("tags", db.JSON(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gw_port_id"], ["ports.id"], name=op.f("fk_routers_gw_port_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routers")),
        sa.UniqueConstraint("gw_port_id", name=op.f("uq_routers_gw_port_id")),
    )
    op.create_index(
        op.f("ix_routers_created_at"), "routers", ["created_at"])
    op.create_index(
        op.f("ix_routers_name"), "routers", ["name"])
    op.create_index(
        op.f("ix_routers_project_id"), "routers", ["project_id"])


def _make_floatingips() -> None:
    op.create_table(
        "floatingips",
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("floating_network_id", sa.String(length=36), nullable=False),
        sa.Column("floating_ip_address", sa.String(length=64), nullable=False),
        sa.Column("floating_port_id", sa.String(length=36), nullable=False),
        sa.Column("fixed_port_id", sa.String(length=36), nullable=True),
        sa.Column("fixed_ip_address", sa.String(length=64), nullable=True),
        sa.Column("router_id", sa.String(length=36), nullable=True),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("tags", db.JSON(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fixed_port_id"], ["ports.id"],
            name=op.f("fk_floatingips_fixed_port_id")),
        sa.ForeignKeyConstraint(
            ["floating_network_id"], ["networks.id"],
            name=op.f("fk_floatingips_floating_network_id")),
        sa.ForeignKeyConstraint(
            ["floating_port_id"], ["ports.id"],
            name=op.f("fk_floatingips_floating_port_id")),
        sa.ForeignKeyConstraint(
            ["router_id"], ["routers.id"],
            name=op.f("fk_floatingips_router_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_floatingips")),
        sa.UniqueConstraint(
            "fixed_port_id",
            "fixed_ip_address",
            name=op.f("uq_floatingips_fixed_port_id_fixed_ip_address"),
        ),
        sa.UniqueConstraint(
            "floating_port_id", name=op.f("uq_floatingips_floating_port_id")),
    )
    _index_floatingips()


def _index_floatingips() -> None:
    op.create_index(
        op.f("ix_floatingips_created_at"), "floatingips", ["created_at"])
    op.create_index(
        op.f("ix_floatingips_fixed_port_id"), "floatingips", ["fixed_port_id"])
    op.create_index(
        op.f("ix_floatingips_floating_ip_address"),
        "floatingips", ["floating_ip_address"])
    op.create_index(
        op.f("ix_floatingips_floating_network_id"),
        "floatingips", ["floating_network_id"])
    op.create_index(
        op.f("ix_floatingips_name"), "floatingips", ["name"])
    op.create_index(
        op.f("ix_floatingips_project_id"), "floatingips", ["project_id"])
    op.create_index(
        op.f("ix_floatingips_router_id"), "floatingips", ["router_id"])
