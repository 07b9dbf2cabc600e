"""Where a cloud keeps what belongs to it."""

import dataclasses
import os
import pathlib

DEFAULT_STATE = pathlib.Path("/var/lib/pileus")


@dataclasses.dataclass(frozen=True)
class Paths:
    """The files of a cloud, all below its state directory."""

    state: pathlib.Path

    @property
    def conf(self) -> pathlib.Path:
        return self.state / "etc" / "pileus.conf"

    @property
    def clouds(self) -> pathlib.Path:
        """The clouds.yaml of the cloud's administrator."""
        return self.state / "clouds.yaml"

    @property
    def log(self) -> pathlib.Path:
        return self.state / "log" / "pileus.log"

    @property
    def run(self) -> pathlib.Path:
        """Sockets and process numbers of the daemons' helpers."""
        return self.state / "run"

    @property
    def host(self) -> pathlib.Path:
        """What root alone may write: locks, process numbers, keys."""
        return self.state / "host"

    @property
    def node(self) -> pathlib.Path:
        """The first node's folder."""
        return self.state / "node" / "node1"


def of(state: str | os.PathLike[str]) -> Paths:
    # One name for one place; links stay, for they are the operator's.
    return Paths(pathlib.Path(os.path.normpath(
        pathlib.Path(state).absolute())))


def make(paths: Paths, group: int) -> None:
    """Make the folders; the daemons, of ``group``, write only their own.

    The state directory is sticky: they may make databases in it, but not
    put something of theirs in the place of what root runs.
    """
    for folder, mode in (
            (paths.state, 0o1771), (paths.conf.parent, 0o750),
            (paths.host, 0o750), (paths.log.parent, 0o750),
            (paths.run, 0o1771)):
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, 0, group)
        folder.chmod(mode)
