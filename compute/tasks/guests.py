"""What several tasks do with guests on hosts."""

import logging

from common import db
from common.context import RequestContext
from compute.db.cell import hosts
from compute.db.cell.models import Server
from compute.env import Env

LOG = logging.getLogger(__name__)


def destroy(env: Env, server: Server, ctx: RequestContext) -> None:
    """Remove the guest from its host.

    From a host that is down it is removed later: its agent, once back,
    finds that the server is no longer wanted. Not so a server with
    volumes, which nobody else may write to before it is surely gone.
    """
    if server.host is None:
        return
    if not server.volumes and not _is_up(env, server.host):
        LOG.warning("Host %s is down: server %s is removed from it later",
                    server.host, server.id)
        return
    env.agent(server.host).destroy(
        ctx, server_id=server.id,
        generation=server.generation)


def _is_up(env: Env, host: str) -> bool:
    with env.cell.reader() as session:
        agent = hosts.agent_of(session, host)
    return agent is not None and hosts.is_up(
        agent, now=db.utcnow(),
        down_after_s=env.conf.compute.down_after)
