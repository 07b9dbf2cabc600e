"""The REST API: all its resources."""

from typing import Any

from common import db, faults, wsgi
from imagestore import policies
from imagestore.api.data import Data
from imagestore.api.discovery import Discovery
from imagestore.api.images import Images
from imagestore.api.members import Members
from imagestore.api.metadef_items import Objects, Properties
from imagestore.api.metadef_items import Tags as MetadefTags
from imagestore.api.metadefs import Namespaces, ResourceTypes
from imagestore.api.tags import Tags
from imagestore.collector import Collector
from imagestore.stores.base import ImageStore
from imagestore.uploads import Uploads


def make(database: db.Database, store: ImageStore, uploads: Uploads,
         collector: Collector) -> wsgi.API:
    """Return the API as served on these parts."""
    resources: list[Any] = [
        Discovery(), Images(database, collector),
        Data(database, store, uploads), Members(database), Tags(database),
        Namespaces(database), ResourceTypes(database), Objects(database),
        Properties(database), MetadefTags(database)]
    return wsgi.API(
        name="imagestore", rules=policies.RULES, faults=faults.IMAGE,
        routes=[route for each in resources for route in each.routes()])
