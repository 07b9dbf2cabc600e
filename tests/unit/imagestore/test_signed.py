"""Signed images: active if the data are what was signed, or not at all."""

import base64
import datetime
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

from tests.unit.imagestore.conftest import Service
from tests.unit.imagestore.test_imports import (
    Web,
    add_location,
    assert_nothing_left,
)

CONTENT = b"what was signed " * 5000
NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
KEYS = {"RSA-PSS": rsa.generate_private_key(65537, 2048),
        "DSA": dsa.generate_private_key(2048),
        "ECC_SECP384R1": ec.generate_private_key(ec.SECP384R1()),
        "ECC_SECP521R1": ec.generate_private_key(ec.SECP521R1())}
RSA_KEY = KEYS["RSA-PSS"]


@pytest.fixture
def web():
    made = Web()
    yield made
    made.close()


@pytest.fixture
def service(tmp_path, web):
    (tmp_path / "certificates").mkdir()
    made = Service(tmp_path, stores=["file:file", "web:http"],
                   web_ports=[web.port],
                   web_allowed_networks=["127.0.0.0/8"])
    yield made
    made.db.dispose()


def make_certificate(key, *, since=NOW - DAY, until=NOW + DAY, usage=None):
    """Return a certificate in PEM."""
    name = x509.Name([x509.NameAttribute(
        x509.oid.NameOID.COMMON_NAME, "signer")])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(1)
            .not_valid_before(since).not_valid_after(until))
    if usage is not None:
        made = made.add_extension(usage, critical=True)
    return made.sign(KEYS["ECC_SECP384R1"], hashes.SHA256()).public_bytes(
        serialization.Encoding.PEM)


def trust(service, key, **made):
    """Put a certificate where the service trusts it; return its name."""
    ident = str(uuid.uuid4())
    path = service.directory.parent / "certificates" / f"{ident}.pem"
    path.write_bytes(make_certificate(key, **made))
    return ident


def signed(certificate, key=RSA_KEY, kind="RSA-PSS", *, method="SHA-256",
           content=CONTENT, **changed):
    """Return the properties of an image of the content."""
    algorithm = getattr(hashes, method.replace("-", ""))()
    if kind == "RSA-PSS":
        signature = key.sign(content, padding.PSS(
            padding.MGF1(algorithm), padding.PSS.MAX_LENGTH), algorithm)
    elif kind == "DSA":
        signature = key.sign(content, algorithm)
    else:
        signature = key.sign(content, ec.ECDSA(algorithm))
    said = {"img_signature": base64.encodebytes(signature).decode(),
            "img_signature_hash_method": method,
            "img_signature_key_type": kind,
            "img_signature_certificate_uuid": certificate} | changed
    return {name: value for name, value in said.items() if value is not None}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("method", ["SHA-224", "SHA-512"])
def test_upload(service, kind, method):
    certificate = trust(service, KEYS[kind])
    properties = signed(certificate, KEYS[kind], kind, method=method)

    image = service.create(**properties)["id"]
    refused = service.upload(image, CONTENT + b"!", status=400)
    assert "not what was signed" in refused.text
    service.collector.run_once()
    assert_nothing_left(service, image)

    service.upload(image, CONTENT)
    assert service.show(image)["status"] == "active"


@pytest.mark.parametrize(("changed", "said"), [
    ({"img_signature": None}, "img_signature is missing"),
    ({"img_signature_certificate_uuid": None}, "uuid is missing"),
    ({"img_signature": "?"}, "is not base64"),
    ({"img_signature": ""}, "not what was signed"),
    ({"img_signature_hash_method": "MD5"}, "none of SHA-224"),
    ({"img_signature_key_type": "none"}, "none of RSA-PSS"),
    ({"img_signature_key_type": "DSA"}, "no key for DSA"),
    ({"img_signature_key_type": "ECC_SECP384R1"}, "no key for ECC"),
    ({"img_signature_certificate_uuid": "../../etc/x"}, "is not a UUID"),
    ({"img_signature_certificate_uuid": str(uuid.uuid4())}, "trusted here"),
])
def test_properties_that_prove_nothing(service, changed, said):
    image = service.create(**signed(trust(service, RSA_KEY), **changed))["id"]

    refused = service.upload(image, CONTENT, status=400)

    assert said in refused.text
    service.collector.run_once()
    assert_nothing_left(service, image)


@pytest.mark.parametrize(("made", "said"), [
    ({"until": NOW - DAY / 24, "since": NOW - DAY}, "has expired"),
    ({"since": NOW + DAY / 24}, "not valid yet"),
    ({"key": rsa.generate_private_key(65537, 1024)}, "less than 2048 bits"),
    ({"usage": x509.KeyUsage(*[False] * 2, True, *[False] * 6)},
     "not for signatures")])
def test_certificates_that_do_not_count(service, made, said):
    key = made.get("key", RSA_KEY)
    certificate = trust(service, **({"key": key} | made))
    image = service.create(**signed(certificate, key))["id"]

    assert said in service.upload(image, CONTENT, status=400).text
    service.stage(image, CONTENT)
    service.start_import(image, status=400)
    assert service.show(image)["status"] == "uploading"


def test_certificate_that_is_none(service):
    certificate = trust(service, RSA_KEY)
    path = service.directory.parent / f"certificates/{certificate}.pem"
    path.write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    image = service.create(**signed(certificate))["id"]

    assert "cannot be read" in service.upload(
        image, CONTENT, status=400).text


def test_imports(service, web):
    properties = signed(trust(service, RSA_KEY))
    for data, status in ((CONTENT, "active"), (CONTENT[1:], "queued")):
        staged = service.create(**properties)["id"]
        service.stage(staged, data)
        service.start_import(staged, all_stores=True,
                             all_stores_must_succeed=False)
        fetched = service.create(**properties)["id"]
        service.start_import(fetched, "web-download", uri=web.add("/x", data))
        there = service.create(**properties)["id"]
        add_location(service, there, web.add("/y", data))
        service.run()
        assert [service.show(image)["status"] for image in (
            staged, fetched, there)] == [status] * 3
    for image in (staged, fetched, there):
        assert "not what was signed" in service.task(image)["message"]
    assert len(service.files()) == 2 and service.staged() == []


def test_location_is_compared_though_no_digests_are_wanted(tmp_path, web):
    (tmp_path / "certificates").mkdir()
    service = Service(
        tmp_path, stores=["file:file", "web:http"], web_ports=[web.port],
        web_allowed_networks=["127.0.0.0/8"], secure_hash=False,
        locations_in_images=True)
    properties = signed(trust(service, RSA_KEY))
    for data, status in ((CONTENT, "active"), (CONTENT[1:], "queued")):
        image = service.create(**properties)["id"]
        url = web.add("/x", data)
        refused = service.patch(image, {
            "op": "add", "path": "/locations/-",
            "value": {"url": url, "metadata": {}}}, status=400)
        assert "signed image" in refused.text
        add_location(service, image, url)
        service.run()
        assert service.show(image)["status"] == status
    service.db.dispose()


def test_no_location_is_added_that_was_not_compared(tmp_path, web):
    (tmp_path / "certificates").mkdir()
    service = Service(
        tmp_path, stores=["file:file", "web:http"], web_ports=[web.port],
        web_allowed_networks=["127.0.0.0/8"], locations_in_images=True)
    image = service.create(**signed(trust(service, RSA_KEY)))["id"]
    service.upload(image, CONTENT)

    url = web.add("/x", b"y" * len(CONTENT))
    refused = service.patch(image, {
        "op": "add", "path": "/locations/-",
        "value": {"url": url, "metadata": {}}}, status=400)

    assert "signed image" in refused.text
    assert service.show(image)["stores"] == "file"
    service.db.dispose()


def test_copy_needs_no_certificate_any_longer(tmp_path):
    (tmp_path / "certificates").mkdir()
    service = Service(tmp_path, weights={"a": 1, "b": 2},
                      stores=["a:file", "b:file"])
    certificate = trust(service, RSA_KEY)
    image = service.create(**signed(certificate))["id"]
    service.upload(image, CONTENT)
    (tmp_path / "certificates" / f"{certificate}.pem").unlink()

    service.start_import(image, "copy-image", stores=["b"])
    service.run()

    assert service.show(image)["stores"] == "b,a"
    service.db.dispose()
