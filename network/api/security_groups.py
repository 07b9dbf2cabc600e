"""Handlers of /v2.0/security-groups and /v2.0/security-group-rules."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db, wsgi
from network import exceptions, quotas, security_groups
from network.api import common, lists
from network.db import changes
from network.db import security_groups as rows
from network.db.models import Rule, SecurityGroup
from network.schemas import base
from network.schemas import security_groups as schemas

LISTING = lists.Listing(
    "security_groups", SecurityGroup,
    filters=common.filters(SecurityGroup) | {
        "stateful": SecurityGroup.stateful,
        "shared": lambda values: sa.literal(False).in_(
            [value.lower() in ("true", "1") for value in values]),
    },
    sort_keys=common.sort_keys(SecurityGroup))
RULES = lists.Listing(
    "security_group_rules", Rule,
    filters={
        "id": Rule.id, "tenant_id": Rule.project_id,
        "project_id": Rule.project_id, "direction": Rule.direction,
        "security_group_id": Rule.security_group_id,
        "ethertype": Rule.ethertype, "protocol": Rule.protocol,
        "port_range_min": Rule.port_range_min,
        "port_range_max": Rule.port_range_max,
        "remote_ip_prefix": Rule.remote_ip_prefix,
        "remote_group_id": Rule.remote_group_id,
        "description": Rule.description,
    },
    sort_keys={"id": Rule.id, "created_at": Rule.created_at,
               "updated_at": Rule.updated_at, "direction": Rule.direction,
               "ethertype": Rule.ethertype, "tenant_id": Rule.project_id,
               "project_id": Rule.project_id,
               "security_group_id": Rule.security_group_id})


def view(group: SecurityGroup) -> dict[str, Any]:
    """Return the group as clients see it."""
    return common.shown(group) | {
        "stateful": group.stateful, "shared": False,
        "security_group_rules": [view_rule(rule) for rule in group.rules],
    }


def view_rule(rule: Rule) -> dict[str, Any]:
    """Return the rule as clients see it."""
    return {
        "id": rule.id, "tenant_id": rule.project_id,
        "project_id": rule.project_id,
        "security_group_id": rule.security_group_id,
        "direction": rule.direction, "ethertype": rule.ethertype,
        "protocol": rule.protocol, "port_range_min": rule.port_range_min,
        "port_range_max": rule.port_range_max,
        "remote_ip_prefix": rule.remote_ip_prefix,
        "remote_group_id": rule.remote_group_id,
        "remote_address_group_id": None,
        "normalized_cidr": rule.remote_ip_prefix,
        "description": rule.description, "tags": [],
        "belongs_to_default_sg": None,
        "revision_number": rule.revision_number,
        "created_at": common.time_of(rule.created_at),
        "updated_at": common.time_of(rule.updated_at),
    }


def _target(row: SecurityGroup | Rule) -> dict[str, Any]:
    return {"project_id": row.project_id}


def _visible(req: wsgi.Request, session: orm.Session,
             group_id: str) -> SecurityGroup:
    group = rows.get(session, group_id)
    req.authorize("get_security_group", _target(group),
                  hide=exceptions.SecurityGroupNotFound(id=group_id))
    return group


class SecurityGroups:
    """Create, list, show, change and delete security groups."""

    def __init__(self, database: db.Database,
                 changed: Callable[[], None]) -> None:
        self._db = database
        self._changed = changed

    def routes(self) -> list[wsgi.Route]:
        one = "/security-groups/{group_id}"
        return [
            ("POST", "/security-groups", self.create),
            ("GET", "/security-groups", self.index),
            ("GET", one, self.show),
            ("PUT", one, self.update),
            ("DELETE", one, self.delete),
        ]

    def _ensure_default(self, project_id: str | None) -> None:
        """Make the project's default group, which clients expect to see.

        It is the same at whatever time it is made, and made once.
        """
        if not project_id:
            return
        with self._db.reader() as session:
            if rows.find_default(session, project_id):
                return
        with self._db.writer() as session:
            rows.ensure_default(session, project_id)
        self._changed()

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Make a group that lets everything out and nothing in."""
        item = dict(req.json["security_group"])
        project = common.project_for(req, item, "create_security_group")
        values = base.plain(item, "stateful")
        if values.get("name") == "default":
            raise exceptions.SecurityGroupDefaultAlreadyExists()
        with self._db.writer() as session:
            rows.ensure_default(session, project)
            quotas.check(session, project, "security_group")
            group = rows.create(session, project_id=project, **values)
            shown = view(group)
        self._changed()
        return {"security_group": shown}

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List the groups of the project."""
        req.authorize("get_security_group")
        if "service" not in req.ctx.roles:  # it looks at those of others
            self._ensure_default(req.ctx.project_id)
        condition = common.own_or(
            req, "get_security_group:all", SecurityGroup)
        with self._db.reader() as session:
            return LISTING.answer(
                req, session, sa.select(SecurityGroup).where(condition),
                view)

    @wsgi.handler()
    def show(self, req: wsgi.Request, group_id: str) -> dict[str, Any]:
        """Show a group with its rules."""
        with self._db.reader() as session:
            shown = view(_visible(req, session, group_id))
        return {"security_group": lists.fields(req, shown)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, group_id: str) -> dict[str, Any]:
        """Change a group."""
        item = base.plain(dict(req.json["security_group"]), "stateful")
        with self._db.writer() as session:
            group = _visible(req, session, group_id)
            req.authorize("update_security_group", _target(group))
            common.check_revision(req, group)
            if group.default_of and item.get("name") not in (
                    None, "default"):
                raise exceptions.SecurityGroupCannotUpdateDefault()
            if item.get("stateful", group.stateful) != group.stateful and (
                    rows.is_in_use(session, group.id)):
                raise exceptions.SecurityGroupInUse(id=group.id)
            for name, value in item.items():
                setattr(group, name, value)
            changes.touch(group)
            changes.add(session, "security_group", group.id)
            session.flush()
            shown = view(group)
        self._changed()
        return {"security_group": shown}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, group_id: str) -> None:
        """Delete a group that no port is in; not the default one."""
        with self._db.writer() as session:
            group = _visible(req, session, group_id)
            req.authorize("delete_security_group", _target(group))
            common.check_revision(req, group)
            if group.default_of and not req.allowed(
                    "get_security_group:all"):
                raise exceptions.SecurityGroupCannotRemoveDefault()
            rows.delete(session, group)
        self._changed()


class SecurityGroupRules:
    """Create, list, show and delete rules."""

    def __init__(self, database: db.Database,
                 changed: Callable[[], None]) -> None:
        self._db = database
        self._changed = changed

    def routes(self) -> list[wsgi.Route]:
        one = "/security-group-rules/{rule_id}"
        return [
            ("POST", "/security-group-rules", self.create),
            ("GET", "/security-group-rules", self.index),
            ("GET", one, self.show),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(body=schemas.CREATE_RULE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Add one rule, or several at once."""
        items, bulk = common.items_of(
            req.json, "security_group_rule", "security_group_rules")
        with self._db.writer() as session:
            made = common.each_in_turn(
                items, lambda item: self._create(req, session, item))
            shown = [view_rule(rule) for rule in made]
        self._changed()
        if bulk:
            return {"security_group_rules": shown}
        return {"security_group_rule": shown[0]}

    def _create(self, req: wsgi.Request, session: orm.Session,
                item: dict[str, Any]) -> Rule:
        group = _visible(req, session, item.pop("security_group_id"))
        req.authorize("create_security_group_rule", _target(group))
        for name in ("project_id", "tenant_id"):
            if item.pop(name, group.project_id) != group.project_id:
                req.authorize("get_security_group:all")
        values = security_groups.normal(_typed(item))
        if values.get("remote_group_id"):
            _visible(req, session, values["remote_group_id"])
        quotas.check(session, group.project_id, "security_group_rule")
        return rows.add_rule(session, group, **values)

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List the rules of the project's groups."""
        req.authorize("get_security_group_rule")
        condition = common.own_or(req, "get_security_group:all", Rule)
        with self._db.reader() as session:
            return RULES.answer(
                req, session, sa.select(Rule).where(condition), view_rule)

    def _visible(self, req: wsgi.Request, session: orm.Session,
                 rule_id: str) -> Rule:
        rule = rows.get_rule(session, rule_id)
        req.authorize(
            "get_security_group_rule", _target(rule),
            hide=exceptions.SecurityGroupRuleNotFound(id=rule_id))
        return rule

    @wsgi.handler()
    def show(self, req: wsgi.Request, rule_id: str) -> dict[str, Any]:
        """Show a rule."""
        with self._db.reader() as session:
            shown = view_rule(self._visible(req, session, rule_id))
        return {"security_group_rule": lists.fields(req, shown)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, rule_id: str) -> None:
        """Remove a rule."""
        with self._db.writer() as session:
            rule = self._visible(req, session, rule_id)
            req.authorize("delete_security_group_rule", _target(rule))
            rows.delete_rule(session, rule)
        self._changed()


def _typed(item: dict[str, Any]) -> dict[str, Any]:
    """Return the members in one spelling; -1 means any."""
    made = {name: (None if value == "" else value)
            for name, value in item.items()}
    for name in ("port_range_min", "port_range_max"):
        value = made.get(name)
        made[name] = None if value in (None, -1) else int(value)
    made["description"] = made.get("description") or ""
    if made.get("ethertype"):
        made["ethertype"] = made["ethertype"].replace("ip", "IP")
    return made
