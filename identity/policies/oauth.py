"""Who may do what with OAuth consumers and tokens."""

from identity.policies import base

CONSUMERS = base.Things("consumer", "/OS-OAUTH1/consumers", "consumers")
AUTHORIZE = "identity:authorize_request_token"
GET_TOKEN = "identity:get_access_token"
LIST_TOKENS = "identity:list_access_tokens"
DELETE_TOKEN = "identity:delete_access_token"
GET_ROLE = "identity:get_access_token_role"
LIST_ROLES = "identity:list_access_token_roles"

_READER_OR_OWN = f"{base.READER} or {base.OWN}"
_TOKENS = "/users/{user_id}/OS-OAUTH1/access_tokens"
_TOKEN = f"{_TOKENS}/{{access_token_id}}"

RULES = [
    *CONSUMERS.rules(base.READER),
    base.rule("authorize_request_token", base.ANYBODY,
              "Authorize a consumer for roles that one has.",
              "PUT /OS-OAUTH1/authorize/{request_token_id}"),
    base.rule("get_access_token", _READER_OR_OWN, "Show an access token.",
              f"GET {_TOKEN}"),
    base.rule("list_access_tokens", _READER_OR_OWN,
              "List the access tokens that a user has authorized.",
              f"GET {_TOKENS}"),
    base.rule("delete_access_token", f"{base.ADMIN} or {base.OWN}",
              "Delete an access token.", f"DELETE {_TOKEN}"),
    base.rule("get_access_token_role", _READER_OR_OWN,
              "Show a role of an access token.",
              f"GET {_TOKEN}/roles/{{role_id}}"),
    base.rule("list_access_token_roles", _READER_OR_OWN,
              "List the roles of an access token.", f"GET {_TOKEN}/roles"),
]
