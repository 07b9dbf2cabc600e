"""Green threads, and the ways out of them: the one home of eventlet.

Green threads share one processor and one hub. What computes or blocks for
more than 10 ms goes through ``blocking``.
"""

import ipaddress
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

# Names are resolved in native threads (see ``patch``), as the system does;
# eventlet's own resolver is slow to load.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")

with warnings.catch_warnings():
    # It warns that it is in maintenance; that is why it is only used here.
    warnings.simplefilter("ignore")
    import eventlet
    from eventlet import event, greenpool, patcher, queue, semaphore, tpool

T = TypeVar("T")

Semaphore = semaphore.Semaphore
Pool = greenpool.GreenPool
Queue = queue.LightQueue
Empty = queue.Empty
GreenExit = eventlet.greenlet.GreenletExit

_original_getaddrinfo = patcher.original("socket").getaddrinfo
_threading = patcher.original("threading")


def patch() -> None:
    """Make the standard library cooperate; the first act of a process."""
    # psycopg 3 waits in C unless told to wait through select.
    os.environ.setdefault("PSYCOPG_IMPL", "python")
    eventlet.monkey_patch()
    socket.getaddrinfo = _getaddrinfo


def _getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    """Resolve without stopping the others; addresses need no resolving."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return tpool.execute(_original_getaddrinfo, host, *args, **kwargs)
    return _original_getaddrinfo(host, *args, **kwargs)


def spawn(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run ``func`` in a green thread; it has ``kill()`` and ``wait()``."""
    return eventlet.spawn(func, *args, **kwargs)


def sleep(seconds: float = 0) -> None:
    """Let the others run, for ``seconds`` at least."""
    eventlet.sleep(seconds)


class Timeout(eventlet.Timeout):
    """A with block that raises TimeoutError inside after ``seconds``."""

    def __init__(self, seconds: float | None,
                 error: BaseException | None = None) -> None:
        super().__init__(seconds, error or TimeoutError())


class Event:
    """A flag that green threads wait for; may be set any number of times."""

    def __init__(self) -> None:
        self._event = event.Event()

    def ready(self) -> bool:
        """Say whether it was set."""
        return bool(self._event.ready())

    def send(self, value: object = None) -> None:
        """Set it, once; later values are dropped."""
        if not self._event.ready():
            self._event.send(value)

    def wait(self, timeout: float | None = None) -> Any:
        """Return the value sent, or None when ``timeout`` s are over."""
        return self._event.wait(timeout)


def blocking(func: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run ``func`` in a native thread while the other green threads go on.

    ``func`` must not touch anything green: no locks, sockets or sessions.
    """
    result: T = tpool.execute(func, *args, **kwargs)
    return result


def gather(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls side by side; return their results in order.

    The first error is raised once all have ended.
    """
    threads = [eventlet.spawn(call) for call in calls]
    return list(_results(threads))


def _results(threads: list[Any]) -> Iterator[Any]:
    failed: BaseException | None = None
    for thread in threads:
        try:
            yield thread.wait()
        except Exception as error:
            failed = failed or error
    if failed:
        raise failed


def native_thread(func: Callable[..., Any], *args: Any) -> Any:
    """Start and return a daemon thread of the operating system.

    It must not touch anything green; to tell the green side, it sets a
    NativeSignal.
    """
    thread = _threading.Thread(target=func, args=args, daemon=True)
    thread.start()
    return thread


class NativeSignal:
    """Lets a native thread wake one green thread.

    Set is safe from any thread; sets that come before the wait count as
    one.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def set(self) -> None:
        """Wake the waiter, now or when it next waits."""
        try:
            _os_write(self._write, b"x")
        except BlockingIOError:
            pass  # plenty of wake-ups are pending already

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a set; return False when ``timeout`` s are over."""
        try:
            eventlet.hubs.trampoline(
                self._read, read=True, timeout=timeout,
                timeout_exc=TimeoutError)
        except TimeoutError:
            return False
        try:
            _os_read(self._read, 4096)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)


_os_read = patcher.original("os").read
_os_write = patcher.original("os").write


def after_fork() -> None:
    """Give a forked child a hub of its own."""
    eventlet.hubs.use_hub()
