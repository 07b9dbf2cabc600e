"""Quotas: counted from rows, in the transaction that adds to them."""

import dataclasses

from oslo_config import cfg
from sqlalchemy import orm

from compute import exceptions
from compute.db.api import mappings

#: Limits that are checked, each by the option ``quota_NAME``.
COUNTED = ("instances", "cores", "ram")
CHECKED = (*COUNTED, "key_pairs", "metadata_items")

#: Limits of what is not there, or bounded otherwise; shown to old clients.
FIXED = {
    "server_groups": 10, "server_group_members": 10,
    "injected_files": 0, "injected_file_content_bytes": 10240,
    "injected_file_path_bytes": 255,
    "fixed_ips": -1, "floating_ips": -1, "networks": -1,
    "security_groups": -1, "security_group_rules": -1,
}


def defaults(conf: cfg.ConfigOpts) -> dict[str, int]:
    """Return the limits of a project that has none of its own."""
    return FIXED | {name: conf.compute[f"quota_{name}"] for name in CHECKED}


def limits(session: orm.Session, conf: cfg.ConfigOpts,
           project_id: str) -> dict[str, int]:
    """Return the limits of the project."""
    return defaults(conf) | mappings.limits(session, project_id)


def check(session: orm.Session, conf: cfg.ConfigOpts, project_id: str,
          wanted: mappings.Usage) -> None:
    """Raise QuotaExceeded unless the project may have ``wanted`` more.

    The project stays locked until the transaction ends.
    """
    mappings.lock(session, project_id)
    found = limits(session, conf, project_id)
    used = dataclasses.asdict(mappings.usage(session, project_id))
    asked = dataclasses.asdict(wanted)
    for name in COUNTED:
        if 0 <= found[name] < used[name] + asked[name]:
            raise exceptions.QuotaExceeded(
                resource=name, requested=asked[name], used=used[name],
                limit=found[name])
