"""Assemble the daemons of compute; the one file that knows all parts."""

from typing import Any

from oslo_config import cfg

from common import clients, daemon, db, events, rpc, task, wsgi
from compute import bootstrap, policies
from compute.api import native
from compute.api import placement as placement_api
from compute.conductor import Beat, Conductor
from compute.db.api import models as api_models
from compute.db.cell import models as cell_models
from compute.env import Env
from compute.mender import Mender
from compute.scheduler.hosts import HostStates
from compute.scheduler.scheduler import Scheduler
from compute.sweeper import Sweeper
from compute.tasks import TASKS

API_SCHEMA = db.Schema("compute", api_models.Base.metadata,
                       "compute:db/api/migrations")
CELL_SCHEMA = db.Schema("compute-cell", cell_models.Base.metadata,
                        "compute:db/cell/migrations")


def _api_url(conf: cfg.ConfigOpts) -> str:
    return str(conf.compute.database)


def _cell_url(conf: cfg.ConfigOpts) -> str:
    return str(conf.compute.cell_database)


SERVICE = daemon.Service(
    name="compute", schemas=[(API_SCHEMA, _api_url), (CELL_SCHEMA, _cell_url)],
    catalog=[
        daemon.Endpoint("compute", "nova", "/v2.1", group="compute"),
        daemon.Endpoint("placement", "placement", "", group="placement")],
    bootstrap=bootstrap.run,
    rules=[*policies.RULES, *policies.PLACEMENT_RULES])


def make_env(conf: cfg.ConfigOpts, bus: rpc.Bus) -> Env:
    """Return what tasks and handlers work with."""
    api_db = db.Database(_api_url(conf))
    cell_db = db.Database(_cell_url(conf))
    hosts = HostStates(
        cell_db, api_db, zone=conf.compute.availability_zone,
        down_after_s=conf.compute.down_after)
    return Env(conf=conf, api=api_db, cell=cell_db, bus=bus,
               clients=clients.Clients(conf, "compute"),
               scheduler=Scheduler(hosts, api_db))


def make_runner(env: Env, *, announce: Any = None) -> task.Runner:
    """Return what writes tasks, and what runs them if it is run."""
    made = task.Runner(env.cell, env, TASKS, cell_models.task_tables,
                       announce=announce)
    env.tasks = env.tasks or made
    return made


def api(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Return compute-api: the native REST API."""
    env = make_env(conf, bus)
    tasks = make_runner(env, announce=env.wake_conductors)
    app = wsgi.make_app(native.api(conf, env, tasks), conf)
    own = conf.compute
    return daemon.Daemon(
        name="compute-api",
        apps=[daemon.Listen(app, own.listen, own.port, "compute")],
        servers=[(env.waiting, conf.host)], stopping=[env.close])


def placement(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Return placement-api."""
    database = db.Database(_api_url(conf))
    app = wsgi.make_app(placement_api.api(database), conf)
    own = conf.placement
    return daemon.Daemon(
        name="placement-api",
        apps=[daemon.Listen(app, own.listen, own.port, "placement")],
        stopping=[database.dispose])


def conductor(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Return compute-conductor: tasks, agents' questions, sweeps."""
    env = make_env(conf, bus)
    tasks = make_runner(env)
    return daemon.Daemon(
        name="compute-conductor",
        loops=[tasks, Beat(conf, env.cell), Sweeper(env.api, env.cell),
               Mender(env.cell, tasks),
               events.Relay(env.cell, cell_models.Event, bus,
                            service="compute",
                            leases=cell_models.lease_tables)],
        servers=[(Conductor(conf, env.api, env.cell, tasks), conf.host)],
        stopping=[env.close])
