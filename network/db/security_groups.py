"""Queries of security groups and their rules."""

import sqlalchemy as sa
from sqlalchemy import exc, orm

from network import exceptions
from network.db import changes
from network.db.models import PortGroup, Rule, SecurityGroup
from network.security_groups import number


def get(session: orm.Session, group_id: str) -> SecurityGroup:
    """Return the group or raise SecurityGroupNotFound."""
    found = session.get(SecurityGroup, group_id)
    if found is None:
        raise exceptions.SecurityGroupNotFound(id=group_id)
    return found


def get_rule(session: orm.Session, rule_id: str) -> Rule:
    """Return the rule or raise SecurityGroupRuleNotFound."""
    found = session.get(Rule, rule_id)
    if found is None:
        raise exceptions.SecurityGroupRuleNotFound(id=rule_id)
    return found


def find_default(session: orm.Session, project_id: str) -> str | None:
    """Return the id of the project's default group, if it has one."""
    return session.scalar(sa.select(SecurityGroup.id).where(
        SecurityGroup.default_of == project_id))


def ensure_default(session: orm.Session, project_id: str) -> str:
    """Return the id of the project's default group, made when needed.

    Of two that make it at once, one does.
    """
    found = find_default(session, project_id)
    if found:
        return found
    try:
        with session.begin_nested():
            made = create(
                session, project_id=project_id, name="default",
                description="Default security group",
                default_of=project_id)
            for ethertype in ("IPv4", "IPv6"):
                add_rule(session, made, direction="ingress",
                         ethertype=ethertype, remote_group_id=made.id)
        return made.id
    except exc.IntegrityError:
        found = find_default(session, project_id)
        if found is None:
            raise
        return found


def create(session: orm.Session, **values: object) -> SecurityGroup:
    """Add a group that lets everything out and nothing in."""
    group = SecurityGroup(**values)
    session.add(group)
    session.flush()
    for ethertype in ("IPv4", "IPv6"):
        add_rule(session, group, direction="egress", ethertype=ethertype)
    return group


def add_rule(session: orm.Session, group: SecurityGroup,
             **values: object) -> Rule:
    """Add a rule in normal form.

    :raises SecurityGroupRuleExists: if the group says so already
    """
    rule = Rule(security_group_id=group.id, project_id=group.project_id,
                meaning=meaning(values), **values)
    try:
        with session.begin_nested():
            session.add(rule)
            session.flush()
    except exc.IntegrityError:
        same = session.scalar(sa.select(Rule.id).where(
            Rule.security_group_id == group.id,
            Rule.meaning == rule.meaning))
        if same is None:
            raise exceptions.SecurityGroupNotFound(
                id=values.get("remote_group_id") or group.id) from None
        raise exceptions.SecurityGroupRuleExists(rule_id=same) from None
    session.expire(group, ["rules"])
    changes.touch(group)
    changes.add(session, "security_group", group.id)
    return rule


def meaning(values: dict) -> str:
    """Return the line by which equal rules are known."""
    names = ("direction", "ethertype", "protocol", "port_range_min",
             "port_range_max", "remote_ip_prefix", "remote_group_id")
    plain = values | {"protocol": number(values.get("protocol"))}
    return "|".join(
        "" if plain.get(name) is None else str(plain[name])
        for name in names)


def delete_rule(session: orm.Session, rule: Rule) -> None:
    """Remove the rule."""
    group = get(session, rule.security_group_id)
    changes.touch(group)
    changes.add(session, "security_group", group.id)
    session.delete(rule)
    session.flush()


def is_in_use(session: orm.Session, group_id: str) -> bool:
    """Say whether ports are in the group."""
    return session.scalar(sa.select(PortGroup.port_id).where(
        PortGroup.security_group_id == group_id).limit(1)) is not None


def delete(session: orm.Session, group: SecurityGroup) -> None:
    """Remove the group.

    :raises SecurityGroupInUse: while ports or other groups' rules name it
    """
    if is_in_use(session, group.id):
        raise exceptions.SecurityGroupInUse(id=group.id)
    session.execute(sa.delete(Rule).where(
        Rule.remote_group_id == group.id,
        Rule.security_group_id == group.id))
    session.expire(group, ["rules"])
    try:
        with session.begin_nested():
            session.delete(group)
            session.flush()
    except exc.IntegrityError:
        raise exceptions.SecurityGroupInUse(id=group.id) from None
    changes.add(session, "security_group", group.id)


def known(session: orm.Session, ids: list[str]) -> dict[str, str]:
    """Return the project of each of the groups that exist."""
    return dict(session.execute(
        sa.select(SecurityGroup.id, SecurityGroup.project_id)
        .where(SecurityGroup.id.in_(ids))).all())
