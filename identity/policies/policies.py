"""Who may keep policies for services, and say what they are for."""

from identity.policies import base

POLICIES = base.Things("policy", "/policies", "policies")
OF_ENDPOINT = "identity:get_policy_for_endpoint"
LIST_ENDPOINTS = "identity:list_endpoints_for_policy"

#: By what it is for: an endpoint, a service, a service in a region.
CHECK, ASSOCIATE, DISSOCIATE = (
    {kind: f"identity:{verb}_policy_association_for_{kind}"
     for kind in ("endpoint", "service", "region_and_service")}
    for verb in ("check", "create", "delete"))

_WHERE = POLICIES.one + "/OS-ENDPOINT-POLICY"
_PLACES = {
    "endpoint": _WHERE + "/endpoints/{endpoint_id}",
    "service": _WHERE + "/services/{service_id}",
    "region_and_service":
        _WHERE + "/services/{service_id}/regions/{region_id}",
}


RULES = [
    *POLICIES.rules(base.READER),
    base.rule(OF_ENDPOINT, base.READER, "Show the policy of an endpoint.",
          "GET /endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy"),
    base.rule(LIST_ENDPOINTS, base.READER,
          "List the endpoints that a policy is for.",
          f"GET {_WHERE}/endpoints"),
    *(base.rule(CHECK[kind], base.READER,
            f"See whether a policy is for a {kind.replace('_', ' ')}.",
            f"GET {path}", f"HEAD {path}")
      for kind, path in _PLACES.items()),
    *(base.rule(ASSOCIATE[kind], base.ADMIN,
            f"Choose the policy of a {kind.replace('_', ' ')}.",
            f"PUT {path}") for kind, path in _PLACES.items()),
    *(base.rule(DISSOCIATE[kind], base.ADMIN,
            f"Let a {kind.replace('_', ' ')} be without its policy.",
            f"DELETE {path}") for kind, path in _PLACES.items()),
]
