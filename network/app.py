"""Assembles the daemons of the network service."""

import contextlib
from collections.abc import Callable

import sqlalchemy as sa
from oslo_config import cfg

from common import clients, daemon, db, exceptions, lease, loop, rpc, wsgi
from common.context import RequestContext, service_context
from network import api as rest
from network import bootstrap, policies
from network.api.metadata import Source
from network.db.models import Base
from network.interfaces import MetadataNode, NetworkController

SCHEMA = db.Schema("network", Base.metadata, "network:db/migrations")


def _url(conf: cfg.ConfigOpts) -> str:
    return str(conf.network.database)


SERVICE = daemon.Service(
    name="network", schemas=[(SCHEMA, _url)],
    catalog=[daemon.Endpoint("network", "neutron", "", group="network")],
    bootstrap=bootstrap.bootstrap, rules=policies.RULES)


def api(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Return network-api: REST, and what the nodes ask."""
    database = db.Database(conf.network.database)
    changed = _hint(bus.client(NetworkController).changed)
    app = wsgi.make_app(rest.make(database, conf, changed), conf)
    return daemon.Daemon(
        name="network-api",
        apps=[daemon.Listen(app, conf.network.listen, conf.network.port,
                            "network-api")],
        servers=[(Source(database), conf.host)],
        checks={"database": lambda: _check(database)},
        stopping=[database.dispose])


def _check(database: db.Database) -> None:
    with database.reader() as session:
        session.execute(sa.select(1))


def _hint(send: Callable[[RequestContext], None]) -> Callable[[], None]:
    """Return what sends it, or does not where the bus is away.

    A hint that is lost costs a second, or half a minute on the nodes.
    """
    def hint() -> None:
        with contextlib.suppress(exceptions.ServiceUnavailable):
            send(service_context())
    return hint


class _Hints(NetworkController):
    """Wakes the loops when the API has changed something."""

    def __init__(self, *loops: loop.Loop) -> None:
        self._loops = loops

    def changed(self, ctx: RequestContext) -> None:
        """Look for changes now."""
        for each in self._loops:
            each.wake()


def controller(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Return network-controller."""
    # The library of OVSDB is only needed here.
    from network.controller.assembly import Controller
    database = db.Database(conf.network.database)
    holder = lease.Lease(database, Base.metadata.tables["leases"],
                         "network-controller", ttl_s=Controller.lease_s)
    made = Controller(
        conf, database, holder, clients.Clients(conf, "network"),
        applied=_hint(bus.client(MetadataNode).changed))
    return daemon.Daemon(
        name="network-controller",
        loops=made.loops,
        servers=[(_Hints(made.reconciler, made.announcer), conf.host)],
        starting=[made.start],
        checks={"ovn": made.check, "first comparison": made.check_ran},
        stopping=[holder.release, made.stop, database.dispose])


@daemon.privileged
def metadata(conf: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Return network-metadata, of which each node has one."""
    from network.metadata.agent import MetadataAgent, Served
    from network.metadata.guard import RouterGuard
    agent = MetadataAgent(conf, bus)
    return daemon.Daemon(
        name="network-metadata", loops=[RouterGuard(), agent],
        servers=[(Served(agent), conf.host)], starting=[agent.start],
        stopping=[agent.close])
