"""Queries on which endpoints a project sees; callers own transactions."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db import authority, lookup
from identity.db.models import (
    Endpoint,
    EndpointGroup,
    Project,
    ProjectEndpoint,
    ProjectEndpointGroup,
)

Link = ProjectEndpoint | ProjectEndpointGroup


def get_group(session: orm.Session, group_id: str) -> EndpointGroup:
    """Return the endpoint group, or raise Missing."""
    return lookup.get(session, EndpointGroup, group_id, "endpoint group")


def is_used(session: orm.Session) -> bool:
    """Say whether any project sees less than all endpoints."""
    return any(session.execute(sa.select(link).limit(1)).first()
               for link in (ProjectEndpoint, ProjectEndpointGroup))


def groups_of_project(session: orm.Session,
                      project_id: str) -> list[EndpointGroup]:
    """Return the endpoint groups that the project may use."""
    return list(session.scalars(
        sa.select(EndpointGroup)
        .join(ProjectEndpointGroup,
              ProjectEndpointGroup.group_id == EndpointGroup.id)
        .where(ProjectEndpointGroup.project_id == project_id)
        .order_by(EndpointGroup.name, EndpointGroup.id)))


def projects_of_group(session: orm.Session, group_id: str) -> list[Project]:
    """Return the projects that may use the endpoint group."""
    return _projects(session, sa.select(
        ProjectEndpointGroup.project_id).where(
            ProjectEndpointGroup.group_id == group_id))


def projects_of_endpoint(session: orm.Session,
                         endpoint_id: str) -> list[Project]:
    """Return the projects to which just this endpoint was added."""
    return _projects(session, sa.select(ProjectEndpoint.project_id).where(
        ProjectEndpoint.endpoint_id == endpoint_id))


def _projects(session: orm.Session, ids: sa.Select[Any]) -> list[Project]:
    return list(session.scalars(
        sa.select(Project).where(Project.id.in_(ids))
        .order_by(Project.name, Project.id)))


def endpoints_of_group(session: orm.Session,
                       group: EndpointGroup) -> list[Endpoint]:
    """Return the endpoints that are in the group now."""
    return _endpoints(session, _matches(group))


def endpoints_of_project(session: orm.Session,
                         project_id: str) -> list[Endpoint]:
    """Return those added one by one, and those of its groups."""
    direct = sa.select(ProjectEndpoint.endpoint_id).where(
        ProjectEndpoint.project_id == project_id)
    return _endpoints(session, sa.or_(
        Endpoint.id.in_(direct),
        *(_matches(group) for group in groups_of_project(
            session, project_id))))


def shown_ids(session: orm.Session, project_id: str) -> set[str] | None:
    """Return the ids of the endpoints it sees; None: no choice was made."""
    if not any(session.execute(sa.select(link).where(
            link.project_id == project_id).limit(1)).first()
            for link in (ProjectEndpoint, ProjectEndpointGroup)):
        return None
    return {endpoint.id
            for endpoint in endpoints_of_project(session, project_id)}


def _matches(group: EndpointGroup) -> sa.ColumnElement[bool]:
    return sa.and_(sa.true(), *(
        getattr(Endpoint, name) == value
        for name, value in group.filters.items()))


def _endpoints(session: orm.Session,
               where: sa.ColumnElement[bool]) -> list[Endpoint]:
    return list(session.scalars(
        sa.select(Endpoint).where(where).order_by(Endpoint.id)))


def is_linked(session: orm.Session, wanted: Link) -> bool:
    """Say whether this is there already."""
    return _stored(session, wanted) is not None


def link(session: orm.Session, made: Link) -> None:
    """Let the project see it; it may do so already."""
    if not is_linked(session, made):
        session.add(made)
        session.flush()
        authority.changed(session, "catalog")


def unlink(session: orm.Session, gone: Link) -> None:
    """Take it back, or raise EndpointNotShown."""
    found = _stored(session, gone)
    if found is None:
        raise exceptions.EndpointNotShown(project_id=gone.project_id)
    session.delete(found)
    session.flush()
    authority.changed(session, "catalog")


def _stored(session: orm.Session, wanted: Link) -> Link | None:
    if isinstance(wanted, ProjectEndpoint):
        return session.get(
            ProjectEndpoint, (wanted.project_id, wanted.endpoint_id))
    return session.get(
        ProjectEndpointGroup, (wanted.project_id, wanted.group_id))
