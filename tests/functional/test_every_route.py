"""Every route of every API, as a stranger would try it."""

import re
import uuid

import pytest
import requests

#: What may be asked without a token, besides a document of versions.
VERSIONS = ("", "/v3", "/v2.0", "/v2.1", "/v1")
PUBLIC_ROUTES = {
    ("identity", "POST", "/v3/auth/tokens"),
    # Proves itself by the password that it replaces.
    ("identity", "POST", "/v3/users/{user_id}/password"),
    # A consumer signs these with its secret.
    ("identity", "POST", "/v3/OS-OAUTH1/request_token"),
    ("identity", "POST", "/v3/OS-OAUTH1/access_token"),
    ("imagestore", "GET", "/versions"),
    ("objectstore", "GET", "/info"),
}
#: Public where an ACL says so, and that is asked of the container.
PUBLIC_BY_ACL = {
    ("objectstore", method, path)
    for path in ("/v1/{account}/{container}",
                 "/v1/{account}/{container}/{name:[\\s\\S]+}")
    for method in ("GET", "HEAD")}

NEWEST = {"OpenStack-API-Version":
          "compute latest, volume latest, placement latest"}

#: What every user may see, whatever their roles.
OPEN_TO_ALL = {
    ("GET", "/v3/auth/tokens"), ("DELETE", "/v3/auth/tokens"),  # their own
    ("GET", "/v3/auth/projects"), ("GET", "/v3/auth/domains"),
    ("GET", "/v3/auth/system"), ("GET", "/v3/auth/catalog"),
    ("GET", "/v3/regions"), ("GET", "/v3/registered_limits"),
    ("GET", "/v3/limits/model"),
    ("GET", "/v3/limits"), ("GET", "/v3/credentials"),  # their own
    ("GET", "/v2.1/flavors"), ("GET", "/v2.1/flavors/detail"),
    ("GET", "/v2.1/os-keypairs"),  # a user's own, whatever the project
    ("GET", "/v2.1/os-quota-sets/{tenant_id}/defaults"),
    ("GET", "/v2.1/os-availability-zone"), ("GET", "/v2.1/extensions"),
    ("GET", "/v2.0/extensions"), ("GET", "/v2.0/availability_zones"),
    ("GET", "/v3/types"), ("GET", "/v3/os-availability-zone"),
    ("GET", "/v3/extensions"),
}


def routes_of(cloud):
    """Return API, address, method, path and handler of each route."""
    found = []
    for daemon in cloud.daemons:
        for listen in daemon.apps:
            if not hasattr(listen.app, "api"):
                continue  # the metadata service, which has no tokens
            root = f"http://{listen.host}:{listen.port}"
            found += [
                (listen.app.api.name, root, method, filled(path), path,
                 action) for method, path, action in listen.app.api.routes]
    return found


def filled(path):
    return re.sub(r"\{[^}]*\}", lambda _: str(uuid.uuid4()), path)


def send(session, root, method, path, headers=None, **kwargs):
    return session.request(method, root + path, timeout=30,
                           headers=NEWEST | (headers or {}), **kwargs)


@pytest.fixture(scope="module")
def nobody(cloud, admin):
    """The token of a user who has no role anywhere."""
    name = f"nobody-{uuid.uuid4().hex[:8]}"
    made = admin("identity", "POST", "/v3/users", json={"user": {
        "name": name, "password": "nobody-pw"}})
    assert made.status_code == 201, made.text
    return cloud.login(name, "nobody-pw", scope="unscoped").token


@pytest.fixture
def session():
    with requests.Session() as made:
        yield made


def test_without_a_token(cloud, session):
    wrong = []
    for api, root, method, path, template, action in routes_of(cloud):
        key = api, method, template
        if action.spec.public and key not in PUBLIC_BY_ACL:
            assert (api == "metadata"
                    or template.rstrip("/") in VERSIONS
                    or key in PUBLIC_ROUTES), template
            continue
        got = send(session, root, method, path, json={})
        if got.status_code != 401:
            wrong.append((api, method, template, got.status_code))
    assert not wrong, "\n".join(map(str, wrong))


def test_user_without_roles(cloud, session, nobody):
    """They may learn nothing but what is the same for all.

    Where the sample is no valid body, 400 may come before 403.
    """
    wrong = []
    for api, root, method, path, template, action in routes_of(cloud):
        if action.spec.public or (method, template) in OPEN_TO_ALL:
            continue
        got = send(session, root, method, path,
                   json=sample(action.spec.body or {}),
                   headers={"X-Auth-Token": nobody})
        if got.status_code not in (403, 404) and not (
                got.status_code == 400 and (
                    wrong_project(template) or "body" in got.text)):
            wrong.append((api, method, template, got.status_code,
                          got.text[:200]))
    assert not wrong, "\n".join(map(str, wrong))


def wrong_project(template):
    """Their token has no project, so none in the path can be theirs."""
    return "{project_id}" in template or "{tenant_id}" in template


def sample(rule):
    """Return a small value that a JSON Schema allows, as far as we know."""
    for choice in ("enum", "oneOf", "anyOf", "allOf"):
        if choice in rule:
            first = rule[choice][0]
            rest = {k: v for k, v in rule.items() if k != choice}
            return first if choice == "enum" else sample(rest | first)
    kind = rule.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        known = rule.get("properties", {})
        names = list(rule.get("required", ()))
        names += [n for n in known if n not in names][
            :max(0, rule.get("minProperties", 0) - len(names))]
        return {name: sample(known.get(name, {"type": "string"}))
                for name in names}
    if kind == "array":
        return [sample(rule.get("items", {}))] * rule.get("minItems", 0)
    if kind == "string":
        return (str(uuid.uuid4()) if "pattern" in rule
                or "format" in rule else "a" * rule.get("minLength", 1))
    return {"integer": rule.get("minimum", 1), "null": None,
            "number": rule.get("minimum", 1), "boolean": True}[kind]


def test_malformed_json(cloud, session, admin):
    wrong = []
    for api, root, method, path, template, action in routes_of(cloud):
        if action.spec.body is None:
            continue
        headers = {"X-Auth-Token": admin.token,
                   "Content-Type": "application/json"}
        # Some are there in the newest version only, some in the oldest.
        found = {session.request(
            method, root + path, timeout=30, data=b'{"a": ',
            headers=headers | version).status_code
            for version in (NEWEST, {})}
        if 400 not in found or not found <= {400, 404}:
            wrong.append((api, method, template, found))
    assert not wrong, "\n".join(map(str, wrong))


def test_schemas_are_closed_or_say_why(cloud, session, admin):
    """A body of the wrong type is refused by every route that has one."""
    wrong = []
    for api, root, method, path, template, action in routes_of(cloud):
        if action.spec.body is None:
            continue
        got = send(session, root, method, path, json=[1],
                   headers={"X-Auth-Token": admin.token})
        # 403: what only users themselves may do.
        if got.status_code not in (400, 403, 404):
            wrong.append((api, method, template, got.status_code))
    assert not wrong, "\n".join(map(str, wrong))
