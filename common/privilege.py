"""Root work, in a small helper process of its own.

A daemon that needs root for some of its work starts the helper while it is
root itself, and then becomes the unprivileged user. Functions marked with
``CONTEXT.entrypoint`` (in each service's ``privileged.py``) run in the
helper: they check their arguments again, and there is none that runs any
command it is told.
"""

import os
import shlex
import sys

from oslo_config import cfg
from oslo_privsep import capabilities as c
from oslo_privsep import priv_context

CONTEXT = priv_context.PrivContext(
    "", cfg_section="pileus_privileged", pypath="common.privilege.CONTEXT",
    capabilities=[c.CAP_SYS_ADMIN, c.CAP_NET_ADMIN, c.CAP_DAC_OVERRIDE,
                  c.CAP_DAC_READ_SEARCH, c.CAP_FOWNER, c.CAP_CHOWN,
                  c.CAP_NET_BIND_SERVICE, c.CAP_KILL])


def start(conf: cfg.ConfigOpts) -> None:
    """Start the helper inside the node's namespaces; needs root.

    One that was started before, perhaps in another node, ends.
    """
    CONTEXT.stop()
    if not cfg.CONF._namespace:
        cfg.CONF([], project="pileus-privileged", default_config_files=[],
                 default_config_dirs=[])
    helper = os.path.join(os.path.dirname(sys.executable), "privsep-helper")
    # oslo.privsep loads eventlet, whose notice would fill the log.
    command = [*conf.node.enter, "env", "PYTHONWARNINGS=ignore", helper]
    cfg.CONF.set_override(
        "helper_command", shlex.join(command), group="pileus_privileged")
    CONTEXT.start()


def alive() -> bool:
    """Say whether the helper runs."""
    return CONTEXT.channel is not None and bool(CONTEXT.channel.running)
