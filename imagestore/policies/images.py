"""Who may do what to images."""

from common import policy

CREATE = "add_image"
GET = "get_image"
GET_ALL = "get_images"
#: The list of everybody's images.
GET_ALL_PROJECTS = "get_images_of_all_projects"
UPDATE = "modify_image"
DELETE = "delete_image"
PUBLICIZE = "publicize_image"
COMMUNITIZE = "communitize_image"
SET_OWNER = "set_image_owner"
UPLOAD = "upload_image"
DOWNLOAD = "download_image"
#: Beside DOWNLOAD, while the image is deactivated.
DOWNLOAD_DEACTIVATED = "download_deactivated_image"
DEACTIVATE = "deactivate"
REACTIVATE = "reactivate"
ADD_MEMBER = "add_member"
GET_MEMBERS = "get_members"
UPDATE_MEMBER = "modify_member"
DELETE_MEMBER = "delete_member"
#: Of the older way to see and say where data are.
GET_LOCATION = "get_image_location"
SET_LOCATION = "set_image_location"
DISCOVER = "discover_image_service"
USAGE = "get_image_usage"

#: The target's member_id is that of the sender, if the image is shared
#: with them.
_SEEN = ("(role:reader and (project_id:%(project_id)s or "
         "project_id:%(member_id)s or 'public':%(visibility)s or "
         "'community':%(visibility)s)) or role:admin or role:service")
_ANY_READER = "role:reader or role:service"
_ONE = "/v2/images/{image_id}"
_MEMBERS = f"{_ONE}/members"
_MEMBER = f"{_ONE}/members/{{member_id}}"

RULES = [
    policy.rule(CREATE, policy.MEMBER, "Create an image.",
                [("POST", "/v2/images")]),
    policy.rule(GET, _SEEN, "Show an image.", [("GET", _ONE)]),
    policy.rule(GET_ALL, _ANY_READER, "List images.",
                [("GET", "/v2/images")]),
    policy.rule(GET_ALL_PROJECTS, policy.ADMIN_OR_SERVICE,
                "List the images of all projects.",
                [("GET", "/v2/images")]),
    policy.rule(UPDATE, policy.MEMBER, "Change an image.",
                [("PATCH", _ONE), ("PUT", f"{_ONE}/tags/{{tag}}"),
                 ("DELETE", f"{_ONE}/tags/{{tag}}")]),
    policy.rule(DELETE, policy.MEMBER_OR_SERVICE, "Delete an image.",
                [("DELETE", _ONE)]),
    policy.rule(PUBLICIZE, policy.ADMIN, "Show an image to everybody.",
                [("POST", "/v2/images"), ("PATCH", _ONE)]),
    policy.rule(COMMUNITIZE, policy.MEMBER,
                "Let everybody use an image who knows its ID.",
                [("POST", "/v2/images"), ("PATCH", _ONE)]),
    policy.rule(SET_OWNER, policy.ADMIN,
                "Say which project an image belongs to.",
                [("POST", "/v2/images"), ("PATCH", _ONE)]),
    policy.rule(UPLOAD, policy.MEMBER_OR_SERVICE,
                "Upload the data of an image.",
                [("PUT", f"{_ONE}/file"), ("PUT", f"{_ONE}/stage")]),
    policy.rule(DOWNLOAD, _SEEN, "Download the data of an image.",
                [("GET", f"{_ONE}/file")]),
    policy.rule(DOWNLOAD_DEACTIVATED, policy.ADMIN,
                "Download the data of a deactivated image.",
                [("GET", f"{_ONE}/file")]),
    policy.rule(DEACTIVATE, policy.MEMBER, "Stop the use of an image.",
                [("POST", f"{_ONE}/actions/deactivate")]),
    policy.rule(REACTIVATE, policy.MEMBER, "Allow the use of an image again.",
                [("POST", f"{_ONE}/actions/reactivate")]),
    policy.rule(ADD_MEMBER, policy.MEMBER, "Share an image with a project.",
                [("POST", _MEMBERS)]),
    policy.rule(GET_MEMBERS, f"({policy.READER}) or "
                "(role:reader and project_id:%(member_id)s)",
                "List or show with whom an image is shared.",
                [("GET", _MEMBERS), ("GET", _MEMBER)]),
    policy.rule(UPDATE_MEMBER, "(role:member and "
                "project_id:%(member_id)s) or role:admin",
                "Accept or reject an image that is shared.",
                [("PUT", _MEMBER)]),
    policy.rule(DELETE_MEMBER, policy.MEMBER,
                "Share an image with a project no longer.",
                [("DELETE", _MEMBER)]),
    policy.rule(GET_LOCATION, policy.READER,
                "See in an image where its data are, if the service shows "
                "that.", [("GET", "/v2/images"), ("GET", _ONE)]),
    policy.rule(SET_LOCATION, policy.MEMBER,
                "Say by a change of an image where its data are, if the "
                "service allows that.", [("PATCH", _ONE)]),
    policy.rule(DISCOVER, _ANY_READER, "Read schemas and what is offered.",
                [("GET", "/v2/schemas/{name}"),
                 ("GET", "/v2/schemas/metadefs/{name}"),
                 ("GET", "/v2/info/import"), ("GET", "/v2/info/stores")]),
    policy.rule(USAGE, _ANY_READER, "Show what the own project uses.",
                [("GET", "/v2/info/usage")]),
]
