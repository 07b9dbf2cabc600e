"""Who may see and set quotas and limits."""

from common import policy

SHOW = "volume_extension:quotas:show"
UPDATE = "volume_extension:quotas:update"
DELETE = "volume_extension:quotas:delete"
LIMITS = "limits_extension:used_limits"

_ONE = "/os-quota-sets/{target_id}"

RULES = [
    policy.rule(SHOW, policy.READER, "Show a project's quotas.",
                [("GET", _ONE), ("GET", f"{_ONE}/defaults")]),
    policy.rule(UPDATE, policy.ADMIN, "Set a project's quotas.",
                [("PUT", _ONE)]),
    policy.rule(DELETE, policy.ADMIN,
                "Let the default quotas hold for a project.",
                [("DELETE", _ONE)]),
    policy.rule(LIMITS, policy.READER, "Show limits, and what is used.",
                [("GET", "/limits")]),
]
