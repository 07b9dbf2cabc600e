"""Assemble the service; the only place that knows all its parts."""

import importlib.metadata

import sqlalchemy as sa
from oslo_config import cfg

from common import concurrency, daemon, db, events, rpc, wsgi
from imagestore import api as rest
from imagestore import policies
from imagestore.collector import Collector
from imagestore.db import models
from imagestore.stores.base import ImageStore
from imagestore.uploads import Uploads

SCHEMA = db.Schema(
    "imagestore", models.Base.metadata, "imagestore:db/migrations")

SERVICE = daemon.Service(
    name="imagestore",
    schemas=[(SCHEMA, lambda conf: conf.imagestore.database)],
    catalog=[daemon.Endpoint(
        type="image", name="glance", group="imagestore")],
    rules=policies.RULES,
)


def make_store(conf: cfg.ConfigOpts) -> ImageStore:
    """Return the configured store."""
    name = conf.imagestore.store
    found = importlib.metadata.entry_points(
        group="pileus.image_stores", name=name)
    if not found:
        raise ValueError(f"imagestore.store: there is no store {name}")
    store: ImageStore = next(iter(found)).load().from_conf(conf)
    return store


def api(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Serve the REST API, and clean up behind it."""
    own = conf.imagestore
    database = db.Database(own.database)
    store = make_store(conf)
    collector = Collector(database, store, own.collect_interval)
    uploads = Uploads(
        database, store, collector, limit=own.image_size_cap)
    app = wsgi.make_app(
        rest.make(database, store, uploads, collector), conf)
    relay = events.Relay(database, models.EVENTS, bus, service="image",
                         leases=models.LEASES)

    def check() -> None:
        with database.reader() as session:
            session.execute(sa.select(models.Image.id).limit(1))
    return daemon.Daemon(
        name="image-api",
        apps=[daemon.Listen(app, own.listen, own.port, "imagestore")],
        loops=[collector, relay],
        starting=[lambda: concurrency.blocking(store.prepare)],
        checks={"database": check}, stopping=[database.dispose])
