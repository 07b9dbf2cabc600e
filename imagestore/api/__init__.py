"""The REST API: all its resources."""

from common import db, faults, wsgi
from imagestore import policies
from imagestore.api.data import Data
from imagestore.api.discovery import Discovery
from imagestore.api.images import Images
from imagestore.api.members import Members
from imagestore.api.tags import Tags
from imagestore.collector import Collector
from imagestore.stores.base import ImageStore
from imagestore.uploads import Uploads


def make(database: db.Database, store: ImageStore, uploads: Uploads,
         collector: Collector) -> wsgi.API:
    """Return the API as served on these parts."""
    resources = [
        Discovery(), Images(database, collector),
        Data(database, store, uploads), Members(database), Tags(database)]
    return wsgi.API(
        name="imagestore", rules=policies.RULES, faults=faults.IMAGE,
        routes=[route for each in resources for route in each.routes()])
