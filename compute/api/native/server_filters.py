"""The query string of server lists: who may filter by what, and how."""

import datetime
import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from common import exceptions, schema
from compute import states
from compute.db.cell import servers as queries
from compute.db.cell.models import Nic, Server, ServerTag

Statement = Any
Filter = Callable[[Statement, list[str]], Statement]

#: Filters for those who may not use all, and the version of each.
_OPEN = {
    **dict.fromkeys(("name", "status", "image", "flavor", "ip",
                     "changes-since", "reservation_id"), 1),
    "ip6": 5, "tags": 26, "tags-any": 26, "not-tags": 26,
    "not-tags-any": 26, "changes-before": 66, "locked": 73,
    **dict.fromkeys(("availability_zone", "config_drive", "key_name",
                     "created_at", "launched_at", "terminated_at",
                     "power_state", "task_state", "vm_state", "progress",
                     "user_id"), 83),
}

_ESCAPE = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


def statement(params: dict[str, list[str]], version: int, *,
              admin: bool, project_id: str | None) -> Statement:
    """Return the select of a list.

    :param project_id: whose servers; None for those of all projects
    :param admin: may use every filter
    :raises BadRequest: that names the filter and what is allowed
    """
    found = queries.query()
    if project_id is not None:
        found = found.where(Server.project_id == project_id)
    found = found.where(_deleted(params, admin))
    for name, values in params.items():
        if not admin and _OPEN.get(name, 1000) > version:
            continue
        if name == "status":
            found = _status(found, values, version)
        elif name in _FILTERS:
            found = _FILTERS[name](found, values)
    return found


def _deleted(params: dict[str, list[str]], admin: bool) -> Any:
    """Deleted ones are listed if asked for, and with changes-since."""
    if admin and "deleted" in params:
        wanted = _boolean("deleted", params["deleted"][-1])
        return Server.deleted.is_(wanted)
    if admin and "changes-since" in params:
        return sa.true()
    return Server.deleted.is_(False)


def _status(found: Statement, values: list[str],
            version: int) -> Statement:
    clauses = []
    for value in values:
        vm_states, task_states = states.of_status(value)
        if not vm_states and version >= 38:
            raise exceptions.BadRequest(
                reason=f"Invalid status value: {value[:64]!r}")
        clause: Any = Server.vm_state.in_(vm_states)
        if task_states:
            clause = sa.and_(clause, Server.task_state.in_(task_states))
        clauses.append(clause)
    return found.where(sa.or_(sa.false(), *clauses))


def pattern(text: str) -> str:
    """Return the LIKE pattern for what clients send as a pattern.

    Clients may send simple regular expressions; a backtracking engine must
    not get them, so what is common in them is read and the rest is text.
    """
    head = "" if text.startswith("^") else "%"
    tail = "" if text.endswith("$") and not text.endswith(r"\$") else "%"
    text = text.removeprefix("^")
    text = text.removesuffix("$") if not tail else text
    out = []
    for part in re.findall(
            r"\\.|\.\*|\.\+|\[[^\]]{1,64}\][*+?]?|.", text, re.DOTALL):
        if part in (".*", ".+") or part.startswith("[") and len(part) > 1:
            out.append("%")
        elif part == ".":
            out.append("_")
        else:
            plain = part[1:] if len(part) == 2 else part
            out.append(plain.translate(_ESCAPE))
    return head + "".join(out) + tail


def _like(column: Any) -> Filter:
    def apply(found: Statement, values: list[str]) -> Statement:
        return found.where(sa.or_(*[
            column.like(pattern(value), escape="\\") for value in values]))
    return apply


def _address(version: int) -> Filter:
    def apply(found: Statement, values: list[str]) -> Statement:
        text = sa.cast(Nic.fixed_ips, sa.Text)
        wanted = pattern(values[-1]).strip("%").replace(r"\_", "_")
        anchored = values[-1].startswith("^") or version == 0
        start = '%"ip_address":"' if anchored else "%"
        return found.where(sa.exists().where(
            Nic.server_id == Server.id,
            sa.func.replace(text, '": "', '":"').like(
                f"{start}{wanted}%", escape="\\")))
    return apply


def _equal(column: Any) -> Filter:
    def apply(found: Statement, values: list[str]) -> Statement:
        return found.where(column.in_(values))
    return apply


def _number(name: str, column: Any) -> Filter:
    def apply(found: Statement, values: list[str]) -> Statement:
        for value in values:
            if not re.fullmatch("[0-9]{1,9}", value):
                raise exceptions.BadRequest(
                    reason=f"{name}: {value[:32]!r} is not a number")
        return found.where(column.in_([int(value) for value in values]))
    return apply


def _state(column: Any) -> Filter:
    def apply(found: Statement, values: list[str]) -> Statement:
        named = [value for value in values if value.lower() != "none"]
        clause = column.in_(named)
        if len(named) < len(values):
            clause = sa.or_(clause, column.is_(None))
        return found.where(clause)
    return apply


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false", "1", "0", "yes", "no", "on",
                             "off", "t", "f", "y", "n"):
        raise exceptions.BadRequest(
            reason=f"{name}: {value[:32]!r} is not true or false")
    return schema.is_true(value)


def _flag(name: str, clause: Any) -> Filter:
    def apply(found: Statement, values: list[str]) -> Statement:
        wanted = _boolean(name, values[-1])
        return found.where(clause if wanted else sa.not_(clause))
    return apply


def moment(name: str, text: str) -> datetime.datetime:
    """Return a time that a client sent, or raise BadRequest."""
    try:
        found = datetime.datetime.fromisoformat(
            text.strip().replace(" ", "+"))
    except ValueError:
        raise exceptions.BadRequest(
            reason=f"{name}: {text[:64]!r} is not a time such as "
                   "2026-01-02T03:04:05Z") from None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _since(found: Statement, values: list[str]) -> Statement:
    return found.where(
        Server.updated_at >= moment("changes-since", values[-1]))


def _before(found: Statement, values: list[str]) -> Statement:
    return found.where(
        Server.updated_at <= moment("changes-before", values[-1]))


def _tags(*, every: bool, negate: bool) -> Filter:
    def apply(found: Statement, values: list[str]) -> Statement:
        names = [name for value in values for name in value.split(",")]
        having = [Server.id.in_(sa.select(ServerTag.server_id).where(
            ServerTag.tag == name)) for name in names]
        clause = sa.and_(*having) if every else sa.or_(*having)
        return found.where(sa.not_(clause) if negate else clause)
    return apply


_FILTERS: dict[str, Filter] = {
    "name": _like(Server.name), "display_name": _like(Server.name),
    "description": _like(Server.description),
    "display_description": _like(Server.description),
    "image": _equal(Server.image_id), "image_ref": _equal(Server.image_id),
    "flavor": _equal(Server.flavor_id), "host": _equal(Server.host),
    "node": _equal(Server.node), "hostname": _equal(Server.hostname),
    "reservation_id": _equal(Server.reservation_id),
    "user_id": _equal(Server.user_id), "uuid": _equal(Server.id),
    "availability_zone": _equal(Server.availability_zone),
    "vm_state": _equal(Server.vm_state),
    "key_name": _equal(Server.key_name),
    "task_state": _state(Server.task_state),
    "power_state": _number("power_state", Server.power_state),
    "progress": _number("progress", Server.progress),
    "launch_index": _number("launch_index", Server.launch_index),
    "locked": _flag("locked", Server.locked_by.is_not(None)),
    "config_drive": _flag("config_drive", Server.config_drive.is_(True)),
    "ip": _address(4), "ip6": _address(6),
    "changes-since": _since, "changes-before": _before,
    "tags": _tags(every=True, negate=False),
    "tags-any": _tags(every=False, negate=False),
    "not-tags": _tags(every=True, negate=True),
    "not-tags-any": _tags(every=False, negate=True),
}

#: What lists can be sorted by.
SORT_KEYS: dict[str, Any] = {
    "uuid": Server.id, "id": Server.id, "created_at": Server.created_at,
    "updated_at": Server.updated_at, "display_name": Server.name,
    "name": Server.name, "hostname": Server.hostname,
    "host": sa.func.coalesce(Server.host, ""),
    "node": sa.func.coalesce(Server.node, ""),
    "image_ref": sa.func.coalesce(Server.image_id, ""),
    "vm_state": Server.vm_state,
    "task_state": sa.func.coalesce(Server.task_state, ""),
    "power_state": Server.power_state, "progress": Server.progress,
    "project_id": Server.project_id, "user_id": Server.user_id,
    "launch_index": Server.launch_index,
    "instance_type_id": Server.flavor_id,
    "availability_zone": sa.func.coalesce(Server.availability_zone, ""),
    "config_drive": Server.config_drive,
    "display_description": sa.func.coalesce(Server.description, ""),
    "access_ip_v4": sa.func.coalesce(Server.access_ip_v4, ""),
    "access_ip_v6": sa.func.coalesce(Server.access_ip_v6, ""),
    "root_device_name": Server.root_device,
    "locked_by": sa.func.coalesce(Server.locked_by, ""),
}
