"""Assemble the service; the only place that knows all its parts."""

from typing import Any

from oslo_config import cfg

from blockstore import api as rest
from blockstore import policies
from blockstore.agent import Reporter, VolumeAgent, Volumes
from blockstore.db import models, types
from blockstore.drivers.base import VolumeDriver
from blockstore.env import Env
from blockstore.identity import Identity
from blockstore.images import ImageStore
from blockstore.parts import Parts
from blockstore.quotas import Quotas
from blockstore.reconcile import Reconciler
from blockstore.scheduler import Heartbeat, VolumeScheduler
from blockstore.scheduler_api import VolumeSchedulerAPI
from blockstore.sweeper import Sweeper
from blockstore.tasks import ALL
from common import clients, daemon, db, events, installed, rpc, task, wsgi
from common.context import service_context

SCHEMA = db.Schema(
    "blockstore", models.Base.metadata, "blockstore:db/migrations")


def bootstrap(conf: cfg.ConfigOpts) -> None:
    """Make the volume type that every cloud has."""
    database = db.Database(conf.blockstore.database)
    with database.writer() as session:
        types.ensure_default(session)
    database.dispose()


SERVICE = daemon.Service(
    name="blockstore",
    schemas=[(SCHEMA, lambda conf: conf.blockstore.database)],
    catalog=[
        daemon.Endpoint(type="block-storage", name="cinder", path="/v3",
                        group="blockstore"),
        daemon.Endpoint(type="volumev3", name="cinderv3", path="/v3",
                        group="blockstore"),
    ],
    bootstrap=bootstrap,
    rules=policies.RULES,
)


def make_runner(database: db.Database, bus: rpc.Bus, *,
                announce: Any = None) -> task.Runner:
    """Return what adds tasks and, as a loop, runs them."""
    return task.Runner(
        database, Env(database, bus), ALL, models.TASKS, announce=announce)


def make_parts(conf: cfg.ConfigOpts, bus: rpc.Bus) -> Parts:
    """Return what the API is made of; its tasks run at the schedulers."""
    database = db.Database(conf.blockstore.database)
    scheduler = bus.client(VolumeSchedulerAPI)
    return Parts(
        db=database, quotas=Quotas(conf.blockstore), conf=conf.blockstore,
        rest=clients.Clients(conf, "blockstore"),
        tasks=make_runner(
            database, bus,
            announce=lambda: scheduler.work(service_context())))


def make_driver(conf: cfg.ConfigOpts) -> VolumeDriver:
    """Return the configured driver."""
    driver: VolumeDriver = installed.driver(
        "pileus.volume_drivers", conf.blockstore.driver,
        "blockstore.driver").from_conf(conf)
    return driver


def api(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Serve the REST API."""
    parts = make_parts(conf, bus)
    own = conf.blockstore
    return daemon.Daemon(
        name="volume-api",
        apps=[daemon.Listen(wsgi.make_app(rest.make(parts), conf),
                            own.listen, own.port, "blockstore")],
        checks={"database": lambda: _check_database(parts.db)},
        stopping=[parts.db.dispose])


def scheduler(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Run tasks, and answer the agents."""
    database = db.Database(conf.blockstore.database)
    runner = make_runner(database, bus)
    return daemon.Daemon(
        name="volume-scheduler",
        servers=[(VolumeScheduler(database, runner), conf.host)],
        loops=[
            runner,
            Heartbeat(database, conf.host, conf.blockstore.zone),
            Sweeper(database),
            events.Relay(database, models.EVENTS, bus, service="volume",
                         leases=models.LEASES),
        ],
        checks={"database": lambda: _check_database(database)},
        stopping=[database.dispose])


@daemon.privileged
def agent(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Serve this host's backend."""
    own = conf.blockstore
    driver = make_driver(conf)
    identity = Identity(own.volumes_dir, f"{conf.host}@{own.driver}")
    volumes = Volumes(driver)
    store = ImageStore(clients.Clients(conf, "blockstore"))
    reporter = Reporter(bus, driver, identity=identity, zone=own.zone,
                        overcommit=own.overcommit)
    reconciler = Reconciler(
        bus, volumes, identity, reporter,
        interval=own.reconcile_interval)
    return daemon.Daemon(
        name="volume-agent",
        servers=[(VolumeAgent(volumes, reconciler, store),
                  identity.backend)],
        loops=[reporter, reconciler],
        starting=[identity.take, driver.prepare],
        checks={"report": reporter.check},
        stopping=[identity.release])


def _check_database(database: db.Database) -> None:
    with database.reader() as session:
        types.find(session, None)
