"""The /role_assignments resource."""

from typing import Any

from common import db, exceptions, wsgi
from identity.api import base
from identity.assignments import Entry, World, plain
from identity.db import assignments as rows
from identity.db import projects
from identity.db.models import (
    DOMAIN,
    GROUP,
    PROJECT,
    SYSTEM,
    USER,
    Group,
    Project,
    User,
)
from identity.policies import assignments as policies
from identity.policies.base import target
from identity.roles import RoleGraph


class Assignments:
    """The one handler of /role_assignments."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/role_assignments", self.list)]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        """List assignments as made, or by what they effect."""
        query = req.params_checked
        _check(query)
        with self._db.reader() as session:
            domain_id = _authorize(session, req)
            entries = _entries(session, query)
            if domain_id is not None:
                inside = rows.in_domain(session, domain_id)
                entries = [e for e in entries if e.target_id in inside]
            shown = [_view(req, entry) for entry in entries]
            if _flag(query, "include_names"):
                _add_names(session, entries, shown)
        return base.whole(req, "role_assignments", shown)


def _flag(query: dict[str, Any], name: str) -> bool:
    return name in query and base.flag(query[name])


def _check(query: dict[str, Any]) -> None:
    """Refuse what no assignment can be like."""
    for one, other in (("user.id", "group.id"),
                       ("scope.project.id", "scope.domain.id"),
                       ("scope.system", "scope.project.id"),
                       ("scope.system", "scope.domain.id")):
        if one in query and other in query:
            raise exceptions.BadRequest(
                reason=f"query: {one} and {other} exclude each other")
    if "group.id" in query and _flag(query, "effective"):
        raise exceptions.BadRequest(
            reason="query: effective assignments are of users, so "
                   "group.id would find none")
    if _flag(query, "include_subtree") and "scope.project.id" not in query:
        raise exceptions.BadRequest(
            reason="query: include_subtree needs scope.project.id")


def _authorize(session: Any, req: wsgi.Request) -> str | None:
    """Return the domain outside which the sender sees none, or None."""
    query = req.params_checked
    if not _flag(query, "include_subtree"):
        try:
            req.authorize(policies.LIST_ALL, {})
        except exceptions.Forbidden:
            req.authorize(policies.LIST_ALL, target(
                domain_id=req.ctx.domain_id))
            return req.ctx.domain_id
        return None
    base.find(
        req, policies.LIST_TREE,
        lambda: projects.get(session, query["scope.project.id"]),
        lambda found: target(project_id=found.id,
                             domain_id=found.domain_id or found.id))
    return None


def _entries(session: Any, query: dict[str, Any]) -> list[Entry]:
    if _flag(query, "effective"):
        return _effective(session, query)
    given = rows.matching(session, **_equal(query))
    if not _flag(query, "include_subtree"):
        return [plain(row) for row in given]
    inside = _tree(session, query)
    return [plain(row) for row in given if row.target_id in inside]


def _tree(session: Any, query: dict[str, Any]) -> set[str]:
    project_id = query["scope.project.id"]
    return {project_id, *(
        p.id for p in projects.descendants(session, project_id))}


def _equal(query: dict[str, Any]) -> dict[str, Any]:
    """Return what the columns of assignments must be."""
    wanted: dict[str, Any] = {}
    if "role.id" in query:
        wanted["role_id"] = query["role.id"]
    for name, kind in (("user.id", USER), ("group.id", GROUP)):
        if name in query:
            wanted |= {"actor_kind": kind, "actor_id": query[name]}
    if "scope.domain.id" in query:
        wanted |= {"target_kind": DOMAIN,
                   "target_id": query["scope.domain.id"]}
    if "scope.project.id" in query:
        wanted["target_kind"] = PROJECT
        if not _flag(query, "include_subtree"):
            wanted["target_id"] = query["scope.project.id"]
    if _flag(query, "scope.system"):
        wanted["target_kind"] = SYSTEM
    if query.get("scope.OS-INHERIT:inherited_to") == "projects":
        wanted["inherited"] = True
    return wanted


def _effective(session: Any, query: dict[str, Any]) -> list[Entry]:
    """Return what works, then take what was asked for.

    Five queries, however many assignments there are.
    """
    given = rows.matching(session)
    world = World(
        RoleGraph.load(session),
        rows.members(session, (row.actor_id for row in given
                               if row.actor_kind == GROUP)),
        rows.parents(session))
    if query.get("scope.OS-INHERIT:inherited_to") == "projects":
        given = [row for row in given if row.inherited]
    wanted = _equal(query)
    wanted.pop("inherited", None)
    inside = _tree(session, query) if _flag(
        query, "include_subtree") else None
    return [entry for entry in world.effects(given)
            if all(getattr(entry, k) == v for k, v in wanted.items())
            and (inside is None or entry.target_id in inside)]


def _view(req: wsgi.Request, entry: Entry) -> dict[str, Any]:
    scope: dict[str, Any] = {"system": {"all": True}}
    if entry.target_kind != SYSTEM:
        scope = {entry.target_kind: {"id": entry.target_id}}
    if entry.inherited or entry.source_id is not None:
        scope["OS-INHERIT:inherited_to"] = "projects"
    return {"role": {"id": entry.role_id},
            entry.actor_kind: {"id": entry.actor_id},
            "scope": scope, "links": _links(req, entry)}


def _links(req: wsgi.Request, entry: Entry) -> dict[str, str]:
    kind, actor_id = ((GROUP, entry.group_id) if entry.group_id else
                      (entry.actor_kind, entry.actor_id))
    role_id = entry.prior_id or entry.role_id
    on = (entry.source_kind or entry.target_kind,
          entry.source_id or entry.target_id)
    path = f"{kind}s/{actor_id}/roles/{role_id}"
    path = (f"system/{path}" if on[0] == SYSTEM
            else f"{on[0]}s/{on[1]}/{path}")
    if entry.inherited or entry.source_id is not None:
        path = f"OS-INHERIT/{path}/inherited_to_projects"
    shown = {"assignment": req.public_url(base.path(path))}
    if entry.group_id:
        shown["membership"] = req.public_url(base.path(
            "groups", entry.group_id, "users", entry.actor_id))
    if entry.prior_id:
        shown["prior_role"] = req.public_url(base.path(
            "prior_role", entry.prior_id, "implies", entry.role_id))
    return shown


def _add_names(session: Any, entries: list[Entry],
               shown: list[dict[str, Any]]) -> None:
    known: dict[str, dict[str, Any]] = {
        USER: _names(session, User, entries, USER),
        GROUP: _names(session, Group, entries, GROUP),
        PROJECT: _names(session, Project, entries, PROJECT),
        DOMAIN: _names(session, Project, entries, DOMAIN),
    }
    role_names = RoleGraph.load(session).names
    for entry, view in zip(entries, shown, strict=True):
        role = role_names.get(entry.role_id)
        if role:
            view["role"]["name"] = role.name
        for kind, item_id, place in (
                (entry.actor_kind, entry.actor_id, view),
                (entry.target_kind, entry.target_id, view["scope"])):
            found = known.get(kind, {}).get(item_id)
            if found:
                place[kind] = found


def _names(session: Any, model: Any, entries: list[Entry],
           kind: str) -> dict[str, dict[str, Any]]:
    ids = {entry.actor_id for entry in entries if entry.actor_kind == kind}
    ids |= {entry.target_id for entry in entries
            if entry.target_kind == kind}
    return rows.names(session, model, ids) if ids else {}
