"""The metadata service, by HTTP, over a real database."""

import hashlib
import hmac
import itertools
import json
import types

import pytest

from common import conf as configuration
from common import db, policy, wsgi
from compute import conf as compute_conf
from compute.db.cell import models
from compute.metadata import app, content, servers
from compute.metadata.servers import Askers
from tests.base import call

SERVER = "11111111-2222-3333-4444-555555555555"
SECRET = "s3cr3t"


@pytest.fixture
def cell():
    database = db.Database("sqlite://")
    models.Base.metadata.create_all(database.engine)
    with database.writer() as session:
        session.add(models.Server(
            id=SERVER, project_id="p1", user_id="u1", name="vm one",
            hostname="vm-one", reservation_id="r-1", vm_state="active",
            flavor={"name": "m1.tiny", "vcpus": 1, "ram_mib": 128,
                    "disk_gib": 1},
            flavor_id="1", key={"name": "k 1", "type": "ssh",
                                "public_key": "ssh-ed25519 AAAA me"},
            user_data="IyEvYmluL3NoCg==", meta={"role": "web"}))
        session.add(models.Nic(
            port_id="33333333-2222-3333-4444-555555555555",
            server_id=SERVER, position=0, owned=True, network_id="n1",
            network_name="net", mac="fa:16:3e:00:00:01", mtu=1442,
            fixed_ips=[{"subnet_id": "s1", "ip_address": "10.1.0.5"}],
            subnets=[{"id": "s1", "cidr": "10.1.0.0/24", "ip_version": 4,
                      "gateway_ip": "10.1.0.1", "enable_dhcp": True,
                      "dns_nameservers": ["9.9.9.9"]}],
            floating_ips=[{"fixed": "10.1.0.5",
                           "floating": "198.18.1.7"}],
            security_groups=[{"id": "g", "name": "default"},
                             {"id": "h", "name": "web"}]))
    yield database
    database.dispose()


@pytest.fixture
def router(cell):
    conf = configuration.load(register=[compute_conf.register_opts])
    askers = Askers(conf, cell, SECRET)
    api = app.api(askers)
    return wsgi.Router(api, policy.enforcer(conf, []), conf)


def sign(server_id, secret=SECRET):
    return hmac.new(secret.encode(), server_id.encode(),
                    hashlib.sha256).hexdigest()


def get(router, path, *, server_id=SERVER, project="p1", signature=None,
        status=200):
    answer = call(router, "GET", path, headers={
        "X-Instance-ID": server_id, "X-Tenant-ID": project,
        "X-Instance-ID-Signature": signature or sign(server_id),
        "X-Forwarded-For": "10.1.0.5"})
    assert answer.status_int == status, answer.body
    return answer.body


class TestOpenStack:

    def test_meta_data(self, router):
        found = json.loads(get(router, "/openstack/latest/meta_data.json"))
        assert found["uuid"] == SERVER
        assert found["hostname"] == "vm-one"
        assert found["name"] == "vm one"
        assert found["meta"] == {"role": "web"}
        assert found["public_keys"] == {"k 1": "ssh-ed25519 AAAA me"}
        assert found["project_id"] == "p1"

    def test_each_date(self, router):
        dates = get(router, "/openstack/").decode().split("\n")
        assert dates == list(content.OPENSTACK_VERSIONS)
        for date in dates[::4]:
            files = get(router, f"/openstack/{date}/").decode().split("\n")
            for name in files:
                get(router, f"/openstack/{date}/{name}")

    def test_user_data(self, router):
        assert get(router, "/openstack/latest/user_data") == b"#!/bin/sh\n"

    def test_network_data(self, router):
        found = json.loads(get(
            router, "/openstack/2018-08-27/network_data.json"))
        assert found["links"][0]["mtu"] == 1442
        assert found["networks"][0]["type"] == "ipv4_dhcp"
        assert found["services"] == [{"type": "dns", "address": "9.9.9.9"}]

    @pytest.mark.parametrize("path", [
        "/openstack/latest/nothing", "/openstack/1999-01-01/user_data",
        "/1999-01-01/meta-data/", "/latest/meta-data/nothing",
        "/latest/meta-data/hostname/deeper", "/nothing"])
    def test_what_there_is_not(self, router, path):
        get(router, path, status=404)


class TestEC2:

    def test_walk(self, router):
        """Every folder lists what can then be read."""
        def walk(path):
            for entry in get(router, path).decode().split("\n"):
                if entry.endswith("/"):
                    yield from walk(path + entry)
                elif "=" in entry:
                    yield from walk(f"{path}{entry.split('=')[0]}/")
                else:
                    yield path + entry, get(router, path + entry)
        found = dict(walk("/2009-04-04/"))
        base = "/2009-04-04/meta-data/"
        assert found[base + "instance-id"] == b"i-11111111222233334"
        assert found[base + "local-ipv4"] == b"10.1.0.5"
        assert found[base + "public-ipv4"] == b"198.18.1.7"
        assert found[base + "security-groups"] == b"default\nweb"
        assert found[base + "public-keys/0/openssh-key"] == (
            b"ssh-ed25519 AAAA me")
        assert found[base + "placement/availability-zone"] == b"nova"
        assert found["/2009-04-04/user-data"] == b"#!/bin/sh\n"

    def test_dates(self, router):
        assert get(router, "/").decode().split("\n") == list(
            content.EC2_VERSIONS)


class TestWhoAsks:

    def test_missing_headers(self, router):
        assert call(router, "GET", "/latest/").status_int == 400

    def test_bad_signature(self, router):
        get(router, "/latest/", signature=sign(SERVER, "other"), status=403)
        get(router, "/latest/", signature="é", status=403)

    def test_signature_of_another_server(self, router):
        other = SERVER.replace("1", "2")
        get(router, "/latest/", signature=sign(other), status=403)
        get(router, "/latest/", server_id=other, status=404)

    def test_another_project(self, router):
        get(router, "/latest/", project="p2", status=404)

    def test_rate_limit(self, router, monkeypatch):
        clock = types.SimpleNamespace(monotonic=lambda: 7.5)
        monkeypatch.setattr(servers, "time", clock)
        for _ in range(50):
            get(router, "/latest/")
        get(router, "/latest/", status=429)

        clock.monotonic = lambda: 8.0
        get(router, "/latest/")

    def test_a_steady_asker_is_not_refused(self, router, monkeypatch):
        now = itertools.count(7, 0.25)
        monkeypatch.setattr(servers, "time", types.SimpleNamespace(
            monotonic=lambda: next(now)))
        for _ in range(100):
            get(router, "/latest/")

    def test_no_secret_no_service(self, cell):
        with pytest.raises(ValueError):
            Askers(configuration.load(), cell, "")

    def test_one_query_round_per_server(self, router, cell):
        with db.count_queries(cell) as first:
            get(router, "/openstack/latest/meta_data.json")
        assert first.count == 4
        with db.count_queries(cell) as again:
            get(router, "/openstack/latest/user_data")
        assert again.count == 0
