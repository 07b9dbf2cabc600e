"""The /role_assignments resource."""

from typing import Any

from common import exceptions, wsgi
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
    Role,
    User,
)
from identity.policies import assignments as policies
from identity.policies.base import target
from identity.roles import RoleGraph


class Assignments(base.Resource):
    """The one handler of /role_assignments."""

    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/role_assignments", self.list)]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        """List assignments as made, or by what they effect."""
        query = req.params_checked
        _check(query)
        with self._db.reader() as session:
            domain_id = _authorize(session, req)
            inside = [] if domain_id is None else [rows.in_domain(domain_id)]
            entries = (_effective if _flag(query, "effective") else _made)(
                session, query, inside)
            root = req.public_url(base.path())
            shown = [_view(root, entry) for entry in entries]
            if _flag(query, "include_names"):
                _add_names(session, entries, shown)
        return base.whole(req, "role_assignments", shown)


def _flag(query: dict[str, Any], name: str) -> bool:
    return name in query and base.flag(query[name])


_USER, _GROUP, _ROLE = "user.id", "group.id", "role.id"
_PROJECT, _DOMAIN = "scope.project.id", "scope.domain.id"
_SYSTEM, _INHERITED = "scope.system", "scope.OS-INHERIT:inherited_to"
_BELOW = "projects"


def _check(query: dict[str, Any]) -> None:
    """Refuse what no assignment can be like."""
    for one, other in ((_USER, _GROUP), (_PROJECT, _DOMAIN),
                       (_SYSTEM, _PROJECT), (_SYSTEM, _DOMAIN)):
        if one in query and other in query:
            raise exceptions.BadRequest(
                reason=f"query: {one} and {other} exclude each other")
    if query.get(_INHERITED, _BELOW) != _BELOW:
        raise exceptions.BadRequest(
            reason=f"query.{_INHERITED}: can be {_BELOW} only")
    if _flag(query, "effective"):
        _check_effective(query)
    if _flag(query, "include_subtree") and _PROJECT not in query:
        raise exceptions.BadRequest(
            reason=f"query: include_subtree needs {_PROJECT}")


def _check_effective(query: dict[str, Any]) -> None:
    if _GROUP in query:
        raise exceptions.BadRequest(
            reason=f"query: effective assignments are of users, so {_GROUP} "
                   "would find none")
    if _INHERITED in query and _DOMAIN in query:
        raise exceptions.BadRequest(
            reason="query: effective assignments that are inherited are on "
                   f"projects, so {_DOMAIN} would find none")


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
        lambda: projects.get(session, query[_PROJECT]),
        lambda found: target(domain_id=found.domain_id or found.id))
    return None


def _made(session: Any, query: dict[str, Any],
          where: list[Any]) -> list[Entry]:
    """Return the assignments that were made."""
    equal = _of_role(query)
    for name, kind in ((_USER, USER), (_GROUP, GROUP)):
        if name in query:
            equal |= {"actor_kind": kind, "actor_id": query[name]}
    if _DOMAIN in query:
        equal |= {"target_kind": DOMAIN, "target_id": query[_DOMAIN]}
    if _flag(query, _SYSTEM):
        equal |= {"target_kind": SYSTEM}
    if _INHERITED in query:
        equal |= {"inherited": True}
    if _PROJECT not in query:
        return [plain(row) for row in rows.matching(
            session, *where, **equal)]
    ids = _tree(query, rows.parents(session)) if _flag(
        query, "include_subtree") else {query[_PROJECT]}
    found = rows.matching(session, *where, rows.on_targets(PROJECT, ids, ids),
                          target_kind=PROJECT, **equal)
    return [plain(row) for row in found if row.target_id in ids]


def _of_role(query: dict[str, Any]) -> dict[str, Any]:
    return {"role_id": query[_ROLE]} if _ROLE in query else {}


def _tree(query: dict[str, Any],
          parents: dict[str, str | None]) -> set[str]:
    """Return the ids of the project and of those below it."""
    inside = {query[_PROJECT]}
    return inside | {
        project_id for project_id in parents
        if inside & set(_above(project_id, parents))}


def _above(project_id: str,
           parents: dict[str, str | None]) -> list[str]:
    """Return the ids of what is above, up to the domain."""
    found: list[str] = []
    parent_id = parents.get(project_id)
    while parent_id is not None:
        found.append(parent_id)
        parent_id = parents.get(parent_id)
    return found


def _effective(session: Any, query: dict[str, Any],
               where: list[Any]) -> list[Entry]:
    """Return what works, of that what was asked for.

    Five queries, however many assignments there are.
    """
    parents = rows.parents(session)
    user_id, targets = query.get(_USER), None
    where = list(where)
    if user_id is not None:
        where.append(rows.of_user(user_id))
    if _PROJECT in query:
        targets = _tree(query, parents) if _flag(
            query, "include_subtree") else {query[_PROJECT]}
        above = {p for one in targets for p in _above(one, parents)}
        where.append(rows.on_targets(PROJECT, targets, above))
    elif _DOMAIN in query:
        where.append(rows.on_targets(DOMAIN, {query[_DOMAIN]}))
    equal: dict[str, Any] = {}
    if _flag(query, _SYSTEM):
        equal["target_kind"] = SYSTEM
    if _INHERITED in query:
        equal["inherited"] = True
    given = rows.matching(session, *where, **equal)
    members = rows.members(session, (
        row.actor_id for row in given if row.actor_kind == GROUP), user_id)
    world = World(RoleGraph.load(session), members, parents)
    role_id = query.get(_ROLE)
    return [entry for entry in world.effects(given)
            if (role_id is None or entry.role_id == role_id)
            and (targets is None or entry.target_id in targets)]


def _view(root: str, entry: Entry) -> dict[str, Any]:
    scope: dict[str, Any] = {"system": {"all": True}}
    if entry.target_kind != SYSTEM:
        scope = {entry.target_kind: {"id": entry.target_id}}
    if entry.inherited or entry.source_id is not None:
        scope["OS-INHERIT:inherited_to"] = "projects"
    return {"role": {"id": entry.role_id},
            entry.actor_kind: {"id": entry.actor_id},
            "scope": scope, "links": _links(root, entry)}


def _links(root: str, entry: Entry) -> dict[str, str]:
    kind, actor_id = ((GROUP, entry.group_id) if entry.group_id else
                      (entry.actor_kind, entry.actor_id))
    role_id = entry.given_id or entry.role_id
    on = (entry.source_kind or entry.target_kind,
          entry.source_id or entry.target_id)
    path = f"{kind}s/{actor_id}/roles/{role_id}"
    path = (f"system/{path}" if on[0] == SYSTEM
            else f"{on[0]}s/{on[1]}/{path}")
    if entry.inherited or entry.source_id is not None:
        path = f"OS-INHERIT/{path}/inherited_to_projects"
    shown = {"assignment": f"{root}/{path}"}
    if entry.group_id:
        shown["membership"] = (
            f"{root}/groups/{entry.group_id}/users/{entry.actor_id}")
    if entry.prior_id:
        shown["prior_role"] = (
            f"{root}/prior_role/{entry.prior_id}/implies/{entry.role_id}")
    return shown


def _add_names(session: Any, entries: list[Entry],
               shown: list[dict[str, Any]]) -> None:
    """Put names and domains beside the ids; a query for each kind."""
    ids: dict[str, set[str]] = {USER: set(), GROUP: set(), PROJECT: set()}
    for entry in entries:
        ids[entry.actor_kind].add(entry.actor_id)
        if entry.target_kind != SYSTEM:
            ids[PROJECT].add(entry.target_id)
    known = {kind: rows.names(session, model, ids[kind])
             for kind, model in ((USER, User), (GROUP, Group),
                                 (PROJECT, Project))}
    roles = rows.names(session, Role, {entry.role_id for entry in entries})
    for entry, view in zip(entries, shown, strict=True):
        view["role"] = roles.get(entry.role_id, view["role"])
        view[entry.actor_kind] = known[entry.actor_kind].get(
            entry.actor_id, view[entry.actor_kind])
        if entry.target_kind != SYSTEM:
            view["scope"][entry.target_kind] = known[PROJECT].get(
                entry.target_id, view["scope"][entry.target_kind])
