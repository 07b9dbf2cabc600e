"""Logging: to standard error, each line with its request id."""

import contextvars
import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

#: Request id of the green thread; requests, RPC and tasks set it.
request_id: contextvars.ContextVar[str] = contextvars.ContextVar(
    "request_id", default="-")

_PLAIN = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"

#: Last line of defence; secrets are kept out by type before they get here.
_SIGNS = ("passw", "adminpass", "secret", "-token", "auth_token")
_SECRETS = re.compile(
    r"""((?:password|passwd|secret|adminPass|x-auth-token|x-subject-token|
    x-service-token|auth_token)["']?\s*[:=]\s*["']?)[^\s"',}&]+""",
    re.IGNORECASE | re.VERBOSE)
_USERINFO = re.compile(r"(\w+://[^\s/:@]*:)[^\s/@]+@")
_MAX_CHARS = 8192


class _Handler(logging.StreamHandler[Any]):
    """Writes each line at once, so needs no lock.

    A lock would be one of green threads, which native ones cannot take.
    """

    def createLock(self) -> None:
        self.lock = None

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = request_id.get()
        return super().format(record)


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


class _Json(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def setup(*, debug: bool = False, form: str = "plain") -> None:
    """Send all logs to standard error, as lines of ``form``."""
    handler = _Handler()
    handler.setFormatter(_Json(_PLAIN) if form == "json" else _Plain(_PLAIN))
    # What no line shows need not be found out for each.
    logging.logThreads = logging.logProcesses = False
    logging.logMultiprocessing = False
    logging._srcfile = None  # type: ignore[attr-defined]
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO, handlers=[handler],
        force=True)
    # These tell headers and bodies, or a line per query, when asked to.
    for name in ("keystoneauth", "urllib3", "amqp", "kombu", "alembic",
                 "oslo_policy", "routes", "stevedore", "ovsdbapp"):
        logging.getLogger(name).setLevel(logging.WARNING)


def mask(text: str) -> str:
    """Return a log line without secrets, of bounded length."""
    lower = text.lower()
    # Most lines have none of it, and that is soon found out.
    if any(sign in lower for sign in _SIGNS):
        text = _SECRETS.sub(r"\1***", text)
    if "://" in text:
        text = _USERINFO.sub(r"\1***@", text)
    if len(text) > _MAX_CHARS:
        return text[:_MAX_CHARS] + " ... cut"
    return text
