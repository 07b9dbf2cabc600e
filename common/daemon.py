"""What a daemon is made of, and how one or many live in a process.

Services register themselves in ``setup.cfg``: a Service each as entry point
``pileus.services``, and a factory per daemon as ``pileus.daemons``.
"""

import ctypes
import dataclasses
import functools
import gc
import importlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from oslo_config import cfg
from sqlalchemy import orm

from common import (
    account,
    concurrency,
    db,
    installed,
    log,
    middleware,
    notify,
    rpc,
    supervisor,
)
from common import conf as configuration
from common.loop import Loop
from common.policy import Rule

LOG = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])


@dataclasses.dataclass
class Endpoint:
    """An entry of the catalog.

    :param path: what follows scheme, host and port, such as ``/v2.1``
    :param group: option group whose ``listen`` and ``port`` it has
    """

    type: str
    name: str
    path: str = ""
    group: str = ""


@dataclasses.dataclass
class Service:
    """What a service brings along besides its daemons and options.

    :param schemas: each database, and how to get its URL from the options
    :param bootstrap: run after migrations and before daemons; may be
        repeated
    """

    name: str
    schemas: list[tuple[db.Schema, Callable[[cfg.ConfigOpts], str]]] = (
        dataclasses.field(default_factory=list))
    catalog: list[Endpoint] = dataclasses.field(default_factory=list)
    bootstrap: Callable[[cfg.ConfigOpts], None] | None = None
    rules: list[Rule] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Listen:
    """An application and the address it is served on."""

    app: Any
    host: str
    port: int
    name: str


@dataclasses.dataclass
class Daemon:
    """All that one daemon runs.

    :param servers: RPC interfaces served, each as a host
    :param starting: run in order before anything is served
    :param checks: by name; one that raises makes the daemon not ready
    :param stopping: run in order after all has ended
    """

    name: str
    apps: list[Listen] = dataclasses.field(default_factory=list)
    loops: list[Loop] = dataclasses.field(default_factory=list)
    servers: list[tuple[rpc.Interface, str]] = (
        dataclasses.field(default_factory=list))
    starting: list[Callable[[], Any]] = (
        dataclasses.field(default_factory=list))
    checks: dict[str, Callable[[], Any]] = (
        dataclasses.field(default_factory=dict))
    stopping: list[Callable[[], Any]] = (
        dataclasses.field(default_factory=list))


def privileged(factory: F) -> F:
    """Mark the factory of a daemon that does some of its work as root."""
    factory.privileged = True  # type: ignore[attr-defined]
    return factory


def forkable(factory: F) -> F:
    """Mark the factory of a daemon that workers may be forks of.

    It opens nothing, starts nothing, and makes nothing that is one
    process's own, such as the name of an owner of leases.
    """
    factory.forkable = True  # type: ignore[attr-defined]
    return factory


def services() -> list[Service]:
    """Return every installed service, identity first."""
    names = sorted(installed.entry_points("pileus.services"),
                   key=lambda name: (name != "identity", name))
    return [installed.entry_points("pileus.services")[name].load()
            for name in names]


def daemon_names() -> list[str]:
    """Return the names of all daemons."""
    return sorted(installed.entry_points("pileus.daemons"),
                  key=lambda name: (not name.startswith("identity"), name))


def _factories(names: Iterable[str]) -> list[Any]:
    return [installed.entry_points("pileus.daemons")[name].load()
            for name in names]


def load() -> None:
    """Import all services and daemons, which takes most of their start."""
    services()
    _factories(daemon_names())
    # None of it ends before the process: no search for garbage in it.
    gc.freeze()


def load_conf(paths: Iterable[str] = (),
              **overrides: object) -> cfg.ConfigOpts:
    """Return the options of all services from ``paths``.

    They are in the module ``conf`` beside each service: a daemon need not
    load the others, which takes longer than all else of its start.
    """
    modules = [
        importlib.import_module(f"{point.module.rpartition('.')[0]}.conf")
        for point in installed.entry_points("pileus.services").values()]
    return configuration.load(
        paths, [module.register_opts for module in modules], **overrides)


def prepare(conf: cfg.ConfigOpts,
            group: Iterable[Service] | None = None) -> None:
    """Bring databases to the newest schema; make what every cloud has.

    May be repeated.

    :param group: the services to do it for, in place of all
    """
    group = services() if group is None else list(group)
    for service in group:
        for schema, url in service.schemas:
            db.upgrade(schema, url(conf))
    for service in group:
        if service.bootstrap:
            service.bootstrap(conf)


class Process:
    """Daemons that share this process, its bus and its signals."""

    def __init__(self, conf: cfg.ConfigOpts, names: Sequence[str], *,
                 shared: bool = False) -> None:
        """Build the daemons; nothing is opened before ``start``.

        :param shared: other workers listen on the same addresses
        """
        self._conf = conf
        self._shared = shared
        self.bus = rpc.Bus(conf.bus.url, exchange=conf.bus.exchange)
        self.daemons: list[Daemon] = [
            factory(conf, self.bus) for factory in _factories(names)]
        self._http: list[Any] = []
        self._threads: list[Any] = []

    def start(self) -> None:
        """Serve."""
        # eventlet's server and auth are heavy: not for those who only
        # want the catalog.
        from common import auth, server
        self._http = [
            server.Server(listen.app, listen.host, listen.port,
                          conf=self._conf, shared=self._shared)
            for daemon in self.daemons for listen in daemon.apps]
        for daemon in self.daemons:
            for action in daemon.starting:
                action()
            for name, check in daemon.checks.items():
                middleware.CHECKS[f"{daemon.name}: {name}"] = check
        if self._http:
            self.bus.serve(auth.cache_for(self._conf), self._conf.host)
        for http in self._http:
            http.start()
        for daemon in self.daemons:
            for interface, host in daemon.servers:
                self.bus.serve(interface, host)
            self._threads += [concurrency.spawn(loop.run_forever)
                              for loop in daemon.loops]

    def wait_ready(self, timeout: float) -> dict[str, str]:
        """Wait until all is ready; return what is not after ``timeout``."""
        end = time.monotonic() + timeout
        while True:
            reasons = middleware.unready()
            if not reasons or time.monotonic() > end:
                return reasons
            concurrency.sleep(0.05)

    def stop(self) -> None:
        """Accept no more work, finish what runs, let go of everything."""
        limit = self._conf.drain_timeout
        concurrency.gather(*[
            functools.partial(http.stop, limit) for http in self._http])
        for daemon in self.daemons:
            for loop in daemon.loops:
                loop.stop()
        self.bus.stop()
        for thread in self._threads:
            _wait_or_kill(thread, 5)
        for daemon in self.daemons:
            for name in daemon.checks:
                middleware.CHECKS.pop(f"{daemon.name}: {name}", None)
            for action in daemon.stopping:
                action()


def _wait_or_kill(thread: Any, timeout: float) -> None:
    try:
        with concurrency.Timeout(timeout):
            thread.wait()
    except TimeoutError:
        thread.kill()
    except concurrency.GreenExit:
        pass


def run(conf: cfg.ConfigOpts, names: Sequence[str], *,
        preparing: bool = False, workers: int = 1) -> int:
    """Run the daemons ``names`` until told to stop; return the exit code.

    SIGTERM and SIGINT stop it, SIGHUP reads the options again. Progress
    goes to the notify socket.

    :param preparing: migrate the databases and bootstrap first
    :param workers: processes that each run all of ``names``
    """
    log.setup(debug=conf.debug, form=conf.log_format)
    finish = _begin_to_prepare(conf) if preparing else None
    helper = None
    if any(getattr(factory, "privileged", False)
           for factory in _factories(names)):
        helper = _start_helper(conf)
    drop_privileges(conf)
    if supervisor.is_parent():
        LOG.warning("A worker has ended; this one takes its place")
        return _run_one(
            conf, lambda: Process(conf, names, shared=True),
            _child_of(os.getppid()))
    if workers > 1:
        _supervise(conf, names, workers)

    def make() -> Process:
        process = Process(conf, names)
        if finish:
            finish()
        return process
    return _run_one(conf, make, helper)


def _begin_to_prepare(conf: cfg.ConfigOpts) -> Callable[[], None]:
    """Migrate and bootstrap in children, while the helper starts.

    What is loaded and made for it ends with them. Return what waits for
    the end, and raises what went wrong.
    """
    notify.send(STATUS="preparing the databases")
    # Identity's bootstrap takes as long as that of all others.
    groups = services()[:1], services()[1:]
    children = [(_fork_to_prepare(conf, group), group) for group in groups]

    def finish() -> None:
        failed = [group for child, group in children
                  if os.waitpid(child, 0)[1]]
        for group in failed:
            prepare(conf, group)  # once more, to raise what it raises
    return finish


def _fork_to_prepare(conf: cfg.ConfigOpts, group: list[Service]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        concurrency.after_fork()
        drop_privileges(conf)
        prepare(conf, group)
        code = 0
    finally:
        os._exit(code)


def _start_helper(conf: cfg.ConfigOpts) -> Callable[[], bool] | None:
    from common import privilege
    if os.getuid() != 0:
        LOG.warning("Not started as root: no privileged helper")
        return None
    privilege.start(conf)
    return privilege.alive


def drop_privileges(conf: cfg.ConfigOpts) -> None:
    """Become the unprivileged user for good, where that is possible."""
    os.umask(0o027)
    if os.getuid() != 0:
        return
    if not account.drop(conf):
        LOG.warning(
            "The user %s is missing or cannot read %s: running as root. "
            "Put the code where all may read it, such as /opt.",
            account.USER, os.path.dirname(os.path.dirname(__file__)))


def _run_one(conf: cfg.ConfigOpts, make: Callable[[], Process],
             alive: Callable[[], bool] | None) -> int:
    stop = concurrency.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.send())
    signal.signal(signal.SIGHUP, lambda *_: concurrency.spawn(
        _reload, conf))
    signal.pthread_sigmask(
        signal.SIG_UNBLOCK, supervisor.TOLD | {signal.SIGCHLD})
    notify.send(STATUS="starting daemons")
    process = make()
    process.start()
    concurrency.spawn(_announce, process)
    concurrency.spawn(_watch_hub)
    # Freed at exit, so the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    gc.enable()
    code = _wait(stop, alive)
    notify.send(STOPPING="1")
    process.stop()
    return code


def _wait(stop: concurrency.Event,
          alive: Callable[[], bool] | None) -> int:
    while not stop.ready():
        stop.wait(2)
        if alive and not alive():
            LOG.critical("The privileged helper, or the parent, has died: "
                         "stopping, so that all are started again")
            return 1
    return 0


def _announce(process: Process) -> None:
    while True:
        reasons = process.wait_ready(1)
        if not reasons:
            notify.send(READY="1", STATUS="ready")
            return
        notify.send(STATUS="waiting for " + ", ".join(
            f"{name} ({reason})" for name, reason in reasons.items())[:400])


def _watch_hub() -> None:
    """Report whoever keeps all green threads from running."""
    while True:
        before = time.monotonic()
        concurrency.sleep(1)
        late = time.monotonic() - before - 1
        if late > 1:
            LOG.warning("Green threads stood still for %.1f s", late)


def _reload(conf: cfg.ConfigOpts) -> None:
    conf.reload_config_files()
    log.setup(debug=conf.debug, form=conf.log_format)
    LOG.info("Options were read again")


def _supervise(conf: cfg.ConfigOpts, names: Sequence[str],
               workers: int) -> None:
    """Fork the workers, and become their supervisor."""
    supervisor.block()
    process = _loaded(conf, names)
    _share_memory()
    supervisor.become([
        _fork(conf, names, process) for _ in range(workers)])


def _loaded(conf: cfg.ConfigOpts, names: Sequence[str]) -> Process | None:
    """Do what each worker would, so that they share the memory of it.

    Returns the process if its daemons are such that it can be forked.
    """
    from common import auth, server  # noqa: F401
    if not all(getattr(factory, "forkable", False)
               for factory in _factories(names)):
        return None
    process = Process(conf, names, shared=True)
    for daemon in process.daemons:
        for listen in daemon.apps:
            listen.app.api.compile_schemas()
    orm.configure_mappers()
    return process


def _share_memory() -> None:
    """Let forks share as much as they can: what is written to, is not."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    gc.freeze()


def _fork(conf: cfg.ConfigOpts, names: Sequence[str],
          process: Process | None) -> int:
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    concurrency.after_fork()
    code = 1
    try:
        code = _run_one(
            conf, lambda: process or Process(conf, names, shared=True),
            _child_of(parent))
    except BaseException:
        LOG.exception("Worker failed")
    finally:
        logging.shutdown()
        sys.stderr.flush()
        os._exit(code)


def _child_of(parent: int) -> Callable[[], bool]:
    return lambda: os.getppid() == parent
