"""What pileus up writes into pileus.conf."""

import json
import os
import socket

import pytest
from oslo_config import cfg

from cli.cloud import paths, settings
from common import conf as configuration


@pytest.fixture
def place(tmp_path):
    found = paths.of(tmp_path / "state")
    found.node.mkdir(parents=True)
    (found.node / "node.json").write_text(json.dumps({"number": 7}))
    found.conf.parent.mkdir()
    return found


def _load(files):
    def register(conf):
        for name, port in (("identity", 5000), ("network", 9696)):
            configuration.register_service(conf, name, port=port)
        conf.register_opts([cfg.StrOpt("public_cidr")], group="network")
    return configuration.load(files, [register])


def _complete(place, load=_load):
    return settings.complete(place, os.getgid(), load)


def test_first_start_chooses_secrets_ports_and_sockets(place):
    conf = _complete(place)

    passwords = {conf.identity.password, conf.network.password,
                 conf.bootstrap.admin_password, conf.metadata.shared_secret}
    assert len(passwords) == 4
    assert all(len(word) >= 32 for word in passwords)
    assert conf.identity.port != conf.network.port
    assert 20280 <= conf.identity.port < 20320
    assert conf.auth.url == f"http://127.0.0.1:{conf.identity.port}"
    assert conf.network.public_cidr == "198.18.7.0/24"
    assert conf.ovn.nb == f"unix:{place.node}/run/ovn/ovnnb_db.sock"
    assert conf.node.enter == [f"{place.node}/enter"]
    assert place.conf.stat().st_mode & 0o777 == 0o640


def test_second_start_changes_nothing(place):
    _complete(place)
    before = place.conf.read_text()

    _complete(place)

    assert place.conf.read_text() == before


def test_what_the_operator_set_is_kept(place):
    place.conf.write_text(
        "# mine\n[identity]\nport = 5999\npassword = chosen\n")

    conf = _complete(place)

    assert (conf.identity.port, conf.identity.password) == (5999, "chosen")
    assert conf.auth.url == "http://127.0.0.1:5999"
    assert place.conf.read_text().startswith("# mine\n")


def test_new_service_is_added_later(place):
    before = _complete(place)

    def load(files):
        def register(conf):
            configuration.register_service(conf, "identity", port=5000)
            configuration.register_service(conf, "network", port=9696)
            configuration.register_service(conf, "newcomer", port=1234)
        return configuration.load(files, [register])
    after = _complete(place, load)

    assert after.newcomer.password
    assert after.newcomer.port not in (
        1234, before.identity.port, before.network.port)
    assert after.identity.password == before.identity.password


def test_taken_port_is_passed_over(place):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 20280))
        other.listen()
        conf = _complete(place)
    assert 20280 not in (conf.identity.port, conf.network.port)
