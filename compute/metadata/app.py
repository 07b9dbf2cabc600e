"""Assemble the metadata service's daemon."""

from typing import Any

from oslo_config import cfg

from common import daemon, db, faults, wsgi
from compute.metadata import conf as options
from compute.metadata.api import Metadata
from compute.metadata.servers import Askers


def metadata(conf: cfg.ConfigOpts, bus: Any) -> daemon.Daemon:
    """Return the daemon that answers the nodes' proxies."""
    options.register_opts(conf)
    cell = db.Database(conf.compute.cell_database)
    askers = Askers(conf, cell, conf.metadata.shared_secret)
    app = wsgi.make_app(api(askers), conf)
    return daemon.Daemon(
        name="compute-metadata",
        apps=[daemon.Listen(app, conf.metadata.listen, conf.metadata.port,
                            "metadata")],
        stopping=[cell.dispose])


def api(askers: Askers) -> wsgi.API:
    """Return the API; each request proves itself by its signature."""
    return wsgi.API("metadata", Metadata(askers).routes(), rules=[],
                    faults=faults.PLAIN)
