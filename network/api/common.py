"""What the handlers of all resources share."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import sqlalchemy as sa

from common import concurrency, wsgi
from network import exceptions

T = TypeVar("T")
R = TypeVar("R")


def shown(row: Any) -> dict[str, Any]:
    """Return the attributes that every resource has."""
    return {
        "id": row.id, "name": row.name, "tenant_id": row.project_id,
        "project_id": row.project_id, "description": row.description,
        "tags": row.tags, "revision_number": row.revision_number,
        "created_at": time_of(row.created_at),
        "updated_at": time_of(row.updated_at),
    }


def time_of(moment: Any) -> str:
    """Return a time as the network's API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def filters(model: Any) -> dict[str, Any]:
    """Return the filters that every resource has."""
    return {
        "id": model.id, "name": model.name, "tenant_id": model.project_id,
        "project_id": model.project_id, "description": model.description,
        "revision_number": model.revision_number,
    }


def sort_keys(model: Any, **more: Any) -> dict[str, Any]:
    """Return the sort keys that every resource has, and ``more``."""
    return {
        "id": model.id, "name": model.name, "tenant_id": model.project_id,
        "project_id": model.project_id, "created_at": model.created_at,
        "updated_at": model.updated_at} | more


def own_or(req: wsgi.Request, rule: str, model: Any,
           *others: Any) -> Any:
    """Return the condition for rows that the sender may list.

    :param rule: policy by which all rows are
    :param others: conditions for rows of others that may be seen
    """
    if req.allowed(rule):
        return sa.true()
    return sa.or_(model.project_id == req.ctx.project_id, *others)


def project_for(req: wsgi.Request, item: dict[str, Any], rule: str) -> str:
    """Return the project that a new resource will be of.

    Another than the sender's own takes a role that holds there.
    """
    project = item.pop("project_id", None)
    tenant = item.pop("tenant_id", None)
    if project and tenant and project != tenant:
        raise exceptions.InvalidInput(
            reason="'project_id' and 'tenant_id' do not match")
    wanted = project or tenant or req.ctx.project_id
    if not wanted:
        req.authorize(rule)
        raise exceptions.InvalidInput(
            reason="a project is needed: use a token of one, or give "
                   "project_id")
    req.authorize(rule, {"project_id": wanted})
    return wanted


def authorize_attributes(req: wsgi.Request, action: str, names: Any,
                         item: dict[str, Any],
                         target: dict[str, Any]) -> None:
    """Check the rule of each attribute that has one of its own."""
    for name in names:
        if name in item:
            req.authorize(f"{action}:{name}", target)


def check_revision(req: wsgi.Request, row: Any) -> None:
    """Raise unless the row has the revision that If-Match asks for."""
    text = req.headers.get("If-Match", "")
    name, _, expected = text.partition("=")
    if name.strip() != "revision_number":
        return
    if expected.strip() != str(row.revision_number):
        raise exceptions.RevisionNumberConstraintFailed(
            expected=expected.strip()[:32], actual=row.revision_number)


def items_of(body: dict[str, Any], one: str,
             many: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the resources of a body, and whether it is a bulk."""
    if many in body:
        return [dict(item) for item in body[many]], True
    return [dict(body[one])], False


def each_in_turn(items: Iterable[T], make: Callable[[T], R]) -> list[R]:
    """Return what ``make`` makes of each, letting others run in between."""
    made = []
    for item in items:
        made.append(make(item))
        concurrency.sleep()
    return made
