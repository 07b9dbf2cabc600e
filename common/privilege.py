"""Root work, in a small helper process of its own.

A daemon that needs root for some of its work starts the helper while it is
root itself, and then becomes the unprivileged user. Functions marked with
``CONTEXT.entrypoint`` (in each service's ``privileged.py``) run in the
helper: they check their arguments again, and there is none that runs any
command it is told.
"""

import logging
import os
import pwd
import shlex
import sys

from oslo_config import cfg
from oslo_privsep import capabilities as c
from oslo_privsep import priv_context

LOG = logging.getLogger(__name__)

#: The account that daemons run as.
USER = "pileus"

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


def drop(conf: cfg.ConfigOpts) -> bool:
    """Become the unprivileged user; say whether that was possible.

    It is not where the user cannot read the code, such as below /root.
    """
    if os.getuid() != 0:
        return True
    try:
        account = pwd.getpwnam(USER)
    except KeyError:
        return False
    if not _readable_by(account):
        return False
    os.initgroups(USER, account.pw_gid)
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    os.environ["HOME"] = conf.state_dir
    return True


def _readable_by(account: pwd.struct_passwd) -> bool:
    """Try it in a child, since access goes by the identity in force."""
    child = os.fork()
    if child == 0:
        os.initgroups(USER, account.pw_gid)
        os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
        os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
        places = (os.path.abspath(__file__), sys.executable)
        os._exit(0 if all(os.access(p, os.R_OK) for p in places) else 1)
    return os.waitpid(child, 0)[1] == 0
