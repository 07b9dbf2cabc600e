"""Who may see and set limits."""

from common import policy
from identity.policies import base

GET_MODEL = "identity:get_limit_model"
GET = "identity:get_limit"
LIST = "identity:list_limits"
CREATE = "identity:create_limits"
UPDATE = "identity:update_limit"
DELETE = "identity:delete_limit"
GET_REGISTERED = "identity:get_registered_limit"
LIST_REGISTERED = "identity:list_registered_limits"
CREATE_REGISTERED = "identity:create_registered_limits"
UPDATE_REGISTERED = "identity:update_registered_limit"
DELETE_REGISTERED = "identity:delete_registered_limit"

_REGISTERED = "/registered_limits/{registered_limit_id}"
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
    base.rule("get_registered_limit", base.ANYBODY,
              "Show a registered limit.", f"GET {_REGISTERED}"),
    base.rule("list_registered_limits", base.ANYBODY,
              "List registered limits.", "GET /registered_limits"),
    base.rule("create_registered_limits", base.ADMIN,
              "Create registered limits.", "POST /registered_limits"),
    base.rule("update_registered_limit", base.ADMIN,
              "Update a registered limit.", f"PATCH {_REGISTERED}"),
    base.rule("delete_registered_limit", base.ADMIN,
              "Delete a registered limit.", f"DELETE {_REGISTERED}"),
]
