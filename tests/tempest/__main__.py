"""Run a tier of Tempest against a cloud made for it.

    tox -e tempest -- identity [--distributed] [--set identity.x=y] [-- ...]

What follows ``--`` goes to ``tempest run``, such as ``--regex NAME``.
"""

from common import concurrency

concurrency.patch()

import argparse  # noqa: E402
import contextlib  # noqa: E402
import pathlib  # noqa: E402
import shutil  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402

from tests.cluster.common import servers  # noqa: E402
from tests.tempest import clouds, resources, workspace  # noqa: E402

#: Tiers that ask for neither images nor servers.
_WITHOUT_IMAGES = {"identity", "network", "object_storage"}


def main(argv: list[str]) -> int:
    """Return what to exit with."""
    arguments = _parse(argv)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="pileus-", dir="/tmp"))
    scratch.chmod(0o755)
    try:
        return _run(scratch, arguments)
    finally:
        if not arguments.keep:
            shutil.rmtree(scratch, ignore_errors=True)


def _run(scratch: pathlib.Path, arguments: argparse.Namespace) -> int:
    start = clouds.distributed if arguments.distributed else clouds.embedded
    port = servers.free_port()
    with contextlib.ExitStack() as stack:
        values = stack.enter_context(
            resources.web_server(scratch / "web", port))
        access = stack.enter_context(
            start(scratch, clouds.options(arguments.settings, port)))
        values |= resources.found(access)
        if arguments.tier not in _WITHOUT_IMAGES:
            stack.enter_context(resources.image_remote(scratch, access))
            values |= resources.images(scratch, access)
        work = workspace.Workspace(
            scratch / "tempest", access, values, arguments.settings)
        return work.run(arguments.tier, arguments.rest)


def _parse(argv: list[str]) -> argparse.Namespace:
    argv, _, rest = (list(part) for part in _partition(argv))
    parser = argparse.ArgumentParser(
        prog="tox -e tempest --", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tier", choices=workspace.tiers())
    parser.add_argument("--distributed", action="store_true",
                        help="a process per daemon, RabbitMQ, PostgreSQL")
    parser.add_argument("--set", dest="settings", action="append",
                        default=[], metavar="GROUP.OPTION=VALUE",
                        help="change an option of tempest.conf")
    parser.add_argument("--keep", action="store_true",
                        help="leave logs and results in /tmp")
    arguments = parser.parse_args(argv)
    arguments.rest = rest
    return arguments


def _partition(argv: list[str]) -> tuple[list[str], list[str], list[str]]:
    at = argv.index("--") if "--" in argv else len(argv)
    return argv[:at], argv[at:at + 1], argv[at + 1:]


sys.exit(main(sys.argv[1:]))
