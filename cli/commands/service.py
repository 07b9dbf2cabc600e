"""pileus service and pileus db: the distributed way of running."""

import contextlib
import gc
import sys
from collections.abc import Iterator
from types import ModuleType

import click
from oslo_config import cfg

_config = click.option(
    "--config", "files", multiple=True, metavar="PATH", required=True,
    envvar="PILEUS_CONFIG", type=click.Path(exists=True),
    help="Configuration file, or directory of them; may be repeated.")


@click.command(short_help="Run one daemon alone.")
@click.argument("name")
@_config
def service(name: str, files: tuple[str, ...]) -> None:
    """Run the daemon NAME until it is told to stop.

    It runs as root only as long as it needs to, then as the user pileus.
    """
    daemon = _patched_daemon()
    names = daemon.daemon_names()
    if name not in names:
        raise click.BadParameter(
            f"{name} is none of {', '.join(names)}", param_hint="NAME")
    with _explained():
        conf = daemon.load_conf(files)
        sys.exit(daemon.run(conf, [name], workers=_workers(conf, name)))


@click.group(short_help="Bring the databases up to date.")
def db() -> None:
    """Look after the databases' schemas."""


@db.command()
@_config
def upgrade(files: tuple[str, ...]) -> None:
    """Bring every database to the newest schema, and fill in what every
    cloud has. May be repeated."""
    daemon = _patched_daemon()
    with _explained():
        conf = daemon.load_conf(files)
        # The files it makes must be the daemons' own.
        daemon.drop_privileges(conf)
        daemon.prepare(conf)


@db.command()
@_config
def check(files: tuple[str, ...]) -> None:
    """Compare every database with what the code expects of it."""
    daemon = _patched_daemon()
    from common import db as database
    clean = True
    with _explained():
        conf = daemon.load_conf(files)
        for schema, url in [each for member in daemon.services()
                            for each in member.schemas]:
            differences = database.check(schema, url(conf))
            clean &= not differences
            click.echo(f"{schema.name}: "
                       f"{len(differences) or 'no'} differences")
            for difference in differences:
                click.echo(f"  {difference}")
    if not clean:
        click.echo("pileus db upgrade, with the same --config, brings them"
                   " up to date.")
    raise SystemExit(0 if clean else 1)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say what is the operator's to mend; not to be imported before."""
    from cli.cloud import reasons
    try:
        with reasons.explained():
            yield
    except reasons.Failed as error:
        raise click.ClickException(str(error)) from error


def _patched_daemon() -> ModuleType:
    """Import the daemons' code, for green threads from the start."""
    # What is imported stays: no search for garbage until a daemon is up.
    gc.disable()
    from common import concurrency
    concurrency.patch()
    from common import daemon
    return daemon


def _workers(conf: cfg.ConfigOpts, name: str) -> int:
    """Return how many processes serve a REST API; all else has one."""
    kind, _, what = name.rpartition("-")
    if what != "api":
        return 1
    group = {"image": "imagestore", "volume": "blockstore",
             "object": "objectstore"}.get(kind, kind)
    return int(conf[group].workers)
