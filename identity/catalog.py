"""The catalog as tokens show it, kept in memory by revision."""

import re
from typing import Any

from sqlalchemy import orm

from identity.db import catalog as rows
from identity.db import endpoint_filter

#: What stands for the project's id in the URLs of endpoints.
_PROJECT_MARKS = ("$(project_id)s", "%(project_id)s", "$(tenant_id)s",
                  "%(tenant_id)s")
_USER_MARKS = ("$(user_id)s", "%(user_id)s")
_MARK = re.compile(r"[$%]\([^)]*\)?s?")


class Catalog:
    """Enabled services and endpoints as of the newest revision."""

    def __init__(self) -> None:
        self._revision = -1
        self._services: list[dict[str, Any]] = []
        self._varies = False
        self._filtered = False

    def known(self, revision: int, project_id: str | None,
              user_id: str) -> list[dict[str, Any]] | None:
        """Return what ``view`` would, None if that must read something."""
        if revision != self._revision or self._filtered:
            return None
        return self._filled(self._services, project_id, user_id)

    def view(self, session: orm.Session, revision: int,
             project_id: str | None, user_id: str) -> list[dict[str, Any]]:
        """Return it for one project; callers must not change it.

        Endpoints whose URL names a project are left out without one, and
        a project for which endpoints were chosen sees just those.
        """
        if revision != self._revision:
            self._services = load(session)
            self._varies = any(
                "(" in endpoint["url"] for service in self._services
                for endpoint in service["endpoints"])
            self._filtered = endpoint_filter.is_used(session)
            self._revision = revision
        services = self._services
        if self._filtered and project_id is not None:
            shown = endpoint_filter.shown_ids(session, project_id)
            if shown is not None:
                services = _chosen(services, shown)
        return self._filled(services, project_id, user_id)

    def _filled(self, services: list[dict[str, Any]],
                project_id: str | None, user_id: str
                ) -> list[dict[str, Any]]:
        if not self._varies:
            return services
        return [_filled(service, project_id, user_id)
                for service in services]


def load(session: orm.Session) -> list[dict[str, Any]]:
    """Read it: two queries."""
    services = {
        service.id: {"id": service.id, "type": service.type,
                     "name": service.name or "", "endpoints": []}
        for service in rows.services(session, enabled=True)}
    for endpoint in rows.endpoints(session, enabled=True):
        service: dict[str, Any] | None = services.get(endpoint.service_id)
        if service:
            service["endpoints"].append({
                "id": endpoint.id, "interface": endpoint.interface,
                "region": endpoint.region_id,
                "region_id": endpoint.region_id, "url": endpoint.url})
    return list(services.values())


def _chosen(services: list[dict[str, Any]],
            shown: set[str]) -> list[dict[str, Any]]:
    """Return the services that have any of these endpoints, with them."""
    found = []
    for service in services:
        endpoints = [endpoint for endpoint in service["endpoints"]
                     if endpoint["id"] in shown]
        if endpoints:
            found.append(service | {"endpoints": endpoints})
    return found


def _filled(service: dict[str, Any], project_id: str | None,
            user_id: str) -> dict[str, Any]:
    endpoints = []
    for endpoint in service["endpoints"]:
        url = fill(endpoint["url"], project_id, user_id)
        if url is not None:
            endpoints.append(endpoint | {"url": url})
    return service | {"endpoints": endpoints}


def fill(url: str, project_id: str | None, user_id: str) -> str | None:
    """Return ``url`` with the ids in it, or None if there is no project."""
    if "(" not in url:
        return url
    for mark in _PROJECT_MARKS:
        if mark in url:
            if project_id is None:
                return None
            url = url.replace(mark, project_id)
    for mark in _USER_MARKS:
        url = url.replace(mark, user_id)
    return url


def unknown_marks(url: str) -> list[str]:
    """Return what ``fill`` would leave in the URL, such as ``$(port)s``."""
    return [mark for mark in _MARK.findall(url)
            if mark not in _PROJECT_MARKS + _USER_MARKS]
