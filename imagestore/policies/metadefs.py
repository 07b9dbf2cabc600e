"""Who may do what to metadata definitions."""

from common import policy

_NAMESPACES = "/v2/metadefs/namespaces"
_NAMESPACE = f"{_NAMESPACES}/{{namespace}}"
_TYPES = f"{_NAMESPACE}/resource_types"

#: The target's project_id is the owner of the namespace.
_SEEN = ("(role:reader and (project_id:%(project_id)s or "
         "'public':%(visibility)s)) or role:admin")

LIST = "get_metadef_namespaces"
#: The list of everybody's namespaces.
LIST_ALL = "get_metadef_namespaces_of_all_projects"
GET = "get_metadef_namespace"
ADD = "add_metadef_namespace"
UPDATE = "modify_metadef_namespace"
DELETE = "delete_metadef_namespace"
LIST_TYPES = "list_metadef_resource_types"
GET_TYPES = "get_metadef_resource_type"
ADD_TYPE = "add_metadef_resource_type_association"
REMOVE_TYPE = "remove_metadef_resource_type_association"

#: The rules of each kind of definition, by what is done.
ITEMS = {
    "object": {
        "list": "get_metadef_objects", "get": "get_metadef_object",
        "add": "add_metadef_object", "update": "modify_metadef_object",
        "delete": "delete_metadef_object",
        "clear": "delete_metadef_object"},
    "property": {
        "list": "get_metadef_properties", "get": "get_metadef_property",
        "add": "add_metadef_property", "update": "modify_metadef_property",
        "delete": "remove_metadef_property",
        "clear": "remove_metadef_property"},
    "tag": {
        "list": "get_metadef_tags", "get": "get_metadef_tag",
        "add": "add_metadef_tag", "update": "modify_metadef_tag",
        "delete": "delete_metadef_tag", "clear": "delete_metadef_tags",
        "replace": "add_metadef_tags"},
}

_OF_NAMESPACES = [
    policy.rule(LIST, "role:reader or role:admin",
                "List namespaces of metadata definitions.",
                [("GET", _NAMESPACES)]),
    policy.rule(LIST_ALL, policy.ADMIN,
                "List the namespaces of all projects.",
                [("GET", _NAMESPACES)]),
    policy.rule(GET, _SEEN, "Show a namespace.", [("GET", _NAMESPACE)]),
    policy.rule(ADD, policy.ADMIN, "Create a namespace.",
                [("POST", _NAMESPACES)]),
    policy.rule(UPDATE, policy.ADMIN, "Change a namespace.",
                [("PUT", _NAMESPACE)]),
    policy.rule(DELETE, policy.ADMIN, "Delete a namespace.",
                [("DELETE", _NAMESPACE)]),
    policy.rule(LIST_TYPES, "role:reader or role:admin",
                "List the resource types that definitions may be for.",
                [("GET", "/v2/metadefs/resource_types")]),
    policy.rule(GET_TYPES, _SEEN, "List what a namespace is for.",
                [("GET", _TYPES)]),
    policy.rule(ADD_TYPE, policy.ADMIN,
                "Say that a namespace is for a resource type.",
                [("POST", _TYPES)]),
    policy.rule(REMOVE_TYPE, policy.ADMIN,
                "Say that a namespace is not for a resource type.",
                [("DELETE", f"{_TYPES}/{{name}}")]),
]


def _of_items(plural: str, kind: str) -> list[policy.Rule]:
    many, rules = f"{_NAMESPACE}/{plural}", ITEMS[kind]
    one = f"{many}/{{name}}"
    added = ("POST", one if kind == "tag" else many)
    made = [
        policy.rule(rules["list"], _SEEN, f"List {plural} of a namespace.",
                    [("GET", many)]),
        policy.rule(rules["get"], _SEEN, f"Show a {kind} of a namespace.",
                    [("GET", one)]),
        policy.rule(rules["add"], policy.ADMIN,
                    f"Add a {kind} to a namespace.", [added]),
        policy.rule(rules["update"], policy.ADMIN,
                    f"Change a {kind} of a namespace.", [("PUT", one)]),
        policy.rule(rules["delete"], policy.ADMIN,
                    f"Delete a {kind} of a namespace, or all.",
                    [("DELETE", one), ("DELETE", many)]),
    ]
    if kind == "tag":
        made += [
            policy.rule(rules["replace"], policy.ADMIN,
                        "Set all tags of a namespace.", [("POST", many)]),
            policy.rule(rules["clear"], policy.ADMIN,
                        "Delete all tags of a namespace.",
                        [("DELETE", many)])]
    return made


RULES = [*_OF_NAMESPACES, *_of_items("objects", "object"),
         *_of_items("properties", "property"), *_of_items("tags", "tag")]
