"""Who may give roles to whom, and see who has which."""

from identity.policies import base

CHECK = "identity:check_grant"
LIST = "identity:list_grants"
CREATE = "identity:create_grant"
REVOKE = "identity:revoke_grant"
#: On the system, by who has the role.
CHECK_SYSTEM, LIST_SYSTEM, CREATE_SYSTEM, REVOKE_SYSTEM = (
    {actor: f"identity:{verb}_for_{actor}" for actor in ("user", "group")}
    for verb in ("check_system_grant", "list_system_grants",
                 "create_system_grant", "revoke_system_grant"))
LIST_ALL = "identity:list_role_assignments"
LIST_TREE = "identity:list_role_assignments_for_tree"

#: The user or group, and the project or domain, are of one domain.
_BOTH = "domain_id:%(actor_domain_id)s and domain_id:%(target_domain_id)s"
_READER = f"{base.READER} or (role:reader and {_BOTH})"
_MANAGER = (
    f"{base.ADMIN} or (role:manager and {_BOTH} and {base.MANAGED_ROLE})")

_ONE = tuple(
    f"{{method}} /{target}/{{{{{target[:-1]}_id}}}}/{actor}/"
    f"{{{{{actor[:-1]}_id}}}}/roles/{{{{role_id}}}}"
    for target in ("projects", "domains") for actor in ("users", "groups"))
_INHERITED = tuple(f"{{method}} /OS-INHERIT{path.split(' ')[1]}"
                   "/inherited_to_projects" for path in _ONE)


def _calls(*methods: str) -> list[str]:
    return [template.format(method=method)
            for template in (*_ONE, *_INHERITED) for method in methods]


def _on_system(actor: str) -> list[base.Rule]:
    roles = f"/system/{actor}s/{{{actor}_id}}/roles"
    one = roles + "/{role_id}"
    return [
        base.rule(name, check, description, *calls)
        for name, check, description, *calls in (
            (CHECK_SYSTEM[actor], base.READER,
             f"See whether a {actor} has a role on the system.",
             f"GET {one}", f"HEAD {one}"),
            (LIST_SYSTEM[actor], base.READER,
             f"List the roles that a {actor} has on the system.",
             f"GET {roles}"),
            (CREATE_SYSTEM[actor], base.ADMIN,
             f"Give a {actor} a role on the system.", f"PUT {one}"),
            (REVOKE_SYSTEM[actor], base.ADMIN,
             f"Take a role on the system from a {actor}.",
             f"DELETE {one}"))]


RULES = [
    base.rule("check_grant", _READER,
              "See whether a role was given on a project or domain.",
              *_calls("HEAD", "GET")),
    base.rule("list_grants", _READER,
              "List the roles given to somebody on a project or domain.",
              *(call.replace("/{role_id}", "") for call in _calls("GET"))),
    base.rule("create_grant", _MANAGER,
              "Give a role on a project or domain.", *_calls("PUT")),
    base.rule("revoke_grant", _MANAGER,
              "Take back a role on a project or domain.",
              *_calls("DELETE")),
    *_on_system("user"),
    *_on_system("group"),
    base.rule("list_role_assignments", base.READER_OR_DOMAIN_READER,
              "List role assignments; a reader of a domain sees those on "
              "it and on its projects.", "GET /role_assignments"),
    base.rule("list_role_assignments_for_tree",
              base.READER_OR_DOMAIN_READER,
              "List role assignments on a project and those below it.",
              "GET /role_assignments?include_subtree"),
]
