"""The openstack command, unchanged, against the network's API."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from common import concurrency

_COMMAND = pathlib.Path(sys.executable).parent / "openstack"


@pytest.fixture(scope="module")
def openstack(cloud):
    env = {"PATH": os.environ["PATH"]} | cloud.environment()

    def run(*argv, check=True):
        done = concurrency.blocking(
            subprocess.run, [str(_COMMAND), *argv, "-f", "json"]
            if argv[-1] != "-" else [str(_COMMAND), *argv[:-1]],
            capture_output=True, text=True, env=env, timeout=120,
            stdin=subprocess.DEVNULL)
        if check:
            assert done.returncode == 0, (argv, done.stdout, done.stderr)
            return json.loads(done.stdout) if done.stdout.strip() else None
        return done
    return run


def test_the_main_job(openstack):
    network = openstack("network", "create", "cn1")
    assert network["status"] == "ACTIVE"
    subnet = openstack("subnet", "create", "--network", "cn1",
                       "--subnet-range", "10.1.0.0/24", "cs1")
    assert subnet["gateway_ip"] == "10.1.0.1"
    openstack("router", "create", "cr1")
    openstack("router", "set", "--external-gateway", "public", "cr1", "-")
    openstack("router", "add", "subnet", "cr1", "cs1", "-")
    shown = openstack("router", "show", "cr1")
    assert shown["external_gateway_info"]["enable_snat"] is True
    assert shown["interfaces_info"][0]["ip_address"] == "10.1.0.1"
    openstack("security", "group", "rule", "create", "--protocol", "tcp",
              "--dst-port", "22", "default")
    rules = openstack("security", "group", "rule", "list", "default")
    assert len(rules) == 5
    port = openstack("port", "create", "--network", "cn1", "cp1")
    fip = openstack("floating", "ip", "create", "public")
    openstack("floating", "ip", "set", "--port", "cp1",
              fip["floating_ip_address"], "-")
    listed = openstack("floating", "ip", "list")
    assert listed[0]["Fixed IP Address"] == port["fixed_ips"][0][
        "ip_address"]


def test_lists_shows_and_sets(openstack):
    assert {"public", "cn1"} <= {
        each["Name"] for each in openstack("network", "list")}
    assert openstack("network", "list", "--external")[0]["Name"] == "public"
    openstack("network", "set", "--name", "cn2", "cn1", "-")
    assert openstack("network", "show", "cn2")["name"] == "cn2"
    openstack("subnet", "set", "--dns-nameserver", "9.9.9.9", "cs1", "-")
    assert openstack("subnet", "show", "cs1")["dns_nameservers"] == [
        "9.9.9.9"]
    assert openstack("subnet", "list", "--network", "cn2")
    openstack("port", "set", "--name", "cp2", "cp1", "-")
    assert openstack("port", "show", "cp2")["status"] in ("DOWN", "ACTIVE")
    assert openstack("port", "list", "--network", "cn2", "--long")
    openstack("router", "set", "--disable", "cr1", "-")
    assert openstack("router", "list")[0]["State"] is False
    openstack("security", "group", "create", "cg1")
    openstack("security", "group", "set", "--description", "x", "cg1", "-")
    assert openstack("security", "group", "show", "cg1")[
        "description"] == "x"
    assert openstack("extension", "list", "--network")
    assert openstack("availability", "zone", "list", "--network")
    assert openstack("quota", "show", "--network")


def test_all_is_deleted(openstack):
    fip = openstack("floating", "ip", "list")[0]["Floating IP Address"]
    openstack("floating", "ip", "unset", "--port", fip, "-")
    openstack("floating", "ip", "delete", fip, "-")
    openstack("port", "delete", "cp2", "-")
    openstack("router", "unset", "--external-gateway", "cr1", "-")
    openstack("router", "remove", "subnet", "cr1", "cs1", "-")
    openstack("router", "delete", "cr1", "-")
    openstack("subnet", "delete", "cs1", "-")
    openstack("network", "delete", "cn2", "-")
    openstack("security", "group", "delete", "cg1", "-")
    assert [each["Name"] for each in openstack("network", "list")] == [
        "public"]
