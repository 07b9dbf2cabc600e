"""What is above and below a project, in answers that show one."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import orm

from common import exceptions, wsgi
from identity.api import limits
from identity.api.base import flag
from identity.db import authority, projects
from identity.db.models import PROJECT, Project

Views = Callable[..., list[dict[str, Any]]]


class Relatives:
    """The members ``parents`` and ``subtree``, in the form asked for.

    Lists hold full projects, of those on which the sender has a role;
    ids are those of all.
    """

    def __init__(self, session: orm.Session, req: wsgi.Request,
                 views: Views) -> None:
        self._session = session
        self._req = req
        self._views = views
        self._asked = {name for name, value in req.params_checked.items()
                       if flag(value)}

    def of(self, project: Project) -> dict[str, Any]:
        """Return what the query string asks for, or raise BadRequest."""
        shown: dict[str, Any] = {}
        for name in ("parents", "subtree"):
            if {f"{name}_as_list", f"{name}_as_ids"} <= self._asked:
                raise exceptions.BadRequest(
                    reason=f"query: {name}_as_list and {name}_as_ids "
                           "exclude each other")
        if "parents_as_list" in self._asked:
            shown["parents"] = self._list(
                projects.ancestors(self._session, project))
        if "parents_as_ids" in self._asked:
            shown["parents"] = _chain(
                projects.ancestors(self._session, project))
        if "subtree_as_list" in self._asked:
            shown["subtree"] = self._list(
                projects.descendants(self._session, project.id))
        if "subtree_as_ids" in self._asked:
            shown["subtree"] = _tree(
                project.id, projects.descendants(self._session, project.id))
        return shown

    def _list(self, rows: Sequence[Project]) -> list[dict[str, Any]]:
        mine = authority.reachable_ids(
            self._session, self._req.ctx.user_id or "", PROJECT)
        rows = [row for row in rows if row.id in mine]
        views = self._views(
            self._req, [projects.view_row(row) for row in rows])
        if "include_limits" in self._asked:
            limits.add_to_projects(self._session, self._req, views)
        return [{"project": view} for view in views]


def _chain(above: Sequence[Project]) -> dict[str, Any] | None:
    ids: dict[str, Any] | None = None
    for project in reversed(above):
        ids = {project.id: ids}
    return ids


def _tree(root_id: str, rows: Sequence[Project]) -> dict[str, Any] | None:
    below: dict[str | None, list[str]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row.id)

    def node(project_id: str) -> dict[str, Any] | None:
        return {child: node(child)
                for child in below.get(project_id, [])} or None
    return node(root_id)
