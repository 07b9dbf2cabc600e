"""Access rules: the few requests for which some tokens are good.

An application credential may be limited to requests by service, method
and path. In paths ``*`` and ``{name}`` stand for a part without a slash,
``**`` for anything.
"""

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping

#: Says to identity that who asks about a token obeys its access rules.
HEADER = "OpenStack-Identity-Access-Rules"
VERSION = "1.0"

#: Types, in the catalog and in rules, of the service behind each API.
SERVICE_TYPES: Mapping[str, frozenset[str]] = {
    "identity": frozenset({"identity"}),
    "imagestore": frozenset({"image"}),
    "network": frozenset({"network"}),
    "compute": frozenset({"compute"}),
    "placement": frozenset({"placement"}),
    "blockstore": frozenset({
        "block-storage", "volumev3", "volume", "block-store"}),
    "objectstore": frozenset({"object-store"}),
}

#: Two stars or more, one star, a name in braces, or a character.
_TOKEN = re.compile(r"\*{2,}|\*|\{[^{}/]*\}|.", re.DOTALL)


def allow(rules: Iterable[Mapping[str, str]], api: str, method: str,
          path: str) -> bool:
    """Say whether one of the rules allows the request.

    :param path: as the handlers see it, decoded
    """
    path = _canonical(path)
    types = SERVICE_TYPES.get(api, frozenset())
    return any(
        rule["service"] in types and rule["method"] == method
        and matches(_canonical(rule["path"]), path) for rule in rules)


def _canonical(path: str) -> str:
    # The router takes a path with a slash at its end for the same.
    return path.rstrip("/") or "/"


def matches(pattern: str, path: str) -> bool:
    """Say whether the whole path is as the pattern says.

    All ways to match go forward together, each as one bit of a number, so
    that it takes one pass over the path whatever the pattern is.
    """
    steps = _compiled(pattern)
    alive = steps.skipping(1)
    for character in path:
        part = 0 if character == "/" else steps.part
        moving = alive & (steps.literal.get(character, 0) | part)
        staying = alive & (steps.any | part)
        alive = steps.skipping(moving << 1 | staying)
        if not alive:
            return False
    return bool(alive >> steps.count & 1)


@dataclasses.dataclass(frozen=True)
class _Steps:
    """A pattern; bit n of each number is about its step n."""

    count: int
    #: Steps that are just this character.
    literal: dict[str, int]
    #: Steps that are one character or more, none of them a slash.
    part: int
    #: Steps that are any characters, or none.
    any: int

    def skipping(self, alive: int) -> int:
        """Return where one may be, too, as steps may be nothing."""
        return alive | (alive & self.any) << 1


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> _Steps:
    literal: dict[str, int] = {}
    part = anything = count = 0
    for token in _TOKEN.findall(pattern):
        if token.startswith("**"):
            anything |= 1 << count
        elif token == "*" or len(token) > 1:
            part |= 1 << count
        else:
            literal[token] = literal.get(token, 0) | 1 << count
        count += 1
    return _Steps(count, literal, part, anything)
