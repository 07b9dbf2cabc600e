"""The REST API: every resource, below /v3 and /v3/{project_id}."""

import functools
from typing import Any

from blockstore import policies
from blockstore.api.attachments import Attachments
from blockstore.api.metadata import Metadata
from blockstore.api.quota_sets import QuotaSets
from blockstore.api.services import Services
from blockstore.api.snapshots import Snapshots
from blockstore.api.types import Types
from blockstore.api.versions import MICROVERSIONS, Versions
from blockstore.api.volume_actions import VolumeActions
from blockstore.api.volumes import Volumes
from blockstore.parts import Parts
from common import exceptions, faults, wsgi

RESOURCES = [Volumes, Metadata, VolumeActions, Attachments, Types,
             QuotaSets, Services, Snapshots]


def make(parts: Parts) -> wsgi.API:
    """Return the whole API."""
    table = [route for resource in RESOURCES
             for route in resource(parts).routes()]
    scoped = [(method, path, _scoped(action))
              for method, path, action in table]
    return wsgi.API(
        name="blockstore", rules=policies.RULES, faults=faults.COMPUTE,
        microversions=MICROVERSIONS,
        # Paths without a project come first: /v3/volumes/detail is not a
        # list of project "volumes".
        routes=[*Versions().routes(), *wsgi.mounted(["/v3"], table),
                *wsgi.mounted(["/v3/{project_id}"], scoped)])


def _scoped(action: wsgi.Handler) -> wsgi.Handler:
    """Return the handler for paths that name the sender's project."""
    @functools.wraps(action)
    def handle(req: wsgi.Request, project_id: str, **path: str) -> Any:
        if project_id != req.ctx.project_id:
            raise exceptions.BadRequest(
                reason="Malformed request url: the project in it is not "
                       "that of the token.")
        req.environ["blockstore.project_id"] = project_id
        return action(req, **path)
    return handle
