"""The /projects resource."""

import uuid
from typing import Any

import sqlalchemy as sa

from common import db, exceptions, wsgi
from identity.api import base
from identity.db import projects
from identity.db.models import Project, ProjectTag
from identity.exceptions import NotAllowed
from identity.policies import projects as policies
from identity.policies.base import target
from identity.revocation import Announcer
from identity.schemas import projects as schemas

_KNOWN = ("name", "description", "enabled", "options", "domain_id",
          "parent_id", "is_domain", "tags")
_FIXED = ("domain_id", "parent_id", "is_domain")


class Projects:
    """Handlers of /projects."""

    def __init__(self, database: db.Database, announce: Announcer, *,
                 max_depth: int) -> None:
        self._db = database
        self._announce = announce
        self._max_depth = max_depth

    def routes(self) -> list[wsgi.Route]:
        one = "/projects/{project_id}"
        return [
            ("GET", "/projects", self.list),
            ("POST", "/projects", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        """List projects; domains only for ``is_domain=true``."""
        query = dict(req.params_checked)
        domain_id = base.own_domain(
            req, policies.LIST, query.pop("domain_id", None))
        statement = sa.select(Project)
        if domain_id is not None:
            statement = statement.where(Project.domain_id == domain_id)
        query.setdefault("is_domain", "false")
        statement = with_tags(base.filtered(statement, query, (
            Project.name, Project.enabled, Project.parent_id,
            Project.is_domain, Project.description, Project.id)), query)
        page, rows = base.read_page(req, self._db, statement, Project)
        return base.page_of(req, "projects", page, rows, view)

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Create a project below a domain or another project."""
        base.gate(req, policies.CREATE)
        known, extra = base.split_extra(req.json["project"], _KNOWN)
        refuse_read_only(extra)
        if known.get("is_domain"):
            raise exceptions.BadRequest(
                reason="body.project.is_domain: make a domain by "
                       "POST /v3/domains")
        with self._db.writer() as session:
            parent = self._parent(session, req, known)
            req.authorize(policies.CREATE, target(
                domain_id=_domain_of(parent)))
            project = projects.add(session, Project(
                id=uuid.uuid4().hex, name=known["name"], is_domain=False,
                domain_id=_domain_of(parent), parent_id=parent.id,
                description=known.get("description") or "",
                enabled=known.get("enabled", True), epoch=0,
                options=known.get("options", {}), extra=extra,
                tags=_tags(known.get("tags", []))))
        return {"project": view(req, project)}

    def _parent(self, session: Any, req: wsgi.Request,
                known: dict[str, Any]) -> Project:
        """Return the project or domain above the new one."""
        ctx = req.ctx
        domain_id = known.get("domain_id") or (
            None if known.get("parent_id") else
            ctx.domain_id or ctx.project_domain_id)
        parent_id = known.get("parent_id") or domain_id
        if parent_id is None:
            raise exceptions.BadRequest(
                reason="body.project.domain_id: is required with a token "
                       "of the system")
        try:
            parent = projects.get(session, parent_id)
        except exceptions.NotFound:
            # Not 404: that is about what the URL names.
            req.authorize(policies.CREATE, target(domain_id=domain_id))
            raise exceptions.BadRequest(
                reason=f"body.project: no project or domain {parent_id}"
            ) from None
        self._check_place(session, parent, domain_id)
        return parent

    def _check_place(self, session: Any, parent: Project,
                     domain_id: str | None) -> None:
        if domain_id is not None and domain_id != _domain_of(parent):
            raise exceptions.BadRequest(
                reason="body.project.domain_id: is not that of the parent")
        if not parent.enabled:
            raise NotAllowed(
                reason=f"Project {parent.id}, the parent, is disabled.")
        above = projects.ancestors(session, parent)
        if len(above) >= self._max_depth:
            raise NotAllowed(
                reason=f"Projects nest {self._max_depth} deep at most.")

    @wsgi.handler()
    def show(self, req: wsgi.Request, project_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            project = find(session, req, policies.GET, project_id)
            return {"project": view(req, project) | _relatives(
                session, req, project)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, project_id: str) -> dict[str, Any]:
        with self._db.writer() as session:
            project = find(session, req, policies.UPDATE, project_id)
            known, extra = base.split_extra(req.json["project"], _KNOWN)
            refuse_read_only(extra)
            refuse_moves(project, known, _FIXED)
            refuse_immutable(project, known)
            _check_enabled(session, project, known)
            projects.update(
                session, project, changes(project, known, extra))
        if known.get("enabled") is False:
            self._announce(req.ctx, project_id=project_id)
        return {"project": view(req, project)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, project_id: str) -> None:
        with self._db.writer() as session:
            project = find(session, req, policies.DELETE, project_id)
            refuse_immutable(project, {})
            if project.is_domain:
                raise NotAllowed(
                    reason="Delete a domain by DELETE /v3/domains.")
            if projects.has_children(session, project.id):
                raise NotAllowed(
                    reason=f"Project {project_id} has projects below it.")
            projects.delete(session, project)
        self._announce(req.ctx, project_id=project_id)


def find(session: Any, req: wsgi.Request, rule: str,
         project_id: str) -> Project:
    """Return the project if ``rule`` allows it."""
    found: Project = base.find(
        req, rule, lambda: projects.get(session, project_id),
        lambda project: target(domain_id=_domain_of(project),
                               project_id=project.id))
    return found


def _domain_of(project: Project) -> str:
    return project.domain_id or project.id


def _tags(names: list[str]) -> list[ProjectTag]:
    return [ProjectTag(name=name) for name in sorted(set(names))]


def changes(project: Project, known: dict[str, Any],
            extra: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes to set for a PATCH."""
    values: dict[str, Any] = {
        name: known[name] for name in ("name", "enabled")
        if name in known}
    if "description" in known:
        values["description"] = known["description"] or ""
    if "options" in known:
        values["options"] = base.merged(project.options, known["options"])
    if extra:
        values["extra"] = base.merged(project.extra, extra)
    if "tags" in known:
        values["tags"] = retagged(project, known["tags"])
    return values


def retagged(project: Project, names: list[str]) -> list[ProjectTag]:
    """Return the tags, keeping the rows of those that stay."""
    old = {tag.name: tag for tag in project.tags}
    return [old.get(name) or ProjectTag(name=name)
            for name in sorted(set(names))]


def refuse_read_only(extra: dict[str, Any]) -> None:
    """Raise BadRequest for members that only we set.

    Clients send back what they got: ``id`` and ``links`` are dropped.
    """
    extra.pop("links", None)
    extra.pop("id", None)
    if "epoch" in extra:
        raise exceptions.BadRequest(reason="body: 'epoch' is read-only")


def refuse_moves(row: Any, known: dict[str, Any],
                 names: tuple[str, ...]) -> None:
    """Raise BadRequest where what never changes would."""
    for name in names:
        if name in known and known[name] != getattr(row, name):
            raise exceptions.BadRequest(
                reason=f"body: {name!r} cannot be changed")


def refuse_immutable(row: Any, known: dict[str, Any]) -> None:
    """Raise NotAllowed unless the row may change, or is let to."""
    if not (row.options or {}).get("immutable"):
        return
    options = known.get("options", {})
    if set(known) == {"options"} and not options.get("immutable", True):
        return
    raise NotAllowed(
        reason=f"{row.id} is immutable: unset its option first.")


def _check_enabled(session: Any, project: Project,
                   known: dict[str, Any]) -> None:
    if known.get("enabled") is False and project.enabled:
        below = projects.descendants(session, project.id)
        if not project.is_domain and any(p.enabled for p in below):
            raise NotAllowed(
                reason=f"Project {project.id} has enabled projects below "
                       "it: disable them first.")
    if known.get("enabled") and not project.enabled:
        if not all(p.enabled for p in projects.ancestors(session, project)):
            raise NotAllowed(
                reason=f"A project above {project.id} is disabled.")


def with_tags(statement: Any, query: dict[str, Any]) -> Any:
    """Return the rows that have, or lack, all or any of the tags."""
    def has(name: str) -> Any:
        return Project.tags.any(ProjectTag.name == name)

    def names(key: str) -> list[str]:
        return [n for n in query.get(key, "").split(",") if n]

    if names("tags"):
        statement = statement.where(*map(has, names("tags")))
    if names("tags-any"):
        statement = statement.where(sa.or_(*map(has, names("tags-any"))))
    if names("not-tags"):
        statement = statement.where(
            sa.not_(sa.and_(*map(has, names("not-tags")))))
    if names("not-tags-any"):
        statement = statement.where(
            sa.not_(sa.or_(*map(has, names("not-tags-any")))))
    return statement


def _relatives(session: Any, req: wsgi.Request,
               project: Project) -> dict[str, Any]:
    """Return ``parents`` and ``subtree`` in the form asked for."""
    shown: dict[str, Any] = {}
    asked = req.GET
    if "parents_as_list" in asked:
        shown["parents"] = [
            {"project": view(req, p)}
            for p in projects.ancestors(session, project)]
    elif "parents_as_ids" in asked:
        ids: dict[str, Any] | None = None
        for above in reversed(projects.ancestors(session, project)):
            ids = {above.id: ids}
        shown["parents"] = ids
    if "subtree_as_list" in asked:
        shown["subtree"] = [
            {"project": view(req, p)}
            for p in projects.descendants(session, project.id)]
    elif "subtree_as_ids" in asked:
        shown["subtree"] = _tree(
            project.id, projects.descendants(session, project.id))
    return shown


def _tree(root_id: str, rows: Any) -> dict[str, Any] | None:
    below: dict[str, list[str]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row.id)

    def node(project_id: str) -> dict[str, Any] | None:
        return {child: node(child)
                for child in below.get(project_id, [])} or None
    return node(root_id)


def view(req: wsgi.Request, project: Project) -> dict[str, Any]:
    """Return what clients see of a project."""
    return project.extra | {
        "id": project.id, "name": project.name,
        "domain_id": project.domain_id, "parent_id": project.parent_id,
        "is_domain": project.is_domain, "enabled": project.enabled,
        "description": project.description, "options": project.options,
        "tags": [tag.name for tag in project.tags],
        "links": base.self_link(req, "projects", project.id),
    }
