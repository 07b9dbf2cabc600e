"""The REST API: all its resources."""

from typing import Any

from common import faults, wsgi
from imagestore import policies
from imagestore.api.cache import CacheAPI
from imagestore.api.data import Data
from imagestore.api.discovery import Discovery
from imagestore.api.images import Images
from imagestore.api.imports import Imports
from imagestore.api.location_patch import InImages
from imagestore.api.locations import Locations
from imagestore.api.members import Members
from imagestore.api.metadef_items import Objects, Properties
from imagestore.api.metadef_items import Tags as MetadefTags
from imagestore.api.metadefs import Namespaces, ResourceTypes
from imagestore.api.stores import Stores
from imagestore.api.tags import Tags
from imagestore.api.tasks import Tasks
from imagestore.env import Env


def make(env: Env) -> wsgi.API:
    """Return the API as served on these parts."""
    database, own = env.db, env.conf.imagestore
    resources: list[Any] = [
        Discovery(database, env.quotas, cache=env.cache is not None),
        Images(
            database, env.collector, env.quotas,
            env.protection,
            InImages(env) if own.locations_in_images else None,
            {"OpenStack-image-import-methods": ",".join(own.import_methods),
             "OpenStack-image-store-ids": ",".join(
                 each.name for each in env.stores)}),
        Data(env), Stores(env),
        Imports(env), Tasks(env), Locations(env), Members(database),
        Tags(database),
        Namespaces(database), ResourceTypes(database), Objects(database),
        Properties(database), MetadefTags(database)]
    if env.cache:
        resources.append(CacheAPI(env, env.cache))
    return wsgi.API(
        name="imagestore", rules=policies.RULES, faults=faults.IMAGE,
        routes=[route for each in resources for route in each.routes()])
