"""Assemble the compute agent's daemon."""

from typing import Any

from oslo_config import cfg

from common import clients, daemon, installed
from compute.agent import conf as options
from compute.agent import identity
from compute.agent.agent import ComputeAgent
from compute.agent.evictor import ImageEvictor
from compute.agent.happenings import Happenings
from compute.agent.imagestore import ImageStore
from compute.agent.membership import Membership, Reporter
from compute.agent.notes import Notes
from compute.agent.proofs import Proofs
from compute.agent.reconciler import Reconciler
from compute.conductor_api import ConductorAPI
from compute.drivers import base, locks, paths


@daemon.privileged
def agent(conf: cfg.ConfigOpts, bus: Any) -> daemon.Daemon:
    """Return the daemon that keeps this host's servers."""
    options.register_opts(conf)
    directory = paths.node_home(conf) / "instances"
    host_uuid = identity.load(directory)
    store = ImageStore(clients.Clients(conf, "compute"))
    driver = load_driver(conf, host_uuid, store.fetch)
    return assemble(conf, bus, driver, host_uuid, store)


def assemble(conf: cfg.ConfigOpts, bus: Any, driver: base.ComputeDriver,
             host_uuid: str, store: ImageStore) -> daemon.Daemon:
    """Return the daemon around a driver."""
    own = conf.compute_agent
    notes = Notes(paths.node_home(conf) / "instances" / "notes")
    server_locks = locks.KeyedLocks()
    membership = Membership(
        bus.client(ConductorAPI), driver, host=conf.host,
        host_uuid=host_uuid, joined=lambda: bus.serve(server, conf.host))
    reconciler = Reconciler(driver, membership, notes, server_locks,
                            own.reconcile_interval)
    server = ComputeAgent(driver, notes, server_locks, reconciler.wake,
                          Proofs(conf), store)
    happenings = Happenings(server_locks, reconciler.wake)
    return daemon.Daemon(
        name="compute-agent",
        loops=[reconciler,
               Reporter(driver, membership, notes, reconciler.wake),
               ImageEvictor(driver, reconciler, interval=own.evict_interval,
                            idle_s=own.image_idle_seconds)],
        starting=[driver.open, notes.open,
                  lambda: driver.listen(happenings)],
        checks={"host": membership.check, "servers": reconciler.check},
        stopping=[driver.close])


def load_driver(conf: cfg.ConfigOpts, host_uuid: str,
                fetch: base.Fetch) -> base.ComputeDriver:
    """Return the driver that the configuration names."""
    kind: type[base.ComputeDriver] = installed.driver(
        "pileus.compute_drivers", conf.compute_agent.driver,
        "compute_agent.driver")
    return kind.from_conf(conf, host_uuid, fetch)
