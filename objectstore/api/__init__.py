"""The Swift API, version 1: all its resources."""

from common import db, faults, wsgi
from objectstore import policies
from objectstore.api.accounts import Accounts
from objectstore.api.containers import Containers
from objectstore.api.info import Info
from objectstore.api.objects import Objects
from objectstore.blobs import Store
from objectstore.collector import Collector
from objectstore.uploads import Uploads


def make(database: db.Database, store: Store, uploads: Uploads,
         collector: Collector, *, limit: int) -> wsgi.API:
    """Return the API as served on these parts."""
    resources = [
        Info(limit), Accounts(database), Containers(database),
        Objects(database, store, uploads, collector)]
    return wsgi.API(
        name="objectstore", rules=policies.RULES, faults=faults.OBJECTS,
        routes=[route for each in resources for route in each.routes()],
        opaque_paths=True)
