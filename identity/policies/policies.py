"""Who may keep policies for services, and say what they are for."""

from identity.policies import base

GET = "identity:get_policy"
LIST = "identity:list_policies"
CREATE = "identity:create_policy"
UPDATE = "identity:update_policy"
DELETE = "identity:delete_policy"
OF_ENDPOINT = "identity:get_policy_for_endpoint"
LIST_ENDPOINTS = "identity:list_endpoints_for_policy"

#: By what it is for: an endpoint, a service, a service in a region.
CHECK, ASSOCIATE, DISSOCIATE = (
    {kind: f"identity:{verb}_policy_association_for_{kind}"
     for kind in ("endpoint", "service", "region_and_service")}
    for verb in ("check", "create", "delete"))

_ONE = "/policies/{policy_id}"
_WHERE = _ONE + "/OS-ENDPOINT-POLICY"
_PLACES = {
    "endpoint": _WHERE + "/endpoints/{endpoint_id}",
    "service": _WHERE + "/services/{service_id}",
    "region_and_service":
        _WHERE + "/services/{service_id}/regions/{region_id}",
}


def _rule(name: str, check: str, description: str, *calls: str) -> base.Rule:
    return base.rule(
        name.removeprefix("identity:"), check, description, *calls)


RULES = [
    _rule(GET, base.READER, "Show a policy.", f"GET {_ONE}"),
    _rule(LIST, base.READER, "List policies.", "GET /policies"),
    _rule(CREATE, base.ADMIN, "Create a policy.", "POST /policies"),
    _rule(UPDATE, base.ADMIN, "Update a policy.", f"PATCH {_ONE}"),
    _rule(DELETE, base.ADMIN, "Delete a policy.", f"DELETE {_ONE}"),
    _rule(OF_ENDPOINT, base.READER, "Show the policy of an endpoint.",
          "GET /endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy"),
    _rule(LIST_ENDPOINTS, base.READER,
          "List the endpoints that a policy is for.",
          f"GET {_WHERE}/endpoints"),
    *(_rule(CHECK[kind], base.READER,
            f"See whether a policy is for a {kind.replace('_', ' ')}.",
            f"GET {path}", f"HEAD {path}")
      for kind, path in _PLACES.items()),
    *(_rule(ASSOCIATE[kind], base.ADMIN,
            f"Choose the policy of a {kind.replace('_', ' ')}.",
            f"PUT {path}") for kind, path in _PLACES.items()),
    *(_rule(DISSOCIATE[kind], base.ADMIN,
            f"Let a {kind.replace('_', ' ')} be without its policy.",
            f"DELETE {path}") for kind, path in _PLACES.items()),
]
