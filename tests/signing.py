"""Certificates that issue each other, and images signed with them."""

import base64
import datetime
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.timezone.utc)
ISSUES = x509.KeyUsage(True, *[False] * 4, True, *[False] * 3)
SIGNS = x509.KeyUsage(True, *[False] * 8)


class Signer:
    """A key and its certificate, by itself or by an issuer."""

    def __init__(self, name, issuer=None, *, ca=True, usage=ISSUES,
                 most=None, since=NOW - DAY, until=NOW + DAY, key=None):
        """:param most: certificates of a chain between it and the last"""
        self.id = str(uuid.uuid4())
        self.name = x509.Name([x509.NameAttribute(
            x509.oid.NameOID.COMMON_NAME, name)])
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        issuer = issuer or self
        made = (x509.CertificateBuilder().subject_name(self.name)
                .issuer_name(issuer.name).public_key(self.key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(since).not_valid_after(until))
        if ca is not None:
            made = made.add_extension(
                x509.BasicConstraints(ca, most), critical=True)
        if usage is not None:
            made = made.add_extension(usage, critical=True)
        self.certificate = made.sign(issuer.key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self):
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def sign(self, content, **changed):
        """Return the properties of an image of the content."""
        signature = self.key.sign(content, ec.ECDSA(hashes.SHA256()))
        return {"img_signature": base64.b64encode(signature).decode(),
                "img_signature_hash_method": "SHA-256",
                "img_signature_key_type": "ECC_SECP256R1",
                "img_signature_certificate_uuid": self.id} | changed


def last(issuer=None, **made):
    """Return who signs images, and no certificates."""
    return Signer("last", issuer, **({"ca": None, "usage": SIGNS} | made))


def keep(directory, *signers):
    """Put certificates where the driver ``file`` looks for them."""
    folder = directory / "certificates"
    folder.mkdir(exist_ok=True)
    for signer in signers:
        (folder / f"{signer.id}.pem").write_bytes(signer.pem)
