"""Who may do what in placement."""

from common import policy

READ = "placement:read"
WRITE = "placement:write"

RULES = [
    policy.rule(READ, policy.ADMIN_OR_SERVICE,
                "See resource providers and what is allocated of them.",
                [("GET", "/resource_providers"),
                 ("GET", "/resource_providers/{provider_id}"),
                 ("GET", "/resource_providers/{provider_id}/inventories"),
                 ("GET", "/resource_providers/{provider_id}/usages"),
                 ("GET", "/resource_providers/{provider_id}/allocations"),
                 ("GET", "/allocations/{consumer_id}")]),
    policy.rule(WRITE, policy.ADMIN_OR_SERVICE,
                "Change resource providers and allocations.",
                [("POST", "/resource_providers"),
                 ("DELETE", "/resource_providers/{provider_id}"),
                 ("PUT", "/resource_providers/{provider_id}/inventories"),
                 ("PUT", "/allocations/{consumer_id}"),
                 ("DELETE", "/allocations/{consumer_id}")]),
]
