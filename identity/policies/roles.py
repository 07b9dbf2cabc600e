"""Who may do what with roles and what they imply."""

from identity.policies import base

GET = "identity:get_role"
LIST = "identity:list_roles"
CREATE = "identity:create_role"
UPDATE = "identity:update_role"
DELETE = "identity:delete_role"
#: The same, of roles that belong to a domain.
GET_OF_DOMAIN = "identity:get_domain_role"
LIST_OF_DOMAIN = "identity:list_domain_roles"
CREATE_OF_DOMAIN = "identity:create_domain_role"
UPDATE_OF_DOMAIN = "identity:update_domain_role"
DELETE_OF_DOMAIN = "identity:delete_domain_role"
CHECK_IMPLIED = "identity:check_implied_role"
GET_IMPLIED = "identity:get_implied_role"
LIST_IMPLIED = "identity:list_implied_roles"
CREATE_IMPLIED = "identity:create_implied_role"
DELETE_IMPLIED = "identity:delete_implied_role"
LIST_INFERENCES = "identity:list_role_inference_rules"

_IMPLIED = "/roles/{prior_id}/implies/{implied_id}"

RULES = [
    base.rule("get_role",
              f"{base.READER} or (role:manager and {base.MANAGED_ROLE})",
              "Show a role; managers see those that they may give.",
              "GET /roles/{role_id}"),
    # A domain's manager must find roles to give them.
    base.rule("list_roles",
              f"{base.READER} or (role:manager and domain_id:%(domain_id)s)",
              "List the roles that belong to no domain.", "GET /roles"),
    base.rule("create_role", base.ADMIN, "Create a role.", "POST /roles"),
    base.rule("update_role", base.ADMIN, "Update a role.",
              "PATCH /roles/{role_id}"),
    base.rule("delete_role", base.ADMIN, "Delete a role.",
              "DELETE /roles/{role_id}"),
    base.rule("get_domain_role", base.READER, "Show a role of a domain.",
              "GET /roles/{role_id}"),
    base.rule("list_domain_roles", base.READER, "List roles of a domain.",
              "GET /roles?domain_id={domain_id}"),
    base.rule("create_domain_role", base.ADMIN, "Create a role of a domain.",
              "POST /roles"),
    base.rule("update_domain_role", base.ADMIN, "Update a role of a domain.",
              "PATCH /roles/{role_id}"),
    base.rule("delete_domain_role", base.ADMIN, "Delete a role of a domain.",
              "DELETE /roles/{role_id}"),
    base.rule("check_implied_role", base.READER,
              "See whether a role implies another.", f"HEAD {_IMPLIED}"),
    base.rule("get_implied_role", base.READER,
              "Show that a role implies another.", f"GET {_IMPLIED}"),
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
