"""Who may see and set limits."""

from common import policy
from identity.policies import base

GET_MODEL = "identity:get_limit_model"
GET = "identity:get_limit"
LIST = "identity:list_limits"
CREATE = "identity:create_limits"
UPDATE = "identity:update_limit"
DELETE = "identity:delete_limit"
REGISTERED = base.Things("registered_limit", "/registered_limits",
                         "registered_limits", batch=True)

_LIMIT = "/limits/{limit_id}"

RULES = [
    base.rule("get_limit_model", base.ANYBODY,
              "See how limits of projects and domains bind each other.",
              "GET /limits/model"),
    base.rule("get_limit",
              f"{base.READER} or {policy.SERVICE} or "
              "domain_id:%(domain_id)s or project_id:%(project_id)s",
              "Show a limit; who may show any, lists all.",
              f"GET {_LIMIT}"),
    base.rule("list_limits", base.ANYBODY,
              "List limits: those of one's project or domain.",
              "GET /limits"),
    base.rule("create_limits", base.ADMIN, "Create limits.",
              "POST /limits"),
    base.rule("update_limit", base.ADMIN, "Update a limit.",
              f"PATCH {_LIMIT}"),
    base.rule("delete_limit", base.ADMIN, "Delete a limit.",
              f"DELETE {_LIMIT}"),
    *REGISTERED.rules(base.ANYBODY),
]
