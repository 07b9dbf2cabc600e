"""Every route of every API, as a stranger would try it."""

import re
import uuid

import pytest
import requests

#: What may be asked without a token, besides a document of versions.
PUBLIC_ROUTES = {
    ("identity", "POST", "/v3/auth/tokens"),
    ("imagestore", "GET", "/versions"),
    ("objectstore", "GET", "/info"),
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


def send(session, root, method, path, **kwargs):
    return session.request(method, root + path, timeout=30, **kwargs)


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
        if action.spec.public:
            assert template.rstrip("/") in ("", "/v3", "/v2.0", "/v2.1",
                                            "/v1") or (
                api, method, template) in PUBLIC_ROUTES, (api, template)
            continue
        got = send(session, root, method, path, json={})
        if got.status_code != 401:
            wrong.append((api, method, template, got.status_code))
    assert not wrong


def test_user_without_roles(cloud, session, nobody):
    """They may learn nothing but what is their own."""
    wrong = []
    for api, root, method, path, template, action in routes_of(cloud):
        if action.spec.public:
            continue
        got = send(session, root, method, path, json={},
                   headers={"X-Auth-Token": nobody})
        if got.status_code not in (403, 404) and not own(
                api, template, got):
            wrong.append((api, method, template, got.status_code,
                          got.text[:200]))
    assert not wrong


def own(api, template, got):
    """Say whether any authenticated user may make this call."""
    return api == "identity" and template.startswith("/v3/auth/") or (
        got.status_code == 200 and template.endswith("/extensions"))


def test_malformed_json(cloud, session, admin):
    wrong = []
    for api, root, method, path, template, action in routes_of(cloud):
        if action.spec.body is None:
            continue
        got = send(session, root, method, path, data=b'{"a": ',
                   headers={"X-Auth-Token": admin.token,
                            "Content-Type": "application/json"})
        if got.status_code != 400:
            wrong.append((api, method, template, got.status_code))
    assert not wrong


def test_schemas_are_closed_or_say_why(cloud, session, admin):
    """A body of the wrong type is refused by every route that has one."""
    wrong = []
    for api, root, method, path, template, action in routes_of(cloud):
        if action.spec.body is None:
            continue
        got = send(session, root, method, path, json=[1],
                   headers={"X-Auth-Token": admin.token})
        if got.status_code not in (400, 404):
            wrong.append((api, method, template, got.status_code))
    assert not wrong
