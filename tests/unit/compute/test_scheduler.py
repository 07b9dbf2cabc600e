"""The choice of a host, on columns made by hand."""

from collections import Counter

from compute.scheduler.filters import Request
from compute.scheduler.hosts import CLASSES, Hosts
from compute.scheduler.scheduler import Scheduler, explain


def hosts(*rows):
    """Rows of: name, enabled, up, zone, arch, free RAM."""
    found = Hosts(free={n: [] for n in CLASSES},
                  capacity={n: [] for n in CLASSES},
                  largest={n: [] for n in CLASSES})
    for name, enabled, up, zone, arch, ram in rows:
        found.names.append(name)
        found.nodes.append(name + ".node")
        found.provider_ids.append("id-" + name)
        found.enabled.append(enabled)
        found.up.append(up)
        found.zones.append(zone)
        found.archs.append(arch)
        for kind, free in (("VCPU", 4), ("MEMORY_MB", ram), ("DISK_GB", 9)):
            found.free[kind].append(free)
            found.capacity[kind].append(1000)
            found.largest[kind].append(2 if kind == "VCPU" else 1000)
    return found


ALL = hosts(
    ("a", True, True, "nova", "x86_64", 500),
    ("b", True, True, "nova", "x86_64", 800),
    ("c", False, True, "nova", "x86_64", 900),
    ("d", True, False, "nova", "x86_64", 900),
    ("e", True, True, "moon", "x86_64", 900),
    ("f", True, True, "nova", "aarch64", 900),
    ("g", True, True, "nova", "x86_64", 100))


def sift(request):
    rows, refused = Scheduler(None, None).sift(ALL, request)
    return [ALL.names[row] for row in rows], refused


def test_filters_count_reasons():
    fitting, refused = sift(Request(
        vcpus=1, ram_mib=256, disk_gib=1, zone="nova", arch="x86_64"))

    assert fitting == ["a", "b"]
    assert refused == Counter({
        "disabled": 1, "down": 1, "in another availability zone": 1,
        "of another architecture": 1, "too little RAM": 1})


def test_server_larger_than_a_host_fits_nowhere():
    fitting, refused = sift(Request(vcpus=3, ram_mib=1, disk_gib=1))

    assert fitting == []
    assert refused["too few VCPUs"] == 5


def test_named_host_may_be_disabled():
    assert sift(Request(1, 1, 1, host="c"))[0] == ["c"]
    assert sift(Request(1, 1, 1, node="a.node"))[0] == ["a"]


def test_emptier_hosts_first_then_by_name():
    rank = Scheduler(None, None).rank(ALL, Request(1, 1, 1), [0, 1, 2])

    assert [ALL.names[row] for row in rank] == ["c", "b", "a"]


def test_tried_hosts_are_passed_over():
    assert "a" not in sift(Request(1, 1, 1, exclude=("a",)))[0]


def test_explanation():
    assert explain(0, Counter()) == "There are no compute hosts."
    assert explain(3, Counter({"down": 2, "disabled": 1})) == (
        "3 hosts refused: 1 disabled, 2 down")
