"""Who may look at what belongs to no project."""

from common.policy import AUTHENTICATED, rule
from network.policies.base import ADMIN, READER

RULES = [
    rule("get_extension", AUTHENTICATED, "Show or list extensions.",
         [("GET", "/v2.0/extensions"), ("GET", "/v2.0/extensions/{alias}")]),
    rule("get_resources", AUTHENTICATED, "List what the API has.",
         [("GET", "/v2.0")]),
    rule("get_agent", ADMIN, "List what serves the nodes.",
         [("GET", "/v2.0/agents")]),
    rule("get_availability_zone", AUTHENTICATED,
         "List availability zones.",
         [("GET", "/v2.0/availability_zones")]),
    rule("get_quota", READER, "Show a project's limits and usage.",
         [("GET", "/v2.0/quotas/{project_id}"),
          ("GET", "/v2.0/quotas/{project_id}/default"),
          ("GET", "/v2.0/quotas/{project_id}/details.json")]),
    rule("get_quotas", ADMIN, "List the limits that differ.",
         [("GET", "/v2.0/quotas")]),
    rule("update_quota", ADMIN, "Change a project's limits.",
         [("PUT", "/v2.0/quotas/{project_id}")]),
    rule("delete_quota", ADMIN, "Give a project the default limits.",
         [("DELETE", "/v2.0/quotas/{project_id}")]),
]
