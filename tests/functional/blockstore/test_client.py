"""The ``openstack`` command against the block store over HTTP."""

import time


def wait_for(mine, name, status, kind="volume"):
    until = time.monotonic() + 20
    while True:
        shown = mine(*kind.split(), "show", name)
        if shown["status"] == status:
            return shown
        assert time.monotonic() < until, shown
        time.sleep(0.2)


def test_life(mine):
    made = mine("volume", "create", "--size", "1", "--description", "d",
                "--property", "a=b", "v1")
    assert (made["name"], made["size"], made["status"]) == (
        "v1", 1, "creating")
    assert made["type"] == "default"
    shown = wait_for(mine, "v1", "available")
    assert shown["properties"] == {"a": "b"}
    assert shown["bootable"] in ("false", False)
    rows = mine("volume", "list", "--long")
    assert [(row["Name"], row["Status"], row["Size"]) for row in rows] == [
        ("v1", "available", 1)]

    mine.text("volume", "set", "--name", "v2", "--description", "new",
              "--property", "c=d", "--bootable", "v1")
    mine.text("volume", "unset", "--property", "a", "v2")
    shown = mine("volume", "show", "v2")
    assert shown["properties"] == {"c": "d"}
    assert shown["description"] == "new"
    assert shown["bootable"] in ("true", True)

    mine.text("volume", "set", "--size", "2", "v2")
    assert wait_for(mine, "v2", "available")["size"] == 2
    mine.text("volume", "set", "--read-only", "v2")
    assert mine("volume", "show", "v2")["properties"]["readonly"] == "True"

    mine.text("volume", "delete", "v2")
    until = time.monotonic() + 20
    while mine("volume", "list"):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert "No Volume found" in mine.fails("volume", "show", "v2")


def test_snapshots(mine):
    mine("volume", "create", "--size", "1", "v-snap")
    wait_for(mine, "v-snap", "available")
    made = mine("volume", "snapshot", "create", "--volume", "v-snap",
                "--force", "--property", "a=b", "s1")
    assert made["size"] == 1
    wait_for(mine, "s1", "available", "volume snapshot")
    rows = mine("volume", "snapshot", "list")
    assert [(row["Name"], row["Status"]) for row in rows] == [
        ("s1", "available")]
    mine.text("volume", "snapshot", "set", "--name", "s2", "s1")
    assert mine("volume", "snapshot", "show", "s2")["properties"] == {
        "a": "b"}

    mine("volume", "create", "--snapshot", "s2", "v-copy")
    assert wait_for(mine, "v-copy", "available")["size"] == 1
    assert "has snapshots" in mine.fails("volume", "delete", "v-snap")
    mine.text("volume", "snapshot", "delete", "s2")
    until = time.monotonic() + 20
    while mine("volume", "snapshot", "list"):
        assert time.monotonic() < until
        time.sleep(0.2)
    mine.text("volume", "delete", "v-snap", "v-copy")


def test_refusals(mine):
    assert "413" in mine.fails("volume", "create", "--size", "1001", "x")
    assert "404" in mine.fails(
        "volume", "create", "--size", "1", "--type", "gold", "x")
    assert "mars" in mine.fails(
        "volume", "create", "--size", "1", "--availability-zone", "mars",
        "x")
    assert "403" in mine.fails("volume", "service", "list")


def test_operators(openstack, mine):
    mine("volume", "create", "--size", "1", "v-op")
    wait_for(mine, "v-op", "available")
    rows = openstack("volume", "service", "list")
    assert {(row["Binary"], row["Host"], row["State"]) for row in rows} == {
        ("cinder-scheduler", "node1", "up"),
        ("cinder-volume", "node1@fake", "up")}
    assert openstack("volume", "backend", "pool", "list")[0]["Name"] == (
        "node1@fake#fake")
    assert [row["Name"] for row in openstack("volume", "type", "list")] == [
        "default"]
    openstack("volume", "type", "show", "default")
    zones = openstack("availability", "zone", "list", "--volume")
    assert zones[0]["Zone Name"] == "nova"
    everywhere = openstack("volume", "list", "--all-projects")
    assert "v-op" in {row["Name"] for row in everywhere}
    assert openstack("volume", "list") == []
    ident = mine("volume", "show", "v-op")["id"]
    openstack.text("volume", "set", "--state", "error", ident)
    openstack.text("volume", "delete", "--force", ident)
    limits = mine("limits", "show", "--absolute")
    assert "max_total_volumes" in {row["Name"] for row in limits}
