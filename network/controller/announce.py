"""The loop that tells compute what happened to its servers' ports."""

import logging

from keystoneauth1 import exceptions as ksa

from common import clients, db, failpoint, lease, loop
from network.db import changes
from network.db.models import Notice

LOG = logging.getLogger(__name__)

failpoint.declare("network.announce.before", "network.announce.after")

_BATCH = 50
_RETRY_S = 1.0
_RETRY_MOST_S = 60.0
#: Attempts after which compute is not told: about two hours.
_ATTEMPTS = 120


class Announcer(loop.Loop):
    """Posts notices to compute until it has taken them.

    Compute may get one twice, when the answer was lost.
    """

    def __init__(self, database: db.Database, holder: lease.Lease,
                 rest: clients.Clients, *, interval: float) -> None:
        super().__init__(interval)
        self._db = database
        self._lease = holder
        self._clients = rest

    def run_once(self) -> int:
        """Return how many notices were taken."""
        if not self._lease.held:
            return 0
        taken = 0
        while True:
            with self._db.reader() as session:
                due = changes.due_notices(session, _BATCH)
            if not due:
                return taken
            if not self._post(due):
                return taken
            taken += len(due)

    def _post(self, notices: list[Notice]) -> bool:
        """Tell compute; return False when it could not be reached."""
        failpoint.hit("network.announce.before")
        try:
            self._clients.compute.post(
                "/os-server-external-events",
                json={"events": [_event(each) for each in notices]})
        except ksa.ClientException as error:
            status = getattr(error, "http_status", None)
            if status == 400 and len(notices) > 1:
                # One that compute cannot read shall not drop the others.
                taken = [self._post([each]) for each in notices]
                return all(taken)
            if status not in (400, 404):
                LOG.warning("Compute cannot be told of ports: %s", error)
                self._delay(notices)
                return False
            # None of the servers is there any more.
            LOG.info("Compute does not want to know: %s", error)
        failpoint.hit("network.announce.after")
        with self._db.writer() as session:
            for each in notices:
                changes.drop_notice(session, each.id)
        return True

    def _delay(self, notices: list[Notice]) -> None:
        with self._db.writer() as session:
            for each in notices:
                if each.attempts >= _ATTEMPTS:
                    changes.drop_notice(session, each.id)
                    continue
                wait = min(_RETRY_S * 2 ** min(each.attempts, 10),
                           _RETRY_MOST_S)
                changes.delay_notice(session, each.id, wait)
        self.due_in(_RETRY_S)


def _event(notice: Notice) -> dict[str, str]:
    status = "completed"
    return {"name": notice.name, "server_uuid": notice.server_id,
            "tag": notice.port_id, "status": status}
