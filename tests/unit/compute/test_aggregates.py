"""Groups of hosts."""

import pytest

from tests.unit.compute.conftest import ADMIN, READER

PATH = "/v2.1/os-aggregates"


@pytest.fixture
def ask(world):
    def ask(method, path, body=None, status=200, **values):
        answer = world.call(method, PATH + path, body, ctx=ADMIN,
                            status=status, version="2.41", **values)
        return answer.json if answer.body else None
    return ask


@pytest.fixture
def fast(ask):
    return ask("POST", "", {"aggregate": {"name": "fast"}})["aggregate"]


def test_made_changed_and_deleted(ask, fast):
    assert (fast["hosts"], fast["metadata"]) == ([], {})
    one = f"/{fast['id']}"

    ask("PUT", one, {"aggregate": {"name": "faster",
                                   "availability_zone": "nova"}})
    ask("POST", one + "/action", {"set_metadata": {"metadata": {
        "ssd": "true", "old": None}}})

    shown = ask("GET", one)["aggregate"]
    assert shown["name"] == "faster"
    assert shown["metadata"] == {"availability_zone": "nova", "ssd": "true"}
    assert ask("GET", "")["aggregates"] == [shown]
    ask("DELETE", one)
    ask("GET", one, status=404)
    ask("DELETE", one, status=404)


def test_hosts_come_and_go(world, ask, fast):
    world.add_host("h1")
    one = f"/{fast['id']}"
    host = {"host": "h1"}

    made = ask("POST", one + "/action", {"add_host": host})["aggregate"]

    assert made["hosts"] == ["h1"]
    ask("POST", one + "/action", {"add_host": host}, status=409)
    ask("DELETE", one, status=400)
    left = ask("POST", one + "/action", {"remove_host": host})["aggregate"]
    assert left["hosts"] == []
    ask("POST", one + "/action", {"remove_host": host}, status=404)
    ask("POST", one + "/action", {"add_host": {"host": "h2"}}, status=404)
    ask("DELETE", one)


@pytest.mark.parametrize("path, body", [
    ("", {"aggregate": {}}), ("", {"aggregate": {"name": " x"}}),
    ("", {"aggregate": {"name": "x", "availability_zone": "moon"}}),
    ("/1/action", {"fly": {}}), ("/1/action", {"add_host": {}}),
    ("/1/action", {"set_metadata": {"metadata": {
        "availability_zone": "moon"}}})])
def test_bad_input_is_refused(ask, fast, path, body):
    assert fast["id"] == 1
    ask("POST", path, body, status=400)


def test_names_are_unique(ask, fast):
    ask("POST", "", {"aggregate": {"name": "fast"}}, status=409)


@pytest.mark.parametrize("key", ["x", "999999999999", "-1", "7"])
def test_unknown(ask, key):
    ask("GET", f"/{key}", status=404)


def test_for_operators_alone(world, fast):
    world.call("GET", PATH, ctx=READER, status=403)
    world.call("DELETE", f"{PATH}/{fast['id']}", ctx=READER, status=403)


def test_uptime_is_not_told(world):
    world.add_host("h1")
    found = world.call("GET", "/v2.1/os-hypervisors", ctx=ADMIN).json
    key = found["hypervisors"][0]["id"]

    world.call("GET", f"/v2.1/os-hypervisors/{key}/uptime", ctx=ADMIN,
               status=501)
    world.call("GET", "/v2.1/os-hypervisors/1/uptime", ctx=ADMIN,
               status=404)
