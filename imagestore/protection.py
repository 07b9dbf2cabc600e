"""Property protection: which roles may do what to which properties.

An operator's file, in the format that the reference service has: a section
for each regular expression, matched at the beginning of a name, with a list
of roles for each of ``create``, ``read``, ``update`` and ``delete``; ``@``
stands for everybody and ``!`` for nobody. The first section that matches
decides; nobody may do anything to a property that none matches.
"""

import configparser
import re
from collections.abc import Iterable
from typing import Any

from common import exceptions
from imagestore.schemas import images as schemas

ACTIONS = ("create", "read", "update", "delete")
_OWN = frozenset([*schemas.WRITABLE, *schemas.READ_ONLY])

Sections = list[tuple[re.Pattern[str], dict[str, frozenset[str]]]]


class Protection:
    """Rules for custom properties; without any, all is allowed."""

    def __init__(self, sections: Sections) -> None:
        self._sections = sections

    @classmethod
    def from_file(cls, path: str | None) -> "Protection":
        """Return the rules of a file; ValueError says what is wrong."""
        if not path:
            return cls([])
        parser = configparser.RawConfigParser(strict=True)
        try:
            with open(path, encoding="utf-8") as file:
                parser.read_file(file)
            return cls([(re.compile(name), _roles(name, parser[name]))
                        for name in parser.sections()])
        except (configparser.Error, re.error) as error:
            raise ValueError(f"{path}: {error}") from None

    def allows(self, action: str, name: str, roles: Iterable[str]) -> bool:
        """Say whether who has ``roles`` may do ``action`` to a property."""
        if not self._sections:
            return True
        for pattern, actions in self._sections:
            if pattern.match(name):
                allowed = actions[action]
                return "!" not in allowed and (
                    "@" in allowed or not allowed.isdisjoint(
                        role.lower() for role in roles))
        return False

    def check(self, action: str, name: str, roles: Iterable[str]) -> None:
        """Raise Forbidden unless ``allows`` says yes."""
        if not self.allows(action, name, roles):
            raise exceptions.Forbidden(rule=f"{action} of property {name}")

    def cleaned(self, shown: dict[str, Any],
                roles: Iterable[str]) -> dict[str, Any]:
        """Return an image as it is shown, without what may not be read."""
        if not self._sections:
            return shown
        return {name: value for name, value in shown.items()
                if name in _OWN or self.allows("read", name, roles)}


def _roles(section: str, said: Any) -> dict[str, frozenset[str]]:
    missing = [action for action in ACTIONS if action not in said]
    if missing:
        raise ValueError(f"section {section}: {', '.join(missing)} not said")
    return {action: frozenset(
        role.strip().lower() for role in said[action].split(",") if
        role.strip()) for action in ACTIONS}


NO_PROTECTION = Protection([])
