"""Where a node keeps what belongs to its servers."""

import pathlib

from oslo_config import cfg


def node_home(conf: cfg.ConfigOpts) -> pathlib.Path:
    """Return the directory with ``instances`` and ``images`` of this node.

    It is the one around the node's ``run``; on a host that is a node all by
    itself, and so has its sockets in /run, one below the state directory.
    """
    run_dir = pathlib.Path(conf.node.run_dir)
    if run_dir.name == "run" and run_dir != pathlib.Path("/run"):
        return run_dir.parent
    return pathlib.Path(conf.state_dir, "node", conf.node.name)
