"""JSON from strangers, and to them."""

import json
from collections.abc import Iterable
from typing import Any

import orjson

MAX_DEPTH = 32


def loads(text: bytes) -> object:
    """Return the value of ``text``.

    Stricter than the standard library: no NaN, no member twice, no lone
    surrogates, no nesting deeper than MAX_DEPTH.

    :raises ValueError: that says what is wrong
    """
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=_object,
            parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    if b"\\u" in text:
        _refuse_surrogates(value)
    return value


def dumps(value: object) -> bytes:
    """Return ``value`` as JSON."""
    return orjson.dumps(value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"member {twice[:64]!r} is there twice")
    return made


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [item for outer in level for item in _items(outer)]
        if not level:
            return
    raise ValueError(f"nested deeper than {MAX_DEPTH}")


def _items(value: object) -> list[object]:
    """Return the containers right inside ``value``."""
    if isinstance(value, dict):
        inside: Iterable[object] = value.values()
    elif isinstance(value, list):
        inside = value
    else:
        return []
    return [item for item in inside if isinstance(item, dict | list)]


def _refuse_surrogates(value: object) -> None:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("a string holds a lone surrogate") from None
    elif isinstance(value, dict):
        for name, item in value.items():
            _refuse_surrogates(name)
            _refuse_surrogates(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_surrogates(item)
