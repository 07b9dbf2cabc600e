"""The /policies resource, and /OS-ENDPOINT-POLICY: what they are for."""

import uuid
from typing import Any

from common import wsgi
from identity.api import base
from identity.api.catalog import view_endpoint
from identity.db import catalog
from identity.db import policies as rows
from identity.db.models import Policy, PolicyAssociation
from identity.policies import policies as rules
from identity.schemas import policies as schemas

_WHERE = f"{rules.POLICIES.one}/OS-ENDPOINT-POLICY"


class Policies(base.Collection):
    """Handlers of /policies."""

    about = rules.POLICIES
    model = Policy
    filters = ("type",)

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(self.about.create, {})
        known, extra = _split(req.json["policy"])
        policy = Policy(id=uuid.uuid4().hex, extra=extra, **known)
        with self._db.writer() as session:
            session.add(policy)
        return self.shown(req, policy)

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, policy_id: str) -> dict[str, Any]:
        req.authorize(self.about.update, {})
        body = req.json["policy"]
        base.refuse_other_id(body, policy_id, "policy")
        known, extra = _split(body)
        with self._db.writer() as session:
            policy = rows.get(session, policy_id)
            policy.extra = base.merged(policy.extra, extra)
            for name, value in known.items():
                setattr(policy, name, value)
        return self.shown(req, policy)

    def view(self, req: wsgi.Request, row: Policy) -> dict[str, Any]:
        return view(req, row)


class EndpointPolicies(base.Resource):
    """Handlers of what policies are for."""

    def routes(self) -> list[wsgi.Route]:
        table: list[wsgi.Route] = [
            ("GET", f"{_WHERE}/endpoints", self.endpoints),
            ("GET", "/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy",
             self.show),
        ]
        for path in ("/endpoints/{endpoint_id}", "/services/{service_id}",
                     "/services/{service_id}/regions/{region_id}"):
            table += [("GET", _WHERE + path, self.check),
                      ("PUT", _WHERE + path, self.associate),
                      ("DELETE", _WHERE + path, self.dissociate)]
        return table

    @wsgi.handler()
    def endpoints(self, req: wsgi.Request,
                  policy_id: str) -> dict[str, Any]:
        req.authorize(rules.LIST_ENDPOINTS, {})
        with self._db.reader() as session:
            rows.get(session, policy_id)
            found = rows.endpoints_of(session, policy_id)
        return base.whole(
            req, "endpoints", [view_endpoint(req, row) for row in found])

    @wsgi.handler()
    def show(self, req: wsgi.Request, endpoint_id: str) -> dict[str, Any]:
        """Return the policy that holds for the endpoint."""
        req.authorize(rules.OF_ENDPOINT, {})
        with self._db.reader() as session:
            policy = rows.of_endpoint(
                session, catalog.get_endpoint(session, endpoint_id))
        return {"policy": view(req, policy)}

    @wsgi.handler(status=204)
    def check(self, req: wsgi.Request, **path: str) -> None:
        req.authorize(rules.CHECK[_kind(path)], {})
        with self._db.reader() as session:
            rows.find(session, _named(session, path))

    @wsgi.handler(status=204)
    def associate(self, req: wsgi.Request, **path: str) -> None:
        """Let the policy hold there, and no other."""
        req.authorize(rules.ASSOCIATE[_kind(path)], {})
        with self._db.writer() as session:
            rows.associate(session, _named(session, path))

    @wsgi.handler(status=204)
    def dissociate(self, req: wsgi.Request, **path: str) -> None:
        req.authorize(rules.DISSOCIATE[_kind(path)], {})
        with self._db.writer() as session:
            session.delete(rows.find(session, _named(session, path)))


def _kind(path: dict[str, str]) -> str:
    if "endpoint_id" in path:
        return "endpoint"
    return "region_and_service" if "region_id" in path else "service"


def _named(session: Any, path: dict[str, str]) -> PolicyAssociation:
    """Return what the path names; all parts of it must exist."""
    rows.get(session, path["policy_id"])
    for name, get in (("endpoint_id", catalog.get_endpoint),
                      ("service_id", catalog.get_service),
                      ("region_id", catalog.get_region)):
        if name in path:
            get(session, path[name])
    return rows.association(**path)


def _split(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is ours, and what the client just stores."""
    return base.split_extra(body, ("blob", "type"), ("id", "links"))


def view(req: wsgi.Request, policy: Policy) -> dict[str, Any]:
    """Return what clients see of a policy."""
    return policy.extra | {
        "id": policy.id, "type": policy.type, "blob": policy.blob,
        "links": base.self_link(req, "policies", policy.id)}
