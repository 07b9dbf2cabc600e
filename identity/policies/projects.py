"""Who may do what with projects and domains."""

from identity.policies import base

GET = "identity:get_project"
LIST = "identity:list_projects"
LIST_OF_USER = "identity:list_user_projects"
CREATE = "identity:create_project"
UPDATE = "identity:update_project"
DELETE = "identity:delete_project"
GET_TAGS = "identity:list_project_tags"
SET_TAGS = "identity:update_project_tags"
GET_DOMAIN = "identity:get_domain"
LIST_DOMAINS = "identity:list_domains"
CREATE_DOMAIN = "identity:create_domain"
UPDATE_DOMAIN = "identity:update_domain"
DELETE_DOMAIN = "identity:delete_domain"

_OWN_PROJECT = "project_id:%(project_id)s"

RULES = [
    base.rule(
        "get_project", f"{base.READER_OR_DOMAIN_READER} or {_OWN_PROJECT}",
        "Show a project.", "GET /projects/{project_id}"),
    base.rule(
        "list_projects", base.READER_OR_DOMAIN_READER, "List projects.",
        "GET /projects"),
    base.rule(
        "list_user_projects", base.READER_OR_DOMAIN_READER_OR_OWN,
        "List the projects on which a user has a role.",
        "GET /users/{user_id}/projects"),
    base.rule(
        "create_project", base.ADMIN_OR_DOMAIN_MANAGER,
        "Create a project.", "POST /projects"),
    base.rule(
        "update_project", base.ADMIN_OR_DOMAIN_MANAGER,
        "Update a project.", "PATCH /projects/{project_id}"),
    base.rule(
        "delete_project", base.ADMIN_OR_DOMAIN_MANAGER,
        "Delete a project.", "DELETE /projects/{project_id}"),
    base.rule(
        "list_project_tags",
        f"{base.READER_OR_DOMAIN_READER} or {_OWN_PROJECT}",
        "See the tags of a project.", "GET /projects/{project_id}/tags",
        "GET /projects/{project_id}/tags/{tag}"),
    base.rule(
        "update_project_tags",
        base.ADMIN_OR_DOMAIN_MANAGER,
        "Change the tags of a project.",
        "PUT /projects/{project_id}/tags",
        "DELETE /projects/{project_id}/tags",
        "PUT /projects/{project_id}/tags/{tag}",
        "DELETE /projects/{project_id}/tags/{tag}"),
    base.rule(
        "get_domain", base.READER_OR_OWN_DOMAIN, "Show a domain.",
        "GET /domains/{domain_id}"),
    base.rule(
        "list_domains", base.READER_OR_DOMAIN_READER,
        "List domains; a reader of a domain sees that one.",
        "GET /domains"),
    base.rule(
        "create_domain", base.ADMIN, "Create a domain.", "POST /domains"),
    base.rule(
        "update_domain", base.ADMIN, "Update a domain.",
        "PATCH /domains/{domain_id}"),
    base.rule(
        "delete_domain", base.ADMIN, "Delete a domain.",
        "DELETE /domains/{domain_id}"),
]
