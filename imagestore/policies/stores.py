"""Who may choose stores, import images and see how that goes."""

from common import policy

DETAIL = "stores_info_detail"
DELETE = "delete_image_location"
IMPORT = "import_image"
COPY = "copy_image"
GET_IMAGE_TASKS = "get_image_tasks"
TASKS = "tasks_api_access"
ADD_LOCATION = "add_image_location"
GET_LOCATIONS = "fetch_image_location"
CACHE_LIST = "cache_list"
CACHE_IMAGE = "cache_image"
CACHE_DELETE = "cache_delete"

_ONE = "/v2/images/{image_id}"
_LOCATIONS = f"{_ONE}/locations"

RULES = [
    policy.rule(DETAIL, policy.ADMIN, "Show details of the stores.",
                [("GET", "/v2/info/stores/detail")]),
    policy.rule(DELETE, policy.ADMIN, "Delete an image from one store.",
                [("DELETE", "/v2/stores/{store}/{image_id}")]),
    policy.rule(IMPORT, policy.MEMBER_OR_SERVICE, "Import an image.",
                [("POST", f"{_ONE}/import")]),
    policy.rule(COPY, policy.ADMIN,
                "Copy an image that others own to more stores.",
                [("POST", f"{_ONE}/import")]),
    policy.rule(GET_IMAGE_TASKS, policy.READER,
                "Show how the imports of an image go.",
                [("GET", f"{_ONE}/tasks")]),
    policy.rule(TASKS, policy.ADMIN, "List, show and create tasks.",
                [("GET", "/v2/tasks"), ("POST", "/v2/tasks"),
                 ("GET", "/v2/tasks/{task_id}"),
                 ("DELETE", "/v2/tasks/{task_id}")]),
    policy.rule(ADD_LOCATION, policy.MEMBER_OR_SERVICE,
                "Say where the data of an image lie.",
                [("POST", _LOCATIONS)]),
    policy.rule(GET_LOCATIONS, policy.ADMIN_OR_SERVICE,
                "Show where the data of an image lie.",
                [("GET", _LOCATIONS)]),
    policy.rule(CACHE_LIST, policy.ADMIN, "List what is cached.",
                [("GET", "/v2/cache")]),
    policy.rule(CACHE_IMAGE, policy.ADMIN, "Have an image cached.",
                [("PUT", "/v2/cache/{image_id}")]),
    policy.rule(CACHE_DELETE, policy.ADMIN, "Remove images from the cache.",
                [("DELETE", "/v2/cache"),
                 ("DELETE", "/v2/cache/{image_id}")]),
]
