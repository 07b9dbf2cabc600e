"""What clients find without a token."""

import pytest

from identity import api
from identity.api import json_home

ROOT = "https://docs.openstack.org/api/openstack-identity/3"


def home(anybody, path):
    got = anybody("GET", path, Accept="application/json-home")
    assert got.status_code == 200
    assert got.content_type == "application/json-home"
    return got.json["resources"]


def test_versions(anybody):
    got = anybody("GET", "/")
    assert got.status_code == 300
    version = got.json["versions"]["values"][0]
    assert version["id"] == "v3.14" and version["status"] == "stable"
    assert got.headers["Location"] == version["links"][0]["href"]
    for path in ("/v3", "/v3/"):
        got = anybody("GET", path, Accept="application/json")
        assert got.json == {"version": version}


@pytest.mark.parametrize("accept,wanted", [
    ("application/json-home", True), ("application/json", False),
    ("*/*", False), ("text/html", False),
    ("application/json;q=0.2, application/json-home;q=0.8", True),
    ("application/json;q=0.8, application/json-home;q=0.2", False),
    ("not a media type", False)])
def test_accept(anybody, accept, wanted):
    for path in ("/", "/v3"):
        got = anybody("GET", path, Accept=accept)
        assert (got.content_type == "application/json-home") is wanted


def test_every_route_is_there(identity, anybody):
    paths = {path.removeprefix("/v3") for _, path, _ in
             api.routes(identity.env)} - {"/", ""}
    names = {json_home.relation(path) for path in paths}
    assert len(names) == len(paths)
    assert set(home(anybody, "/v3")) == names
    assert set(home(anybody, "/")) == names
    # Names are given to what there is.
    assert set(json_home._NAMES) <= paths


def test_places(anybody):
    found = home(anybody, "/v3")
    assert found[f"{ROOT}/rel/auth_tokens"] == {"href": "/auth/tokens"}
    assert found[f"{ROOT}/rel/user_change_password"] == {
        "href-template": "/users/{user_id}/password",
        "href-vars": {"user_id": f"{ROOT}/param/user_id"}}
    trust = f"{ROOT}/ext/OS-TRUST/1.0"
    assert found[f"{trust}/rel/trust_role"] == {
        "href-template": "/OS-TRUST/trusts/{trust_id}/roles/{role_id}",
        "href-vars": {"trust_id": f"{trust}/param/trust_id",
                      "role_id": f"{ROOT}/param/role_id"}}
    for name in ("rel/project_user_role", "rel/policy", "rel/implied_role",
                 "rel/application_credential", "rel/system_group_roles",
                 "ext/OS-EC2/1.0/rel/user_credential",
                 "ext/OS-EC2/1.0/rel/ec2tokens",
                 "ext/OS-INHERIT/1.0/rel/"
                 "domain_user_role_inherited_to_projects",
                 "ext/OS-OAUTH1/1.0/rel/user_access_token_roles"):
        assert f"{ROOT}/{name}" in found
    top = home(anybody, "/")
    assert top[f"{ROOT}/rel/auth_tokens"] == {"href": "/v3/auth/tokens"}
