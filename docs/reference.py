"""Sphinx extension: pages of the APIs and policies, made from the code.

Writes ``reference/*.md`` before the pages are read. Nothing in them is
written by hand: routes, schemas, microversions and rules say it.
"""

import importlib.metadata
import inspect
import itertools
import json
import pathlib
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

from common import daemon, policy, rpc, wsgi

_TITLES = {
    "identity": "Identity", "imagestore": "Image", "network": "Network",
    "compute": "Compute", "placement": "Placement",
    "blockstore": "Block storage", "objectstore": "Object storage",
}
_FACTS = ("enum", "minLength", "maxLength", "minimum", "maximum",
          "minItems", "maxItems", "pattern", "format", "default")
_DEPTH = 4


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx call us."""
    app.connect("builder-inited", lambda app: write(
        pathlib.Path(app.srcdir) / "reference"))
    return {"parallel_read_safe": True}


def write(folder: pathlib.Path) -> None:
    """Write a page of each API, and one of each API's policy."""
    folder.mkdir(exist_ok=True)
    for api in apis():
        _keep(folder / f"{api.name}-api.md", api_page(api))
        _keep(folder / f"{api.name}-policy.md", policy_page(api))


def _keep(path: pathlib.Path, lines: Iterable[str]) -> None:
    """Write a page, unless it says so already and need not be read again."""
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def apis() -> Iterator[wsgi.API]:
    """Return the REST faces of all daemons; nothing is started."""
    with tempfile.TemporaryDirectory() as state:
        conf = _options(pathlib.Path(state))
        bus = rpc.Bus("memory://", exchange="docs")
        for point in importlib.metadata.entry_points(group="pileus.daemons"):
            if point.name.endswith("-api"):
                made = point.load()(conf, bus)
                yield from (listen.app.api for listen in made.apps)


def _options(state: pathlib.Path) -> Any:
    path = state / "pileus.conf"
    services = "".join(f"[{name}]\npassword = docs\n" for name in _TITLES)
    path.write_text(f"[DEFAULT]\nstate_dir = {state}\n{services}"
                    "[bootstrap]\nadmin_password = docs\n"
                    "[metadata]\nshared_secret = docs\n")
    return daemon.load_conf([str(path)])


def api_page(api: wsgi.API) -> Iterator[str]:
    """Return the lines of the reference of an API."""
    yield f"# {_TITLES[api.name]} API"
    yield ""
    if api.microversions:
        yield (f"Microversions {api.microversions.minimum} to "
               f"{api.microversions.maximum}.")
        yield ""
    rules = _rules_by_call(api.rules)
    for head, routes in itertools.groupby(
            sorted(api.routes, key=_place), key=_resource):
        yield f"## {head}"
        yield ""
        for method, path, action in routes:
            yield from _operation(method, path, action, rules)


def _place(route: wsgi.Route) -> tuple[str, str, str]:
    return _resource(route), route[1], route[0]


def _resource(route: wsgi.Route) -> str:
    """Return the first word of a path that is not a version or variable."""
    parts = [part for part in route[1].split("/") if part]
    for part in parts:
        if "{" not in part and not part.startswith("v"):
            return part
    return "versions" if len(parts) < 2 else parts[0]


def _rules_by_call(rules: Iterable[policy.Rule]
                   ) -> dict[tuple[str, str], list[policy.Rule]]:
    found: dict[tuple[str, str], list[policy.Rule]] = {}
    for rule in rules:
        for call in rule.operations:
            key = call["method"], call["path"]
            found.setdefault(key, []).append(rule)
    return found


def _operation(method: str, path: str, action: Any,
               rules: dict[tuple[str, str], list[policy.Rule]]
               ) -> Iterator[str]:
    spec = action.spec
    guards = rules.get((method, path), [])
    said = inspect.getdoc(action) or (guards[0].description if guards else "")
    yield f"### {method} {_code(path)}"
    yield ""
    yield from said.splitlines()[:1]
    yield ""
    yield f"* Answers {spec.status}"
    low, high = spec.versions
    if low or high:
        yield f"* Microversions: {low or 'the first'} to {high or 'the last'}"
    if guards:
        yield "* Policy: " + ", ".join(_code(rule.name) for rule in guards)
    if spec.public:
        yield "* Needs no token"
    yield from _members("Query string", spec.query)
    yield from _members("Body", spec.body)
    yield ""


def _members(title: str, schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict) or not schema.get("properties"):
        return
    yield ""
    yield f"{title}:"
    yield ""
    yield from _listed(schema, 0)


def _listed(schema: dict[str, Any], depth: int) -> Iterator[str]:
    needed = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        words = [_type(member), "required" if name in needed else "",
                 *_facts(member)]
        yield "  " * depth + f"* {_code(name)}: " + ", ".join(
            filter(None, words))
        below = member if isinstance(member, dict) else {}
        if isinstance(below.get("items"), dict):
            below = below["items"]
        if depth < _DEPTH:
            yield from _listed(below, depth + 1)


def _type(member: Any) -> str:
    if not isinstance(member, dict):
        return "anything"
    kind = member.get("type", "")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _facts(member: Any) -> Iterator[str]:
    if not isinstance(member, dict):
        return
    for name in _FACTS:
        if name in member:
            yield f"{name} {_code(json.dumps(member[name]))}"


def policy_page(api: wsgi.API) -> Iterator[str]:
    """Return the lines of the table of an API's rules."""
    yield f"# {_TITLES[api.name]} policy"
    yield ""
    yield "| rule | default | what it lets one do | calls |"
    yield "| --- | --- | --- | --- |"
    for rule in sorted(api.rules, key=lambda rule: str(rule.name)):
        calls = "<br>".join(f"{call['method']} {_code(call['path'])}"
                            for call in rule.operations)
        yield (f"| {_code(rule.name)} | {_code(rule.check_str)} | "
               f"{rule.description} | {calls} |")


def _code(text: str) -> str:
    """Return ``text`` as code, also within a table."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}".replace("|", "\\|")
