"""Who may choose the endpoints that projects see."""

from identity.policies import base

GROUPS = base.Things("endpoint_group", "/OS-EP-FILTER/endpoint_groups",
                     "endpoint_groups")
PROJECTS_OF_GROUP = "identity:list_projects_associated_with_endpoint_group"
ENDPOINTS_OF_GROUP = "identity:list_endpoints_associated_with_endpoint_group"
GROUPS_OF_PROJECT = "identity:list_endpoint_groups_for_project"
PROJECTS_OF_ENDPOINT = "identity:list_projects_for_endpoint"
ENDPOINTS_OF_PROJECT = "identity:list_endpoints_for_project"
CHECK_ENDPOINT = "identity:check_endpoint_in_project"
CHECK_GROUP = "identity:get_endpoint_group_in_project"
#: By what a project is to see.
ADD, REMOVE = (
    {kind: f"identity:{verb}_{kind}_{where}_project"
     for kind in ("endpoint", "endpoint_group")}
    for verb, where in (("add", "to"), ("remove", "from")))

_GROUP_IN = GROUPS.one + "/projects/{project_id}"
_PROJECT = "/OS-EP-FILTER/projects/{project_id}"
_ENDPOINT_IN = _PROJECT + "/endpoints/{endpoint_id}"

RULES = [*GROUPS.rules(base.READER), *(
    base.rule(name, check, description, *calls)
    for name, check, description, *calls in (
    (PROJECTS_OF_GROUP, base.READER,
     "List the projects that may use an endpoint group.",
     f"GET {GROUPS.one}/projects"),
    (ENDPOINTS_OF_GROUP, base.READER,
     "List the endpoints that are in an endpoint group.",
     f"GET {GROUPS.one}/endpoints"),
    (CHECK_GROUP, base.READER,
     "See whether a project may use an endpoint group.",
     f"GET {_GROUP_IN}", f"HEAD {_GROUP_IN}"),
    (GROUPS_OF_PROJECT, base.READER,
     "List the endpoint groups that a project may use.",
     f"GET {_PROJECT}/endpoint_groups"),
    (ADD["endpoint_group"], base.ADMIN, "Let a project use an endpoint group.",
     f"PUT {_GROUP_IN}"),
    (REMOVE["endpoint_group"], base.ADMIN,
     "Let a project no longer use an endpoint group.",
     f"DELETE {_GROUP_IN}"),
    (PROJECTS_OF_ENDPOINT, base.READER,
     "List the projects to which an endpoint was added.",
     "GET /OS-EP-FILTER/endpoints/{endpoint_id}/projects"),
    (ENDPOINTS_OF_PROJECT, base.READER,
     "List the endpoints that a project may use.",
     f"GET {_PROJECT}/endpoints"),
    (CHECK_ENDPOINT, base.READER,
     "See whether an endpoint was added to a project.",
     f"GET {_ENDPOINT_IN}", f"HEAD {_ENDPOINT_IN}"),
    (ADD["endpoint"], base.ADMIN, "Let a project use an endpoint.",
     f"PUT {_ENDPOINT_IN}"),
    (REMOVE["endpoint"], base.ADMIN,
     "Let a project no longer use an endpoint.",
     f"DELETE {_ENDPOINT_IN}")))]
