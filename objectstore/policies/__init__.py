"""Who may do what to an account and all in it."""

from common import policy

READ = "objectstore:read"
WRITE = "objectstore:write"
ADMINISTER = "objectstore:administer"

_RESELLER = "role:ResellerAdmin"
#: Services keep things of theirs in the account of their own project.
_SERVICE = "(role:service and project_id:%(project_id)s)"
_ACCOUNT = "/v1/{account}"
_CONTAINER = f"{_ACCOUNT}/{{container}}"
_OBJECT = f"{_CONTAINER}/{{object}}"

RULES = [
    policy.rule(READ, f"({policy.READER}) or {_RESELLER} or {_SERVICE}",
                "Read an account, its containers and objects.",
                [(method, path) for path in (_ACCOUNT, _CONTAINER, _OBJECT)
                 for method in ("GET", "HEAD")]),
    policy.rule(WRITE, f"({policy.MEMBER}) or {_RESELLER} or {_SERVICE}",
                "Change an account's containers and objects.",
                [("PUT", _CONTAINER), ("POST", _CONTAINER),
                 ("DELETE", _CONTAINER), ("PUT", _OBJECT),
                 ("POST", _OBJECT), ("DELETE", _OBJECT),
                 ("COPY", _OBJECT)]),
    policy.rule(ADMINISTER, f"({policy.MEMBER}) or {_RESELLER}",
                "Change what is said of an account.",
                [("POST", _ACCOUNT)]),
]
