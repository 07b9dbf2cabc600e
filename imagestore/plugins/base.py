"""What operators let happen to images while they are imported."""

import abc
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from oslo_config import cfg

from common import installed


class Source(Protocol):
    """Data that a plug-in makes."""

    def read(self, length: int) -> bytes:
        """Return up to ``length`` bytes; none at the end.

        It blocks, and is called in a native thread.
        """

    def close(self) -> None:
        """Let go of what it reads from; may be repeated."""


@dataclasses.dataclass(frozen=True)
class Staged:
    """An image as it waits for its import.

    :param path: file of its data, only to be read
    :param roles: of the user who imports it
    """

    path: str
    container_format: str
    disk_format: str
    roles: list[str]


@dataclasses.dataclass
class Change:
    """What becomes of an image; all of it is done at once, or nothing.

    :param source: gives the data that take the place of those there were
    :param fill: writes them, to the empty file at the path it is called
        with; in a green thread
    :param columns: values of the image's row
    :param properties: custom properties to set
    :param doing: words for users, of what takes its time
    """

    source: Source | None = None
    fill: Callable[[str], None] | None = None
    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    properties: Mapping[str, str] = dataclasses.field(default_factory=dict)
    doing: str = ""


class Plugin(abc.ABC):
    """Changes images that are imported.

    It has no effect of its own: the import does what it returns. It may
    be asked again when a process has died.
    """

    @classmethod
    @abc.abstractmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "Plugin":
        """Return it as the options say."""

    @abc.abstractmethod
    def change(self, staged: Staged) -> Change:
        """Return what is to become of an image.

        It blocks, and is called in a native thread.

        :raises ServiceError: to end the import
        """


class NoOp(Plugin):
    """Leaves all as it is."""

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "NoOp":
        return cls()

    def change(self, staged: Staged) -> Change:
        return Change()


def load(conf: cfg.ConfigOpts) -> dict[str, Plugin]:
    """Return the plug-ins by name, in the order they are to be applied.

    :raises ValueError: for a name that nothing installed has
    """
    return {name: installed.driver(
        "pileus.image_import_plugins", name,
        "image_import_opts.image_import_plugins").from_conf(conf)
        for name in conf.image_import_opts.image_import_plugins}
