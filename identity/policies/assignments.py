"""Who may give roles to whom, and see who has which."""

from identity.policies import base

CHECK = "identity:check_grant"
LIST = "identity:list_grants"
CREATE = "identity:create_grant"
REVOKE = "identity:revoke_grant"
CHECK_SYSTEM = "identity:check_system_grant"
LIST_SYSTEM = "identity:list_system_grants"
CREATE_SYSTEM = "identity:create_system_grant"
REVOKE_SYSTEM = "identity:revoke_system_grant"
LIST_ALL = "identity:list_role_assignments"
LIST_TREE = "identity:list_role_assignments_for_tree"

#: The user or group, and the project or domain, are of one domain.
_BOTH = "domain_id:%(actor_domain_id)s and domain_id:%(target_domain_id)s"
_READER = f"{base.READER} or (role:reader and {_BOTH})"
#: A manager gives no more than managers have.
_MANAGER = (
    f"{base.ADMIN} or (role:manager and {_BOTH} and "
    "('manager':%(role_name)s or 'member':%(role_name)s or "
    "'reader':%(role_name)s))")

_ONE = tuple(
    f"{{method}} /{target}/{{{{{target[:-1]}_id}}}}/{actor}/"
    f"{{{{{actor[:-1]}_id}}}}/roles/{{{{role_id}}}}"
    for target in ("projects", "domains") for actor in ("users", "groups"))
_SYSTEM = tuple(
    f"{{method}} /system/{actor}/{{{{{actor[:-1]}_id}}}}/roles/"
    "{{role_id}}" for actor in ("users", "groups"))


def _calls(templates: tuple[str, ...], method: str) -> list[str]:
    return [template.format(method=method) for template in templates]


def _lists(templates: tuple[str, ...]) -> list[str]:
    return [call.removesuffix("/{role_id}")
            for call in _calls(templates, "GET")]


RULES = [
    base.rule("check_grant", _READER,
              "See whether a role was given on a project or domain.",
              *_calls(_ONE, "HEAD")),
    base.rule("list_grants", _READER,
              "List the roles given to somebody on a project or domain.",
              *_lists(_ONE)),
    base.rule("create_grant", _MANAGER,
              "Give a role on a project or domain.", *_calls(_ONE, "PUT")),
    base.rule("revoke_grant", _MANAGER,
              "Take back a role on a project or domain.",
              *_calls(_ONE, "DELETE")),
    base.rule("check_system_grant", base.READER,
              "See whether a role was given on the system.",
              *_calls(_SYSTEM, "HEAD")),
    base.rule("list_system_grants", base.READER,
              "List the roles given to somebody on the system.",
              *_lists(_SYSTEM)),
    base.rule("create_system_grant", base.ADMIN,
              "Give a role on the system.", *_calls(_SYSTEM, "PUT")),
    base.rule("revoke_system_grant", base.ADMIN,
              "Take back a role on the system.",
              *_calls(_SYSTEM, "DELETE")),
    base.rule("list_role_assignments", base.READER_OR_DOMAIN_READER,
              "List role assignments; a reader of a domain sees those on "
              "it and on its projects.", "GET /role_assignments"),
    base.rule("list_role_assignments_for_tree",
              f"{base.READER_OR_DOMAIN_READER} or "
              "(role:manager and project_id:%(project_id)s)",
              "List role assignments on a project and those below it.",
              "GET /role_assignments?include_subtree"),
]
