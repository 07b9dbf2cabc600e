"""Who may do what with regions, services and endpoints."""

from identity.policies import base

GET_REGION = "identity:get_region"
LIST_REGIONS = "identity:list_regions"
CREATE_REGION = "identity:create_region"
UPDATE_REGION = "identity:update_region"
DELETE_REGION = "identity:delete_region"
GET_SERVICE = "identity:get_service"
LIST_SERVICES = "identity:list_services"
CREATE_SERVICE = "identity:create_service"
UPDATE_SERVICE = "identity:update_service"
DELETE_SERVICE = "identity:delete_service"
GET_ENDPOINT = "identity:get_endpoint"
LIST_ENDPOINTS = "identity:list_endpoints"
CREATE_ENDPOINT = "identity:create_endpoint"
UPDATE_ENDPOINT = "identity:update_endpoint"
DELETE_ENDPOINT = "identity:delete_endpoint"

_WRITES = (("create", "POST", ""), ("update", "PATCH", "/{{{kind}_id}}"),
           ("delete", "DELETE", "/{{{kind}_id}}"))
_READS = (("get", "GET", "/{{{kind}_id}}"), ("list", "GET", ""))

RULES = [
    base.rule(
        f"{verb}_{kind}{'s' if verb == 'list' else ''}",
        check if verb in ("get", "list") else base.ADMIN,
        f"{verb.capitalize()} {kind}s of the catalog.",
        f"{method} /{kind}s{rest.format(kind=kind)}",
        *(["PUT /regions/{region_id}"]
          if (verb, kind) == ("create", "region") else []))
    for kind, check in (("region", base.ANYBODY), ("service", base.READER),
                        ("endpoint", base.READER))
    for verb, method, rest in (*_READS, *_WRITES)
]
