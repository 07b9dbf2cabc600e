"""Where the parts of a node live, and what is remembered about it."""

import dataclasses
import functools
import json
import os
import pathlib
import re
import stat

#: The longest path of a UNIX socket is 107 bytes; ours add up to 50.
MAX_STATE_LENGTH = 56
#: The path stands in configuration files and URLs of databases.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")
#: It is a folder, a host name, and a part of sockets' paths.
_NAME = re.compile("[a-z0-9][a-z0-9-]{0,15}")


@dataclasses.dataclass
class Facts:
    """What is chosen once for a node and kept for all later starts.

    ``number`` is the cloud's own: it names the public subnet, the host's
    link and its packet filter. ``index`` counts the nodes of a cloud.
    """

    number: int
    index: int
    host_uuid: str
    first: str = ""

    @property
    def public_cidr(self) -> str:
        return f"198.18.{self.number}.0/24"

    @property
    def gateway(self) -> str:
        return f"198.18.{self.number}.1"

    @property
    def encap_ip(self) -> str:
        return f"198.19.{self.number}.{self.index}"

    @property
    def link(self) -> str:
        """The host's end of the link to the external bridge."""
        return f"pileus{self.number}"


@dataclasses.dataclass(frozen=True)
class Layout:
    """The folder of one node below the state directory of its cloud."""

    state: pathlib.Path
    name: str

    @property
    def home(self) -> pathlib.Path:
        return self.state / "node" / self.name

    @property
    def run(self) -> pathlib.Path:
        """The node's /run, as the host sees it."""
        return self.home / "run"

    @property
    def log(self) -> pathlib.Path:
        return self.home / "log"

    @property
    def enter(self) -> pathlib.Path:
        """A script that runs a command inside the node."""
        return self.home / "enter"

    @functools.cached_property
    def facts(self) -> Facts:
        return Facts(**json.loads(self._facts_file.read_text()))

    @property
    def known(self) -> bool:
        """Tell whether the node was ever set up."""
        return self._facts_file.exists()

    def remember(self, facts: Facts) -> None:
        """Keep the facts; all or nothing is written."""
        replace_text(self._facts_file,
                     json.dumps(dataclasses.asdict(facts)) + "\n")

    @property
    def _facts_file(self) -> pathlib.Path:
        return self.home / "node.json"


def replace_text(path: pathlib.Path, text: str, mode: int = 0o644) -> None:
    """Write the whole file or leave the old one."""
    draft = path.with_name(path.name + ".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.rename(path)


def of(state: str | pathlib.Path, name: str) -> Layout:
    """Return the layout of a node, refusing paths sockets cannot have."""
    path = pathlib.Path(state).absolute()
    if len(os.fsencode(path)) + len(name) > MAX_STATE_LENGTH + len("node1"):
        raise ValueError(
            f"the state directory's path is too long for sockets below it:"
            f" {path} (at most {MAX_STATE_LENGTH} characters)")
    if not _PLAIN_PATH.fullmatch(str(path)):
        raise ValueError(
            f"the state directory's path may have letters, digits and"
            f" / . _ + - only: {path}")
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"a node's name has up to 16 small letters, digits and -: {name}")
    return Layout(path, name)


def check_reach(state: pathlib.Path) -> None:
    """Refuse a state directory that daemons and guests cannot get to."""
    for folder in reversed(state.absolute().parents):
        if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
            raise ValueError(
                f"the daemons and guests cannot get to {state}: others may"
                f" not pass {folder}. Choose another one with --state, or"
                f" chmod o+x {folder}")
