"""Flavors and keypairs."""

import pytest
from cryptography.hazmat.primitives import serialization

from compute import bootstrap, keypairs
from tests.unit.compute.conftest import ADMIN, OTHER

ED25519 = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEIVyaNNcwN79Z"
           "vnK3YC01zeS3+lCd5QDkGU/BAqnaBl me@here")
FINGERPRINT = "90:5d:c4:bb:31:d8:10:4f:bb:cc:90:f4:24:c4:be:ea"


def test_flavor_life(world):
    made = world.call("POST", "/v2.1/flavors", {"flavor": {
        "name": "big", "ram": 1024, "vcpus": 2, "disk": 3,
        "os-flavor-access:is_public": False}}, ctx=ADMIN,
        status=200).json["flavor"]
    path = f"/v2.1/flavors/{made['id']}"

    world.call("GET", path, ctx=ADMIN, status=200)
    world.call("GET", path, status=404)
    world.call("POST", "/v2.1/flavors", {"flavor": {
        "name": "big", "ram": 1, "vcpus": 1, "disk": 1}}, ctx=ADMIN,
        status=409)
    world.call("POST", path + "/os-extra_specs", {
        "extra_specs": {"hw:cpu_policy": "dedicated"}}, ctx=ADMIN,
        status=200)
    shown = world.call("GET", path, ctx=ADMIN, version="2.61").json
    assert shown["flavor"]["extra_specs"] == {"hw:cpu_policy": "dedicated"}
    world.call("DELETE", path + "/os-extra_specs/hw:cpu_policy", ctx=ADMIN,
               status=200)
    world.call("DELETE", path + "/os-extra_specs/hw:cpu_policy", ctx=ADMIN,
               status=404)
    world.call("DELETE", path, status=403)
    world.call("DELETE", path, ctx=ADMIN, status=202)
    world.call("GET", path, ctx=ADMIN, status=404)


def test_flavor_lists_go_page_by_page(world):
    first = world.call("GET", "/v2.1/flavors?limit=2").json
    link = first["flavors_links"][0]["href"]
    second = world.call("GET", link.split("localhost")[1]).json

    assert [row["id"] for row in first["flavors"]] == ["1", "2"]
    assert [row["id"] for row in second["flavors"]] == ["3", "4"]


@pytest.mark.parametrize("query", [
    "minRam=x", "is_public=perhaps", "sort_key=colour", "marker=none",
    "limit=-1"])
def test_bad_flavor_queries(world, query):
    world.call("GET", f"/v2.1/flavors?{query}", ctx=ADMIN, status=400)


def test_bootstrap_may_be_repeated(world):
    url = world.api_db.url.render_as_string(hide_password=False)
    world.conf.set_override("database", url, group="compute")
    bootstrap.run(world.conf)
    bootstrap.run(world.conf)

    assert len(world.call("GET", "/v2.1/flavors").json["flavors"]) == 4


def test_keypair_import(world):
    made = world.call("POST", "/v2.1/os-keypairs", {"keypair": {
        "name": "k1", "public_key": ED25519}}, status=200).json["keypair"]

    assert len(made["fingerprint"].split(":")) == 16
    assert "private_key" not in made
    world.call("POST", "/v2.1/os-keypairs", {"keypair": {
        "name": "k1", "public_key": ED25519}}, status=409)
    world.call("GET", "/v2.1/os-keypairs/k1", ctx=OTHER, status=404)
    world.call("DELETE", "/v2.1/os-keypairs/k1", status=202)
    world.call("DELETE", "/v2.1/os-keypairs/k1", status=404)


def test_keypair_is_made(world):
    made = world.call("POST", "/v2.1/os-keypairs", {"keypair": {
        "name": "k1"}}, version="2.2", status=201).json["keypair"]

    private = serialization.load_pem_private_key(
        made["private_key"].encode(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.OpenSSH,
        serialization.PublicFormat.OpenSSH).decode()
    assert made["public_key"].startswith(public)
    world.call("POST", "/v2.1/os-keypairs", {"keypair": {"name": "k2"}},
               version="2.92", status=400)


@pytest.mark.parametrize("key", [
    "nonsense", "ssh-rsa", "ssh-rsa !!!", "ssh-dss AAAA",
    "ssh-ed25519 AAAA", ED25519 + "\n" + ED25519,
    ED25519.replace("ssh-ed25519", "ssh-rsa", 1)])
def test_bad_keys(world, key):
    answer = world.call("POST", "/v2.1/os-keypairs", {"keypair": {
        "name": "k1", "public_key": key}}, status=400)

    assert "public_key" in answer.json["badRequest"]["message"]


def test_fingerprint_is_that_of_ssh_keygen():
    # ssh-keygen -l -E md5
    assert keypairs.fingerprint("ssh", ED25519) == FINGERPRINT


def test_others_keypairs_are_the_admins(world):
    body = {"keypair": {"name": "k1", "public_key": ED25519,
                        "user_id": "u3"}}
    world.call("POST", "/v2.1/os-keypairs", body, version="2.10",
               status=403)
    world.call("POST", "/v2.1/os-keypairs", body, version="2.10", ctx=ADMIN,
               status=201)
    listed = world.call("GET", "/v2.1/os-keypairs", ctx=OTHER).json
    assert listed["keypairs"][0]["keypair"]["name"] == "k1"
    world.call("GET", "/v2.1/os-keypairs?user_id=u3", version="2.10",
               status=403)
