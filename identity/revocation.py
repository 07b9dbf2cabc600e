"""Tell all processes at once which tokens have ended.

The database has it already: a message that is lost costs the minute for
which caches believe what they know.
"""

import logging
from typing import Any

from oslo_config import cfg

from common import auth, context, rpc

LOG = logging.getLogger(__name__)


class Announcer:
    """Sends revocations over the bus, and to this process's own cache."""

    def __init__(self, conf: cfg.ConfigOpts, bus: rpc.Bus | None) -> None:
        self._cache = auth.cache_for(conf)
        self._remote: Any = bus.client(auth.RevocationAPI) if bus else None

    def __call__(self, ctx: context.RequestContext,
                 **event: str | None) -> None:
        """Say that tokens which match all of ``event`` have changed.

        Call it after the commit. Members: audit_id, audit_chain_id,
        user_id, project_id, domain_id; none at all stands for all tokens.
        """
        self._cache.revoked(ctx, event=event)
        if self._remote is None:
            return
        try:
            self._remote.revoked(ctx, event=event)
        except Exception:
            LOG.exception("Could not announce a revocation")
