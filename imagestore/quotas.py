"""How much a project may have: unified limits, as identity keeps them."""

from collections.abc import Mapping
from typing import Any

import cachetools
from keystoneauth1 import exceptions as ksa
from oslo_config import cfg
from sqlalchemy import orm

from common import clients
from imagestore import exceptions
from imagestore.db import usage

#: Seconds for which a changed limit may go unnoticed.
_KNOWN_S = 60
_NAMES = frozenset(usage.NAMES)
_COUNTS = frozenset(["image_count_total", "image_count_uploading"])

Limits = Mapping[str, int]


class Quotas:
    """Compares what projects use with their limits.

    :param identity: adapter of the identity API; None where nothing is
        limited
    """

    def __init__(self, identity: Any = None) -> None:
        self._identity = identity
        self._known: cachetools.TTLCache[str, Limits] = (
            cachetools.TTLCache(1000, _KNOWN_S))

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "Quotas":
        """Return those of ``conf``."""
        if not conf.imagestore.unified_limits:
            return cls()
        return cls(clients.Clients(conf, "imagestore").identity)

    def limits(self, project_id: str) -> Limits:
        """Return the limits of a project by name; none is no limit.

        It may ask identity, so no transaction may be open.
        """
        if self._identity is None:
            return {}
        found = self._known.get(project_id)
        if found is None:
            found = self._known[project_id] = self._ask(project_id)
        return found

    def check(self, session: orm.Session, project_id: str, limits: Limits,
              *names: str) -> None:
        """Raise OverQuota if the project may have no more of these."""
        if not any(limits.get(name, -1) >= 0 for name in names):
            return
        used = usage.of_project(session, project_id)
        for name in names:
            limit = limits.get(name, -1)
            # The size of what comes is not known before it is there.
            more = 1 if name in _COUNTS else 0
            if 0 <= limit < used[name] + more or (
                    not more and 0 <= limit <= used[name]):
                raise exceptions.OverQuota(
                    name=name, limit=limit, used=used[name])

    def _ask(self, project_id: str) -> Limits:
        try:
            return (self._page("registered_limits", "default_limit")
                    | self._page("limits", "resource_limit",
                                 project_id=project_id))
        except ksa.ClientException as error:
            raise clients.translate(error) from error

    def _page(self, name: str, member: str, **query: str) -> dict[str, int]:
        got = self._identity.get(f"/{name}", params=query).json()
        return {each["resource_name"]: each[member] for each in got[name]
                if each["resource_name"] in _NAMES}
