"""Who may see volume types."""

from common import policy

GET = "volume_extension:type_get"
GET_ALL = "volume_extension:type_get_all"

RULES = [
    policy.rule(GET, policy.AUTHENTICATED, "Show a volume type.",
                [("GET", "/types/{type_id}")]),
    policy.rule(GET_ALL, policy.AUTHENTICATED, "List volume types.",
                [("GET", "/types")]),
]
