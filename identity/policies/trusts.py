"""Who may do what with trusts."""

from identity.policies import base

GET = "identity:get_trust"
LIST = "identity:list_trusts"
LIST_OF_TRUSTOR = "identity:list_trusts_for_trustor"
LIST_OF_TRUSTEE = "identity:list_trusts_for_trustee"
CREATE = "identity:create_trust"
DELETE = "identity:delete_trust"
LIST_ROLES = "identity:list_roles_for_trust"
GET_ROLE = "identity:get_role_for_trust"

_TRUSTOR = "user_id:%(trustor_user_id)s"
_TRUSTEE = "user_id:%(trustee_user_id)s"
_ANY_SIDE = f"{base.READER} or {_TRUSTOR} or {_TRUSTEE}"
_EVERY = "/OS-TRUST/trusts"
_ONE = f"{_EVERY}/{{trust_id}}"

RULES = [
    base.rule("get_trust", _ANY_SIDE, "Show a trust.", f"GET {_ONE}"),
    base.rule("list_trusts", base.READER, "List all trusts.",
              f"GET {_EVERY}"),
    base.rule("list_trusts_for_trustor", f"{base.READER} or {_TRUSTOR}",
              "List the trusts that a user has made.",
              f"GET {_EVERY}?trustor_user_id={{trustor_user_id}}"),
    base.rule("list_trusts_for_trustee", f"{base.READER} or {_TRUSTEE}",
              "List the trusts that were made for a user.",
              f"GET {_EVERY}?trustee_user_id={{trustee_user_id}}"),
    base.rule("create_trust", _TRUSTOR,
              "Make a trust: each user for themselves.",
              f"POST {_EVERY}"),
    base.rule("delete_trust", f"{base.ADMIN} or {_TRUSTOR}",
              "Delete a trust.", f"DELETE {_ONE}"),
    base.rule("list_roles_for_trust", _ANY_SIDE,
              "List the roles of a trust.", f"GET {_ONE}/roles"),
    base.rule("get_role_for_trust", _ANY_SIDE,
              "Show a role of a trust.", f"GET {_ONE}/roles/{{role_id}}"),
]
