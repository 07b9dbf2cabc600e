"""Servers that start only from images that those they trust signed."""

import pytest

from common import policy, wsgi
from compute.agent.agent import ComputeAgent
from compute.agent_api import FIRST
from compute.api import native
from compute.drivers.fake import FakeDriver
from tests import signing
from tests.signing import Signer
from tests.unit.compute import outside

CONTENT = b"what was signed " * 5000
ROOT = Signer("root")
MIDDLE = Signer("middle", ROOT)
LAST = signing.last(MIDDLE)
WITHOUT = Signer("known to nobody")
TRUSTED = [ROOT.id, MIDDLE.id]


class Driver(FakeDriver):
    """Shows the data of its image to who wants to see them."""

    def __init__(self, name):
        super().__init__(name)
        self.asked = []

    def prepare(self, spec, verifier=None):
        self.asked.append(verifier and verifier.fingerprint)
        if verifier:
            verifier.update(CONTENT)
            verifier.verify()
        super().prepare(spec, verifier)


@pytest.fixture
def drivers(world, tmp_path):
    """The hosts' drivers; certificates are where the conductor is alone."""
    signing.keep(tmp_path, ROOT, MIDDLE, LAST)
    path = tmp_path / "certificates" / f"{LAST.id}.pem"
    path.write_bytes(b"# \xff\n" + path.read_bytes())
    return [world.add_host(name, Driver(name)) for name in ("h1", "h2")]


@pytest.fixture
def image(world):
    row = world.clients.image.rows[outside.IMAGE]
    row.update(LAST.sign(CONTENT))
    return row


def boot(world, status, trusted=TRUSTED, version="2.63", **values):
    if trusted:
        values["trusted_image_certificates"] = trusted
    return world.wait_status(
        world.boot(version=version, **values), status)


def asked(drivers):
    return [each for driver in drivers for each in driver.asked]


def test_signed_by_who_is_trusted(world, drivers, image):
    server = boot(world, "ACTIVE")

    assert server["trusted_image_certificates"] == TRUSTED
    assert asked(drivers) == [LAST.fingerprint]
    assert len(world.clients.image.calls) == 1


@pytest.mark.parametrize(("signed", "trusted", "said"), [
    ({}, TRUSTED, "the image is not signed"),
    (LAST.sign(CONTENT), [ROOT.id], "certificate is not trusted"),
    (LAST.sign(CONTENT), [ROOT.id, "../x", WITHOUT.id], "is not trusted"),
    (WITHOUT.sign(CONTENT), [WITHOUT.id], "not one of those"),
    (LAST.sign(CONTENT, img_signature_hash_method=None), TRUSTED,
     "img_signature_hash_method is missing"),
    (LAST.sign(CONTENT, img_signature_key_type="DSA"), TRUSTED,
     "no key for DSA")])
def test_refused_before_a_host_is_asked(
        world, drivers, image, signed, trusted, said):
    for name in LAST.sign(b""):
        del image[name]
    image.update({k: v for k, v in signed.items() if v is not None})

    server = boot(world, "ERROR", trusted)

    assert said in server["fault"]["message"]
    assert asked(drivers) == []
    assert ("POST", "/v2.0/ports") not in world.network.calls
    assert world.placed(
        f"/allocations/{server['id']}")["allocations"] == {}


def test_data_that_are_not_what_was_signed(world, drivers, image):
    image.update(LAST.sign(CONTENT + b"!"))

    server = boot(world, "ERROR")

    assert "the data are not what was signed" in server["fault"]["message"]
    assert len(asked(drivers)) == 1  # no other host is tried
    assert world.network.ports == []
    assert not any(driver.guests() for driver in drivers)


def test_defaults_of_the_operator(world, drivers, image):
    world.conf.set_override(
        "default_trusted_certificate_ids", TRUSTED, group="compute")

    assert boot(world, "ACTIVE", None, version=None)[
        "trusted_image_certificates"] == TRUSTED
    assert boot(world, "ERROR", [LAST.id])[
        "trusted_image_certificates"] == [LAST.id]
    del image["img_signature"]
    assert "img_signature is missing" in boot(
        world, "ERROR", None)["fault"]["message"]


def test_no_proof_is_demanded(world, drivers, image):
    server = boot(world, "ACTIVE", None)

    assert server["trusted_image_certificates"] is None
    assert asked(drivers) == [None]


def test_agent_of_an_older_release_refuses(
        world, drivers, image, monkeypatch):
    monkeypatch.setattr(ComputeAgent, "version", FIRST)

    boot(world, "ERROR")

    assert asked(drivers) == []
    boot(world, "ACTIVE", None)


def test_policy(world, drivers, image, tmp_path):
    rules = tmp_path / "policy.yaml"
    rules.write_text("os_compute_api:servers:create:trusted_certs: '!'\n")
    world.conf.set_override("policy_file", str(rules), "oslo_policy")
    api = native.api(world.conf, world.env, world.tasks)
    world.router = wsgi.Router(api, policy.enforcer(world.conf, api.rules))

    refused = world.boot(version="2.63", status=403,
                         trusted_image_certificates=TRUSTED)

    assert "trusted_certs" in refused.text
    world.boot()
