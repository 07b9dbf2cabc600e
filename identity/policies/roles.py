"""Who may do what with roles and what they imply."""

from identity.policies import base

GET = "identity:get_role"
LIST = "identity:list_roles"
CREATE = "identity:create_role"
UPDATE = "identity:update_role"
DELETE = "identity:delete_role"
GET_IMPLIED = "identity:get_implied_role"
LIST_IMPLIED = "identity:list_implied_roles"
CREATE_IMPLIED = "identity:create_implied_role"
DELETE_IMPLIED = "identity:delete_implied_role"
LIST_INFERENCES = "identity:list_role_inference_rules"

#: A domain's manager must know roles to give them.
_READER = (f"{base.READER} or "
           "(role:manager and domain_id:%(domain_id)s)")
_IMPLIED = "/roles/{prior_id}/implies/{implied_id}"

RULES = [
    base.rule("get_role", _READER, "Show a role.", "GET /roles/{role_id}"),
    base.rule("list_roles", _READER, "List roles.", "GET /roles"),
    base.rule("create_role", base.ADMIN, "Create a role.", "POST /roles"),
    base.rule("update_role", base.ADMIN, "Update a role.",
              "PATCH /roles/{role_id}"),
    base.rule("delete_role", base.ADMIN, "Delete a role.",
              "DELETE /roles/{role_id}"),
    base.rule("get_implied_role", base.READER,
              "See whether a role implies another.", f"GET {_IMPLIED}"),
    base.rule("list_implied_roles", base.READER,
              "List the roles that one implies.",
              "GET /roles/{prior_id}/implies"),
    base.rule("create_implied_role", base.ADMIN,
              "Let a role imply another.", f"PUT {_IMPLIED}"),
    base.rule("delete_implied_role", base.ADMIN,
              "Let a role no longer imply another.", f"DELETE {_IMPLIED}"),
    base.rule("list_role_inference_rules", base.READER,
              "List which roles imply which.", "GET /role_inferences"),
]
