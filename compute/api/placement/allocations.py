"""What consumers hold."""

from typing import Any

from common import db, wsgi
from common.exceptions import Conflict, NotFound
from compute.db.api import placement as queries
from compute.placement import claims
from compute.policies import placement as policies
from compute.schemas import placement as schemas

View = dict[str, Any]


class Allocations:
    """Handlers of /allocations."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def routes(self) -> list[wsgi.Route]:
        one = "/allocations/{consumer_id}"
        return [("GET", one, self.show), ("PUT", one, self.set),
                ("DELETE", one, self.delete)]

    @wsgi.handler()
    def show(self, req: wsgi.Request, consumer_id: str) -> View:
        req.authorize(policies.READ)
        with self._db.reader() as session:
            found = queries.allocations_of_consumer(session, consumer_id)
            generations = queries.generations(session)
        held: dict[str, View] = {}
        for row in found:
            held.setdefault(row.provider_id, {
                "resources": {},
                "generation": generations[row.provider_id]})[
                    "resources"][row.resource_class] = row.used
        return {"allocations": held}

    @wsgi.handler(body=schemas.ALLOCATIONS, status=204)
    def set(self, req: wsgi.Request, consumer_id: str) -> None:
        """Let the consumer hold exactly this."""
        req.authorize(policies.WRITE)
        wanted = req.json["allocations"]
        if not wanted:
            claims.release(self._db, consumer_id)
            return
        provider_id, amounts = next(iter(wanted.items()))
        fits = claims.claim(self._db, claims.Claim(
            consumer_id=consumer_id, project_id=req.json["project_id"],
            user_id=req.json["user_id"], provider_id=provider_id,
            amounts=tuple(amounts["resources"].items())))
        if not fits:
            raise NoRoom(provider_id=provider_id)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, consumer_id: str) -> None:
        req.authorize(policies.WRITE)
        with self._db.reader() as session:
            held = queries.allocations_of_consumer(session, consumer_id)
        if not held:
            raise NotFound()
        claims.release(self._db, consumer_id)


class NoRoom(Conflict):
    message = ("Unable to allocate inventory: resource provider "
               "{provider_id} has too little room.")
