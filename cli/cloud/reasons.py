"""Why daemons do not start, for whom can mend it."""

import contextlib
import errno
from collections.abc import Iterator

import sqlalchemy as sa
from oslo_config import cfg


class Failed(Exception):
    """What is wrong and what to do; the traceback would add nothing."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raise Failed in place of errors that are the operator's to mend."""
    try:
        yield
    except cfg.Error as error:
        raise Failed(f"{error}; correct that file") from error
    except sa.exc.DBAPIError as error:
        raise Failed(
            f"a database does not serve: {error.orig}; see that it runs, and"
            " that the options called database lead there") from error
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
            raise
        raise Failed(
            f"{error.filename}: {error.strerror}; end what listens there"
            " (ss -ltnp shows it), or set another port or listen in the"
            " configuration") from error
