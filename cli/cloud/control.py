"""The control plane of a cloud: every daemon in one process.

``python -m cli.cloud.control STATE`` runs it; the keeper starts that.
Root is needed at first, for the helper and for reading the settings.
"""

# ruff: noqa: E402
import gc

# What is imported stays: to look for garbage in it takes half a second.
# The daemons' start ends with a look, and turns it on.
gc.disable()

from common import concurrency

concurrency.patch()

import os
import pwd
import sys

from cli.cloud import client, paths, process, reasons, settings
from common import daemon


def main(state: str) -> int:
    """Run until told to stop; return the exit status."""
    os.umask(0o027)
    place = paths.of(state)
    process.record(place, "control")
    daemon.load()
    process.wait_for_node(place)
    try:
        with reasons.explained():
            return _run(place)
    except reasons.Failed as error:
        print(f"The control plane does not start: {error}", file=sys.stderr)
        process.notify(REASON=str(error).replace("\n", " "))
        return 1


def _run(place: paths.Paths) -> int:
    group = pwd.getpwnam("pileus").pw_gid
    conf = settings.complete(
        place, group, lambda files: daemon.load_conf(files))
    root = conf.public_url or f"http://{conf.identity.listen}"
    client.write(place, auth_url=f"{root}:{conf.identity.port}/v3",
                 password=conf.bootstrap.admin_password, region=conf.region)
    return daemon.run(conf, daemon.daemon_names(), preparing=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
