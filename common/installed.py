"""What is installed under a name: the entry points of setup.cfg."""

import functools
import importlib.metadata
from collections.abc import Mapping
from typing import Any


@functools.cache
def entry_points(group: str) -> Mapping[str, importlib.metadata.EntryPoint]:
    """Return what a group holds, by name; each ``load()`` imports it.

    Remembered: to look takes a walk through all installed packages.
    """
    return {point.name: point
            for point in importlib.metadata.entry_points(group=group)}


def driver(group: str, name: str, option: str) -> Any:
    """Return the driver that an option names.

    :raises ValueError: if nothing is installed under the name
    """
    found = entry_points(group)
    if name not in found:
        raise ValueError(f"{option}: there is no {name}; installed are "
                         + ", ".join(sorted(found)))
    return found[name].load()
