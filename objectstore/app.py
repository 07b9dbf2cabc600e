"""Assemble the service; the only place that knows all its parts."""

import pathlib

import sqlalchemy as sa
from oslo_config import cfg

from common import daemon, db, rpc, wsgi
from objectstore import api as rest
from objectstore import policies
from objectstore.api.transaction import TransactionIds
from objectstore.blobs import Store
from objectstore.collector import Collector
from objectstore.db import models
from objectstore.nodes.local import LocalNode
from objectstore.uploads import Uploads

SCHEMA = db.Schema(
    "objectstore", models.Base.metadata, "objectstore:db/migrations")

SERVICE = daemon.Service(
    name="objectstore",
    schemas=[(SCHEMA, lambda conf: conf.objectstore.database)],
    catalog=[daemon.Endpoint(
        type="object-store", name="swift", group="objectstore",
        path="/v1/AUTH_%(project_id)s")],
    rules=policies.RULES,
)


def make_store(conf: cfg.ConfigOpts) -> Store:
    """Return the blobs on the configured nodes."""
    own = conf.objectstore
    return Store([LocalNode(name, pathlib.Path(own.objects_dir) / name)
                  for name in own.nodes])


def api(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Serve the Swift API, and clean up behind it."""
    own = conf.objectstore
    database = db.Database(own.database)
    store = make_store(conf)
    collector = Collector(database, store, own.collect_interval)
    uploads = Uploads(
        database, store, collector, limit=own.max_object_bytes)
    faces = rest.make(database, store, uploads, collector,
                      limit=own.max_object_bytes)
    app = TransactionIds(wsgi.make_app(faces, conf), faces)

    def check() -> None:
        with database.reader() as session:
            session.execute(sa.select(models.Container.id).limit(1))
    return daemon.Daemon(
        name="object-api",
        apps=[daemon.Listen(app, own.listen, own.port, "objectstore")],
        loops=[collector], starting=[store.prepare],
        checks={"database": check}, stopping=[database.dispose])
