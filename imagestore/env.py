"""What handlers and tasks work with."""

import dataclasses
from typing import Any

from oslo_config import cfg

from common import db, fetch
from imagestore import conf as options
from imagestore.cache import Cache
from imagestore.collector import Collector
from imagestore.plugins import base
from imagestore.plugins.base import Plugin
from imagestore.protection import Protection
from imagestore.quotas import Quotas
from imagestore.remote import Regions
from imagestore.sealing import Seal
from imagestore.signed import SignedImages
from imagestore.stores.registry import Stores
from imagestore.uploads import Uploads


@dataclasses.dataclass
class Env:
    """The parts of the service.

    :param plugins: those of imports, in the order they are applied
    :param tasks: the task.Runner, once it is made
    """

    conf: cfg.ConfigOpts
    db: db.Database
    stores: Stores
    collector: Collector
    uploads: Uploads
    quotas: Quotas
    protection: Protection
    signed: SignedImages
    regions: Regions
    seal: Seal
    plugins: dict[str, Plugin]
    cache: Cache | None = None
    tasks: Any = None

    @property
    def web(self) -> fetch.Rules:
        """Where data may be read from that users name."""
        return options.web_rules(self.conf)


def make(conf: cfg.ConfigOpts) -> Env:
    """Return the parts as the options say."""
    own = conf.imagestore
    database = db.Database(own.database)
    stores = Stores.from_conf(conf)
    collector = Collector(database, stores, own.collect_interval)
    signed = SignedImages.from_conf(conf)
    uploads = Uploads(
        database, stores, collector, limit=own.image_size_cap,
        enforce=own.require_image_format_match, signed=signed)
    return Env(
        conf, database, stores, collector, uploads, Quotas.from_conf(conf),
        Protection.from_file(own.property_protection_file), signed,
        Regions(conf), Seal(own.token_key_file), base.load(conf),
        _cache(conf, database, stores))


def _cache(conf: cfg.ConfigOpts, database: db.Database,
           stores: Stores) -> Cache | None:
    own = conf.imagestore
    if not own.cache_dir:
        return None
    return Cache(database, stores, own.cache_dir, conf.host,
                 own.cache_bytes)
