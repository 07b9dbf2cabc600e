"""The configuration that ``pileus up`` writes: secrets, ports, sockets.

What the file already says is never changed; what is missing, at the first
start or after an upgrade, is added at its end.
"""

import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator

from oslo_config import cfg, types

from cli.cloud import paths

#: Clouds outside the default place listen on a block of ports each.
_FIRST_PORT = 20000
_PORTS = 40

Setting = tuple[str, str, str]


def complete(place: paths.Paths, group: int,
             load: Callable[[list[str]], cfg.ConfigOpts]) -> cfg.ConfigOpts:
    """Add to the file what the options need, and return them.

    :param group: the daemons' group, which may read the file
    :param load: returns the options of all services from files
    """
    files = [str(place.conf)] if place.conf.exists() else []
    conf = load(files)
    number = json.loads((place.node / "node.json").read_text())["number"]
    missing = [*_of_node(conf, place, number), *_secrets(conf)]
    if place.state != paths.DEFAULT_STATE:
        missing += _ports(conf, _FIRST_PORT + number * _PORTS)
    conf = _add(place, group, load, conf, missing)
    if place.state != paths.DEFAULT_STATE:
        conf = _add(place, group, load, conf, _urls(conf))
    return conf


def _add(place: paths.Paths, group: int,
         load: Callable[[list[str]], cfg.ConfigOpts], conf: cfg.ConfigOpts,
         settings: list[Setting]) -> cfg.ConfigOpts:
    missing = [(section, name, value) for section, name, value in settings
               if not _is_set(conf, section, name)]
    if not missing:
        return conf
    _append(place, group, missing)
    return load([str(place.conf)])


def _urls(conf: cfg.ConfigOpts) -> list[Setting]:
    """Return where services find each other, which follows from ports."""
    found = [("auth", "url", f"http://127.0.0.1:{conf.identity.port}")]
    if "port" in _options(conf).get("metadata", {}):
        found.append(("network", "metadata_url",
                      f"http://127.0.0.1:{conf.metadata.port}"))
    return found


def _of_node(conf: cfg.ConfigOpts, place: paths.Paths,
             number: int) -> Iterator[Setting]:
    run = place.node / "run"
    yield "DEFAULT", "state_dir", str(place.state)
    yield "DEFAULT", "host", place.node.name
    yield "node", "name", place.node.name
    yield "node", "run_dir", str(run)
    yield "node", "enter", str(place.node / "enter")
    yield "ovn", "nb", f"unix:{run}/ovn/ovnnb_db.sock"
    yield "ovn", "sb", f"unix:{run}/ovn/ovnsb_db.sock"
    yield "network", "public_cidr", f"198.18.{number}.0/24"
    yield "network", "public_gateway", f"198.18.{number}.1"


def _secrets(conf: cfg.ConfigOpts) -> Iterator[Setting]:
    for group, options in _options(conf).items():
        for name, option in options.items():
            if option.secret and option.default is None:
                yield group, name, secrets.token_urlsafe(24)


def _ports(conf: cfg.ConfigOpts, first: int) -> Iterator[Setting]:
    """Yield a free port for each option that has none yet."""
    wanted = [(group, name)
              for group, options in sorted(_options(conf).items())
              for name, option in sorted(options.items())
              if isinstance(option.type, types.Port)]
    used = {getattr(conf[group], name) for group, name in wanted
            if _is_set(conf, group, name)}
    free = (port for port in range(first, first + _PORTS)
            if port not in used and _is_free(port))
    chosen = {(group, name): next(free) for group, name in wanted
              if not _is_set(conf, group, name)}
    for (group, name), port in chosen.items():
        yield group, name, str(port)


def _options(conf: cfg.ConfigOpts) -> dict[str, dict[str, cfg.Opt]]:
    """Return the registered options by group and name."""
    return {group: {found["opt"].dest: found["opt"]
                    for found in conf._groups[group]._opts.values()}
            for group in conf._groups}


def _is_set(conf: cfg.ConfigOpts, group: str, name: str) -> bool:
    try:
        where = conf.get_location(
            name, None if group == "DEFAULT" else group)
    except (cfg.NoSuchGroupError, cfg.NoSuchOptError):
        return True  # there is nobody to read it
    return where is not None and where.location not in (
        cfg.Locations.opt_default, cfg.Locations.set_default)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _append(place: paths.Paths, group: int, settings: list[Setting]) -> None:
    lines = []
    section = None
    for name, option, value in sorted(settings):
        if name != section:
            section = name
            lines.append(f"\n[{name}]")
        lines.append(f"{option} = {value}")
    old = place.conf.read_text() if place.conf.exists() else (
        "# Written by pileus up. Change what you like: it only adds what"
        " is missing.\n")
    draft = place.conf.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(handle, "w") as stream:
        os.fchown(handle, 0, group)
        stream.write(old + "\n".join(lines) + "\n")
        stream.flush()
        os.fsync(handle)
    draft.rename(place.conf)
