"""JSON-home: where each resource is, for clients that ask by its name.

Made from the routes. The names are those of the identity API reference:
as a rule the words of the path, with one of what an id picks; where the
reference has another, it is in ``_NAMES``.
"""

import re
from collections.abc import Iterable
from typing import Any

from common import wsgi

MEDIA_TYPE = "application/json-home"

_ROOT = "https://docs.openstack.org/api/openstack-identity/3"
_PARAMETER = re.compile(r"\{([^}]*)\}")

#: Of paths whose words do not say it.
_NAMES = {
    "/users/{user_id}/password": "user_change_password",
    "/users/{user_id}/application_credentials": "application_credentials",
    "/users/{user_id}/application_credentials/{application_credential_id}":
        "application_credential",
    "/users/{user_id}/access_rules": "access_rules",
    "/users/{user_id}/access_rules/{access_rule_id}": "access_rule",
    "/roles/{prior_id}/implies": "implied_roles",
    "/roles/{prior_id}/implies/{implied_id}": "implied_role",
    "/limits/model": "limit_model",
    "/domains/config/default": "domain_config_default",
    "/domains/config/{group}/default": "domain_config_default_group",
    "/domains/config/{group}/{option}/default":
        "domain_config_default_option",
    "/domains/{domain_id}/config/{group}": "domain_config_group",
    "/domains/{domain_id}/config/{group}/{option}": "domain_config_option",
    "/domains/{domain_id}/config/security_compliance":
        "domain_config_security_compliance",
    "/domains/{domain_id}/config/security_compliance/{option}":
        "domain_config_security_compliance_option",
    "/OS-OAUTH1/request_token": "request_tokens",
    "/OS-OAUTH1/access_token": "access_tokens",
    "/OS-OAUTH1/authorize/{request_token_id}": "authorize_request_token",
    "/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/endpoints":
        "endpoints_in_endpoint_group",
    "/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects":
        "projects_associated_with_endpoint_group",
    "/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/"
    "{project_id}": "endpoint_group_to_project_association",
    "/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy": "endpoint_policy",
    "/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}":
        "endpoint_policy_association",
    "/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}":
        "service_policy_association",
    "/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/"
    "regions/{region_id}": "region_and_service_policy_association",
}
#: Extensions that the path does not tell.
_EXTENSIONS = {"/ec2tokens": "OS-EC2", "/s3tokens": "s3tokens"}
#: Parameters that belong to an extension.
_OF_EXTENSION = {
    "trust_id": "OS-TRUST", "consumer_id": "OS-OAUTH1",
    "request_token_id": "OS-OAUTH1", "access_token_id": "OS-OAUTH1",
    "endpoint_group_id": "OS-EP-FILTER",
}
#: Parameters by the names of the reference, in paths and in relations.
_RENAMED = {"prior_id": ("prior_role_id", "role_id"),
            "implied_id": ("implied_role_id", "role_id"),
            "tag": ("value", "tag_value"),
            "group": ("group", "config_group"),
            "option": ("option", "config_option")}


def document(routes: Iterable[wsgi.Route], prefix: str) -> dict[str, Any]:
    """Return the document.

    :param routes: those below the version
    :param prefix: of paths in it
    """
    paths = sorted({path for _, path, _ in routes})
    return {"resources": {
        relation(path): _place(path, prefix) for path in paths}}


def relation(path: str) -> str:
    """Return the name of the resource at a path with parameters."""
    named = [part for part in path.split("/") if part.startswith("OS-")]
    extension = _EXTENSIONS.get(path) or (named[0] if named else None)
    root = f"{_ROOT}/ext/{extension}/1.0" if extension else _ROOT
    return f"{root}/rel/{_NAMES.get(path) or _words(path)}"


def _words(path: str) -> str:
    parts = [part for part in path.split("/")
             if part and not part.startswith("OS-")]
    following = [*parts[1:], ""]
    return "_".join(
        _one(part) if after.startswith("{") else part
        for part, after in zip(parts, following, strict=True)
        if not part.startswith("{"))


def _one(words: str) -> str:
    if words.endswith("ies"):
        return words.removesuffix("ies") + "y"
    return words.removesuffix("s")


def _place(path: str, prefix: str) -> dict[str, Any]:
    names = _PARAMETER.findall(path)
    if not names:
        return {"href": prefix + path}
    shown = {name: _RENAMED.get(name, (name, name)) for name in names}
    template = _PARAMETER.sub(
        lambda found: f"{{{shown[found[1]][0]}}}", path)
    return {"href-template": prefix + template, "href-vars": {
        label: _parameter(kind) for label, kind in shown.values()}}


def _parameter(name: str) -> str:
    extension = _OF_EXTENSION.get(name)
    root = f"{_ROOT}/ext/{extension}/1.0" if extension else _ROOT
    return f"{root}/param/{name}"
