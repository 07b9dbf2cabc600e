"""The first tables."""

import sqlalchemy as sa
from alembic import op

from common import db, events, lease, task

revision = "0001"
down_revision = None


def upgrade() -> None:
    _make_actions()
    _make_nodes()
    _make_servers()
    _make_services()
    _make_action_events()
    _make_nics()
    _make_server_tags()
    _make_server_volumes()
    task.create_tables(op)
    lease.create_tables(op)
    events.create_tables(op)


def _make_actions() -> None:
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("server_id", sa.String(36), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=True),
        sa.Column("project_id", sa.String(255), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("started_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
    )
    op.create_index(
        "ix_actions_server", "actions", ["server_id", "started_at"]
    )


def _make_nodes() -> None:
    op.create_table(
        "nodes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("host_uuid", sa.String(36), nullable=False),
        sa.Column("hypervisor_hostname", sa.String(255), nullable=False),
        sa.Column("facts", db.JSON(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_nodes"),
        sa.UniqueConstraint("host", name="uq_nodes_host"),
    )


def _make_servers() -> None:
    op.create_table(
        "servers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("hostname", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255), nullable=True),
        sa.Column("reservation_id", sa.String(32), nullable=False),
        sa.Column("launch_index", sa.Integer(), nullable=False),
        sa.Column("vm_state", sa.String(32), nullable=False),
        sa.Column("task_state", sa.String(32), nullable=True),
        sa.Column("power_state", sa.Integer(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("locked_by", sa.String(16), nullable=True),
        sa.Column("locked_reason", sa.String(255), nullable=True),
        sa.Column("fault", db.JSON(), nullable=True),
        sa.Column("host", sa.String(255), nullable=True),
        sa.Column("node", sa.String(255), nullable=True),
        sa.Column("failed_hosts", db.JSON(), nullable=False),
        sa.Column("availability_zone", sa.String(255), nullable=True),
        sa.Column("pinned_zone", sa.String(255), nullable=True),
        *_what_was_asked_for(),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.Column("launched_at", db.UTCDateTime(), nullable=True),
        sa.Column("deleted_at", db.UTCDateTime(), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_servers"),
    )
    op.create_index(
        "ix_servers_created", "servers", ["deleted", "created_at", "id"]
    )
    op.create_index("ix_servers_host", "servers", ["host", "deleted"])
    op.create_index(
        "ix_servers_list",
        "servers",
        ["project_id", "deleted", "created_at", "id"],
    )


def _what_was_asked_for() -> list[sa.Column]:
    """Return the columns of servers that users fill."""
    return [
        sa.Column("flavor", db.JSON(), nullable=False),
        sa.Column("flavor_id", sa.String(255), nullable=False),
        sa.Column("image", db.JSON(), nullable=True),
        sa.Column("image_id", sa.String(36), nullable=True),
        sa.Column("key", db.JSON(), nullable=True),
        sa.Column("key_name", sa.String(255), nullable=True),
        sa.Column("user_data", sa.Text(), nullable=True),
        sa.Column("meta", db.JSON(), nullable=False),
        sa.Column("config_drive", sa.Boolean(), nullable=False),
        sa.Column("hints", db.JSON(), nullable=False),
        sa.Column("wanted_nics", db.JSON(), nullable=False),
        sa.Column("security_groups", db.JSON(), nullable=False),
        sa.Column("trusted_certs", db.JSON(), nullable=True),
        sa.Column("disk_config", sa.String(8), nullable=False),
        sa.Column("root_device", sa.String(255), nullable=False),
        sa.Column("access_ip_v4", sa.String(39), nullable=True),
        sa.Column("access_ip_v6", sa.String(39), nullable=True),
    ]


def _make_services() -> None:
    op.create_table(
        "services",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("binary", sa.String(64), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(255), nullable=True),
        sa.Column("forced_down", sa.Boolean(), nullable=False),
        sa.Column("seen_at", db.UTCDateTime(), nullable=True),
        sa.Column("updated_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_services"),
        sa.UniqueConstraint("binary", "host", name="uq_services_binary_host"),
    )


def _make_action_events() -> None:
    op.create_table(
        "action_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("host", sa.String(255), nullable=True),
        sa.Column("result", sa.String(16), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("started_at", db.UTCDateTime(), nullable=False),
        sa.Column("finished_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["actions.id"],
            name="fk_action_events_action_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_action_events"),
    )
    op.create_index(
        "ix_action_events_action_id", "action_events", ["action_id"]
    )


def _make_nics() -> None:
    op.create_table(
        "nics",
        sa.Column("port_id", sa.String(36), nullable=False),
        sa.Column("server_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("owned", sa.Boolean(), nullable=False),
        sa.Column("network_id", sa.String(36), nullable=False),
        sa.Column("network_name", sa.String(255), nullable=False),
        sa.Column("mac", sa.String(17), nullable=False),
        sa.Column("mtu", sa.Integer(), nullable=False),
        sa.Column("fixed_ips", db.JSON(), nullable=False),
        sa.Column("subnets", db.JSON(), nullable=False),
        sa.Column("floating_ips", db.JSON(), nullable=False),
        sa.Column(
            "security_groups", db.JSON(), nullable=False
        ),
        sa.Column("tag", sa.String(60), nullable=True),
        sa.Column("plugged", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name="fk_nics_server_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("port_id", name="pk_nics"),
    )
    op.create_index("ix_nics_server_id", "nics", ["server_id"])


def _make_server_tags() -> None:
    op.create_table(
        "server_tags",
        sa.Column("server_id", sa.String(36), nullable=False),
        sa.Column("tag", sa.String(60), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name="fk_server_tags_server_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("server_id", "tag", name="pk_server_tags"),
    )
    op.create_index("ix_server_tags_tag", "server_tags", ["tag"])


def _make_server_volumes() -> None:
    op.create_table(
        "server_volumes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("server_id", sa.String(36), nullable=False),
        sa.Column("volume_id", sa.String(36), nullable=False),
        sa.Column("attachment_id", sa.String(36), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("device", sa.String(255), nullable=False),
        sa.Column("tag", sa.String(60), nullable=True),
        sa.Column("delete_on_termination", sa.Boolean(), nullable=False),
        sa.Column(
            "connection_info", db.JSON(), nullable=True
        ),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name="fk_server_volumes_server_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_server_volumes"),
        sa.UniqueConstraint(
            "server_id", "device", name="uq_server_volumes_server_id_device"
        ),
        sa.UniqueConstraint(
            "server_id",
            "volume_id",
            name="uq_server_volumes_server_id_volume_id",
        ),
    )
    op.create_index(
        "ix_server_volumes_volume_id", "server_volumes", ["volume_id"]
    )
