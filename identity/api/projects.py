"""The /projects resource."""

import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from common import exceptions, wsgi
from identity.api import base, hierarchy
from identity.db import projects
from identity.db.models import Project, ProjectTag
from identity.exceptions import NotAllowed
from identity.policies import projects as policies
from identity.policies.base import target
from identity.schemas import projects as schemas

_KNOWN = ("name", "description", "enabled", "options", "domain_id",
          "parent_id", "is_domain", "tags")

#: Columns by which lists are filtered.
FILTERS = (Project.name, Project.enabled, Project.parent_id,
           Project.is_domain, Project.description, Project.id,
           Project.domain_id)


class Projects(base.Resource):
    """Handlers of /projects."""

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
        query.setdefault("is_domain", "false")

        def select() -> Any:
            statement = with_tags(projects.select_views(), query)
            if domain_id is not None:
                statement = statement.where(Project.domain_id == domain_id)
            return base.filtered(statement, query, FILTERS)
        page, rows = self.read_rows(req, select, Project, domain_id)
        return base.listed(req, "projects", page, rows, views(req, rows))

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Create a project below a domain or another one, or a domain."""
        base.gate(req, policies.CREATE)
        known, extra = base.split_extra(
            req.json["project"], _KNOWN, schemas.READ_ONLY)
        acts_as_domain = bool(known.get("is_domain"))
        with self._db.writer() as session:
            parent = None
            if acts_as_domain:
                req.authorize(policies.CREATE_DOMAIN, {})
                _check_top(known)
            else:
                parent = self._parent(session, req, known)
                req.authorize(policies.CREATE, target(
                    domain_id=domain_of(parent)))
            project = projects.add(session, Project(
                id=uuid.uuid4().hex, name=known["name"],
                is_domain=acts_as_domain,
                domain_id=parent and domain_of(parent),
                parent_id=parent and parent.id,
                description=known.get("description") or "",
                enabled=known.get("enabled", True), epoch=0,
                options=base.merged({}, known.get("options", {})),
                extra=base.merged({}, extra),
                tags=[ProjectTag(name=name)
                      for name in sorted(known.get("tags", []))]))
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
        if domain_id is not None and domain_id != domain_of(parent):
            raise exceptions.BadRequest(
                reason="body.project.domain_id: is not that of the parent")
        above = [parent, *projects.ancestors(session, parent)]
        for project in above:
            if not project.enabled:
                raise NotAllowed(
                    reason=f"Project {project.id}, above the new one, is "
                           "disabled.")
        depth = self._env.max_project_depth
        if len(above) > depth:
            raise NotAllowed(reason=f"Projects nest {depth} deep at most.")

    @wsgi.handler(query=base.QUERY)
    def show(self, req: wsgi.Request, project_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            project = find(session, req, policies.GET, project_id)
            shown = view(req, project)
            shown |= hierarchy.Relatives(session, req, views).of(project)
        return {"project": shown}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, project_id: str) -> dict[str, Any]:
        with self._db.writer() as session:
            project = find(session, req, policies.UPDATE, project_id,
                           of_domains=policies.UPDATE_DOMAIN)
            body = req.json["project"]
            base.refuse_other_id(body, project_id, "project")
            known, extra = base.split_extra(
                body, _KNOWN, schemas.READ_ONLY)
            refuse_moves(project, known, ("domain_id", "is_domain"))
            if known.get("parent_id", project.parent_id
                         ) != project.parent_id:
                raise NotAllowed(reason="A project cannot be moved: its "
                                        "parent_id stays.")
            refuse_immutable(project, known | extra)
            _check_enabled(session, project, known)
            projects.update(
                session, project, changes(project, known, extra))
        if known.get("enabled") is False:
            self._tell(req, project)
        return {"project": view(req, project)}

    def _tell(self, req: wsgi.Request, project: Project) -> None:
        if project.is_domain:
            # All tokens: those of its users and projects have ended.
            self._announce(req.ctx)
        else:
            self._announce(req.ctx, project_id=project.id)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, project_id: str) -> None:
        """Delete a project, or a disabled domain, with none below it."""
        with self._db.writer() as session:
            project = find(session, req, policies.DELETE, project_id,
                           of_domains=policies.DELETE_DOMAIN)
            refuse_immutable(project, {})
            if project.is_domain and project.enabled:
                raise exceptions.BadRequest(
                    reason=f"Project {project_id} acts as a domain and is "
                           "enabled: disable it first.")
            if projects.has_children(session, project.id):
                raise NotAllowed(
                    reason=f"Project {project_id} has projects below it.")
            if project.is_domain:
                projects.delete_domain(session, project)
            else:
                projects.delete(session, project)
        self._tell(req, project)


def find(session: Any, req: wsgi.Request, rule: str, project_id: str, *,
         of_domains: str | None = None) -> Project:
    """Return the project if ``rule`` allows it.

    :param of_domains: the rule for a project that is a domain, which must
        allow it too
    """
    found: Project = base.find(
        req, rule, lambda: projects.get(session, project_id),
        lambda project: target(domain_id=domain_of(project),
                               project_id=project.id))
    if found.is_domain and of_domains is not None:
        req.authorize(of_domains, target(domain_id=found.id))
    return found


def domain_of(project: Project) -> str:
    """Return the id of the domain, which a domain is itself."""
    return project.domain_id or project.id


def _check_top(known: dict[str, Any]) -> None:
    for name in ("domain_id", "parent_id"):
        if known.get(name) is not None:
            raise exceptions.BadRequest(
                reason=f"body.project.{name}: must be null for a project "
                       "that acts as a domain, which is at the top")


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
        if not project.is_domain and projects.any_enabled_below(
                session, project.id):
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


def view(req: wsgi.Request, project: Project) -> dict[str, Any]:
    """Return what clients see of a project."""
    return views(req, [projects.view_row(project)])[0]


def views(req: wsgi.Request, rows: Iterable[projects.ViewRow]
          ) -> list[dict[str, Any]]:
    """Return what clients see of projects."""
    place = base.place(req, "projects")
    return [{
        **extra, "id": id_, "name": name, "domain_id": domain_id,
        "parent_id": parent_id, "is_domain": is_domain, "enabled": enabled,
        "description": description, "options": options,
        "tags": tags(names), "links": {"self": place + id_},
    } for (id_, name, domain_id, parent_id, is_domain, enabled, description,
           options, extra, names) in rows]


def tags(names: str | None) -> list[str]:
    """Return the sorted tags of a row."""
    return sorted(names.split(projects.COMMA)) if names else []
