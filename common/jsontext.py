"""JSON from strangers, and to them."""

import json
from typing import Any

import orjson

MAX_DEPTH = 32


def loads(text: bytes) -> object:
    """Return the value of ``text``.

    Stricter than the standard library: no NaN, no member twice, no lone
    surrogates, no nesting deeper than MAX_DEPTH.

    :raises ValueError: that says what is wrong
    """
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH:
        _check_depth(text)
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=_object,
            parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
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


def _check_depth(text: bytes) -> None:
    depth = 0
    quoted = escaped = False
    for char in text:
        if quoted:
            quoted = escaped or char != 0x22
            escaped = char == 0x5c and not escaped
        elif char == 0x22:
            quoted = True
        elif char in b"{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        elif char in b"}]":
            depth -= 1


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
