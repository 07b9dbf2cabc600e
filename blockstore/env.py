"""What tasks work with."""

import dataclasses

from blockstore.agent_api import VolumeAgentAPI
from common import db, exceptions, rpc
from common.context import RequestContext, service_context

#: What a call to an agent that does not answer raises.
AGENT_AWAY = (exceptions.RPCTimeout, exceptions.ServiceUnavailable)


@dataclasses.dataclass
class Env:
    """Made once per process by ``app``, handed to whom needs it."""

    db: db.Database
    bus: rpc.Bus

    def agent(self, backend: str) -> VolumeAgentAPI:
        """Return the client of a backend's agent."""
        return self.bus.client(VolumeAgentAPI, backend)

    def ctx(self) -> RequestContext:
        """Return the service's own context, for what outlives requests."""
        return service_context()
