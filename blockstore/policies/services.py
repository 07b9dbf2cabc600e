"""Who may see and steer the parts of the service."""

from common import policy

GET_ALL = "volume_extension:services:index"
UPDATE = "volume_extension:services:update"
POOLS = "scheduler_extension:scheduler_stats:get_pools"
ZONES = "volume:availability_zone_list"
EXTENSIONS = "volume:extension_list"

RULES = [
    policy.rule(GET_ALL, policy.ADMIN, "List schedulers and agents.",
                [("GET", "/os-services")]),
    policy.rule(UPDATE, policy.ADMIN,
                "Offer a backend to new volumes, or no longer.",
                [("PUT", "/os-services/{action}")]),
    policy.rule(POOLS, policy.ADMIN, "Show the room of the backends.",
                [("GET", "/scheduler-stats/get_pools")]),
    policy.rule(ZONES, policy.AUTHENTICATED, "List availability zones.",
                [("GET", "/os-availability-zone")]),
    policy.rule(EXTENSIONS, policy.AUTHENTICATED, "List extensions.",
                [("GET", "/extensions")]),
]
