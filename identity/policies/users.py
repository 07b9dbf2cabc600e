"""Who may do what with users and groups."""

from identity.policies import base

GET = "identity:get_user"
LIST = "identity:list_users"
CREATE = "identity:create_user"
UPDATE = "identity:update_user"
DELETE = "identity:delete_user"
GET_GROUP = "identity:get_group"
LIST_GROUPS = "identity:list_groups"
LIST_GROUPS_OF_USER = "identity:list_groups_for_user"
CREATE_GROUP = "identity:create_group"
UPDATE_GROUP = "identity:update_group"
DELETE_GROUP = "identity:delete_group"
LIST_MEMBERS = "identity:list_users_in_group"
CHECK_MEMBER = "identity:check_user_in_group"
ADD_MEMBER = "identity:add_user_to_group"
REMOVE_MEMBER = "identity:remove_user_from_group"

_MEMBER = "/groups/{group_id}/users/{user_id}"
#: The user and the group must both be of the manager's domain.
_MANAGER_OF_BOTH = (
    f"{base.ADMIN} or (role:manager and domain_id:%(domain_id)s "
    "and domain_id:%(user_domain_id)s)")

RULES = [
    base.rule(
        "get_user", base.READER_OR_DOMAIN_READER_OR_OWN, "Show a user.",
        "GET /users/{user_id}"),
    base.rule(
        "list_users", base.READER_OR_DOMAIN_READER, "List users.",
        "GET /users"),
    base.rule(
        "create_user", base.ADMIN_OR_DOMAIN_MANAGER, "Create a user.",
        "POST /users"),
    base.rule(
        "update_user", base.ADMIN_OR_DOMAIN_MANAGER,
        "Update a user; set a new password.", "PATCH /users/{user_id}"),
    base.rule(
        "delete_user", base.ADMIN_OR_DOMAIN_MANAGER, "Delete a user.",
        "DELETE /users/{user_id}"),
    base.rule(
        "get_group", base.READER_OR_DOMAIN_READER, "Show a group.",
        "GET /groups/{group_id}"),
    base.rule(
        "list_groups", base.READER_OR_DOMAIN_READER, "List groups.",
        "GET /groups"),
    base.rule(
        "list_groups_for_user", base.READER_OR_DOMAIN_READER_OR_OWN,
        "List the groups of a user.", "GET /users/{user_id}/groups"),
    base.rule(
        "create_group", base.ADMIN_OR_DOMAIN_MANAGER, "Create a group.",
        "POST /groups"),
    base.rule(
        "update_group", base.ADMIN_OR_DOMAIN_MANAGER, "Update a group.",
        "PATCH /groups/{group_id}"),
    base.rule(
        "delete_group", base.ADMIN_OR_DOMAIN_MANAGER, "Delete a group.",
        "DELETE /groups/{group_id}"),
    base.rule(
        "list_users_in_group", base.READER_OR_DOMAIN_READER,
        "List the members of a group.", "GET /groups/{group_id}/users"),
    base.rule(
        "check_user_in_group", base.READER_OR_DOMAIN_READER_OR_OWN,
        "See whether a user is a member of a group.",
        f"HEAD {_MEMBER}", f"GET {_MEMBER}"),
    base.rule(
        "add_user_to_group", _MANAGER_OF_BOTH, "Add a user to a group.",
        f"PUT {_MEMBER}"),
    base.rule(
        "remove_user_from_group", _MANAGER_OF_BOTH,
        "Take a user out of a group.", f"DELETE {_MEMBER}"),
]
