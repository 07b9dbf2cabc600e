"""The stores of this deployment, by name."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from oslo_config import cfg

from common import concurrency, installed
from imagestore import conf as options
from imagestore import exceptions
from imagestore.stores.base import ImageStore, Opened
from imagestore.stores.file import FileStore

T = TypeVar("T")

#: Name of the place where data wait for their import; no user may say it.
STAGING = "os_glance_staging_store"


@dataclasses.dataclass(frozen=True)
class Store:
    """One store, and what operators say of it.

    :param kind: name of the driver
    :param weight: of the stores that have an image, that with the highest
        is read
    """

    name: str
    kind: str
    driver: ImageStore
    weight: int = 0
    description: str = ""

    def call(self, func: Callable[..., T], *args: Any) -> T:
        """Call a method of the driver, or of what it opened."""
        if self.driver.green:
            return func(*args)
        return concurrency.blocking(func, *args)

    def open(self, key: str) -> Opened:
        """Begin to read; raise FileNotFoundError if nothing is there."""
        return self.call(self.driver.open, key)


class Stores:
    """All stores; the first is the default if no other is named."""

    def __init__(self, stores: Iterable[Store], staging: ImageStore,
                 default: str | None = None) -> None:
        self._stores = {each.name: each for each in stores}
        self._staging = Store(STAGING, "file", staging)
        self.default = default or next(iter(self._stores))
        if self.get(self.default).driver.read_only:
            raise ValueError(
                f"imagestore.default_store: {self.default} is read-only")

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "Stores":
        """Return the stores as the options say."""
        made = [_make(conf, *options.parse_store(each))
                for each in conf.imagestore.stores]
        return cls(made, FileStore(conf.imagestore.staging_dir),
                   conf.imagestore.default_store)

    def prepare(self) -> None:
        """Make all stores ready; may be repeated."""
        for each in [*self, self._staging]:
            each.call(each.driver.prepare)

    def __iter__(self) -> Any:
        return iter(self._stores.values())

    def get(self, name: str) -> Store:
        """Return a store, or raise StoreNotFound."""
        if name == STAGING:
            return self._staging
        found = self._stores.get(name)
        if found is None:
            raise exceptions.StoreNotFound(
                store=name, known=", ".join(self._stores))
        return found

    def writable(self, name: str | None = None) -> Store:
        """Return the store for new data that a user names, or the default.

        :raises StoreUnknown: if there is none, or only to be read
        """
        name = name or self.default
        found = self._stores.get(name)
        if found is None or found.driver.read_only:
            raise exceptions.StoreUnknown(
                store=name, known=", ".join(self.all_writable()))
        return found

    def all_writable(self) -> list[str]:
        """Return the names of the stores that take data."""
        return [each.name for each in self if not each.driver.read_only]

    def of_kind(self, kind: str) -> Store | None:
        """Return the first store of a driver."""
        return next((each for each in self if each.kind == kind), None)

    def ordered(self, names: Iterable[str]) -> list[str]:
        """Return the names, that to be read first in front."""
        return sorted(names, key=lambda name: (-self._weight(name), name))

    def _weight(self, name: str) -> int:
        found = self._stores.get(name)
        return found.weight if found else 0


def _make(conf: cfg.ConfigOpts, name: str, kind: str) -> Store:
    found = installed.driver(
        "pileus.image_stores", kind, "imagestore.stores")
    group = options.register_store(conf, name)
    driver: ImageStore = found.from_conf(conf, name)
    own = conf[group]
    return Store(name, kind, driver, own.weight, own.description)
