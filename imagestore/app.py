"""Assemble the service; the only place that knows all its parts."""

import sqlalchemy as sa
from oslo_config import cfg

from common import daemon, db, events, rpc, task, wsgi
from imagestore import api as rest
from imagestore import env as parts
from imagestore import policies
from imagestore.db import models
from imagestore.tasks import TASKS

#: Imports that run at a time in one process: more than one project may
#: have by default.
_TASKS = 24

SCHEMA = db.Schema(
    "imagestore", models.Base.metadata, "imagestore:db/migrations")

SERVICE = daemon.Service(
    name="imagestore",
    schemas=[(SCHEMA, lambda conf: conf.imagestore.database)],
    catalog=[daemon.Endpoint(
        type="image", name="glance", group="imagestore")],
    rules=policies.RULES,
)


def make_env(conf: cfg.ConfigOpts) -> parts.Env:
    """Return what handlers and tasks work with."""
    env = parts.make(conf)
    env.tasks = task.Runner(env.db, env, TASKS, models.TASKS, size=_TASKS)
    return env


def api(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Serve the REST API, import images, and clean up behind both."""
    own = conf.imagestore
    env = make_env(conf)
    database = env.db
    app = wsgi.make_app(rest.make(env), conf)
    relay = events.Relay(database, models.EVENTS, bus, service="image",
                         leases=models.LEASES)

    def check() -> None:
        with database.reader() as session:
            session.execute(sa.select(models.Image.id).limit(1))
    cache = [env.cache] if env.cache else []
    return daemon.Daemon(
        name="image-api",
        apps=[daemon.Listen(app, own.listen, own.port, "imagestore")],
        loops=[env.collector, env.tasks, relay, *cache],
        starting=[env.stores.prepare, *(each.prepare for each in cache)],
        checks={"database": check}, stopping=[database.dispose])
