"""The account that daemons run as, once they need to be root no more."""

import os
import pwd
import sys

from oslo_config import cfg

USER = "pileus"


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
