"""Signatures of images, and the certificates that they are checked with.

Who signs an image says so in four properties, which are those of
OpenStack's signed images. What the signature is compared with comes from a
certificate that the operator keeps: whoever can write to the image can name
one of those, but bring none. A server may trust some of those certificates
only: then the signer's must go back to one of them.
"""

import abc
import base64
import dataclasses
import datetime
import hashlib
import pathlib
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    padding,
    rsa,
    utils,
)
from cryptography.x509 import verification
from oslo_config import cfg

from common import exceptions, installed

SIGNATURE = "img_signature"
HASH_METHOD = "img_signature_hash_method"
KEY_TYPE = "img_signature_key_type"
CERTIFICATE = "img_signature_certificate_uuid"
PROPERTIES = (SIGNATURE, HASH_METHOD, KEY_TYPE, CERTIFICATE)

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA-224": hashes.SHA224(), "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(), "SHA-512": hashes.SHA512()}
_CURVES = {
    "ECC_SECP256R1": "secp256r1", "ECC_SECP384R1": "secp384r1",
    "ECC_SECP521R1": "secp521r1"}
_KEY_TYPES = ("RSA-PSS", "DSA", *_CURVES)
#: Bits below which keys of RSA and DSA are no proof.
_LEAST_BITS = 2048
_CERTIFICATE_MAX = 64 << 10


class Refused(exceptions.BadRequest):
    """The data are not proven to be those that were signed."""

    message = "The signature of the image cannot be accepted: {reason}."


class Certificates(abc.ABC):
    """Where the operator keeps the certificates that are trusted."""

    @classmethod
    @abc.abstractmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "Certificates":
        """Return it as the options say."""

    @abc.abstractmethod
    def read(self, certificate_id: str) -> bytes:
        """Return one in PEM, or raise LookupError.

        :param certificate_id: a UUID in its usual form
        """


class FileCertificates(Certificates):
    """Files UUID.pem in a directory that the operator alone can write."""

    def __init__(self, directory: str) -> None:
        self._directory = pathlib.Path(directory)

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "FileCertificates":
        return cls(conf.certificates.directory)

    def read(self, certificate_id: str) -> bytes:
        path = self._directory / f"{uuid.UUID(certificate_id)}.pem"
        try:
            with path.open("rb") as file:
                return file.read(_CERTIFICATE_MAX)
        except FileNotFoundError:
            raise LookupError(certificate_id) from None


def certificates(conf: cfg.ConfigOpts) -> Certificates:
    """Return the operator's certificates; ValueError for no such driver."""
    made: Certificates = installed.driver(
        "pileus.certificates", conf.certificates.driver,
        "certificates.driver").from_conf(conf)
    return made


@dataclasses.dataclass(frozen=True)
class Signature:
    """What the properties of an image say of who signed it."""

    signature: bytes
    hash_method: str
    key_type: str
    certificate_id: str


def parse(properties: Mapping[str, str]) -> Signature | None:
    """Return the signature of an image, None if it has none.

    :raises Refused: if it is not complete, or not understood
    """
    said = {name: properties[name] for name in PROPERTIES
            if name in properties}
    if not said:
        return None
    missing = [name for name in PROPERTIES if name not in said]
    if missing:
        raise Refused(reason=f"property {missing[0]} is missing")
    _check_one_of(HASH_METHOD, said, tuple(_HASHES))
    _check_one_of(KEY_TYPE, said, _KEY_TYPES)
    try:
        # Text over several lines is what tools make.
        signature = base64.b64decode(
            "".join(said[SIGNATURE].split()), validate=True)
    except ValueError:
        raise Refused(reason=f"property {SIGNATURE} is not base64") from None
    try:
        certificate_id = str(uuid.UUID(said[CERTIFICATE]))
    except ValueError:
        raise Refused(
            reason=f"property {CERTIFICATE} is not a UUID") from None
    return Signature(
        signature, said[HASH_METHOD], said[KEY_TYPE], certificate_id)


def _check_one_of(name: str, said: Mapping[str, str],
                  known: tuple[str, ...]) -> None:
    if said[name] not in known:
        raise Refused(reason=f"property {name} is none of "
                             f"{', '.join(known)}")


def read_signer(signed: Signature, kept: Certificates) -> bytes:
    """Return the signer's certificate in PEM, or raise Refused."""
    try:
        return kept.read(signed.certificate_id)
    except LookupError:
        raise Refused(reason="its certificate is not one of those that are "
                             "trusted here") from None
    except OSError as error:
        raise Refused(reason="its certificate cannot be read") from error


class Verifier:
    """Compares data, shown in chunks, with their signature."""

    def __init__(self, signed: Signature, signer: bytes) -> None:
        """Make it, or raise Refused if no data could be proven by it.

        :param signer: the certificate that ``signed`` names, in PEM
        """
        certificate = load(signer)
        #: Tells certificates apart: SHA-256 of the signer's, in hex.
        self.fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
        self._signed = signed
        self._key = _public_key(signed, certificate)
        self._hash = _HASHES[signed.hash_method]
        self._digest = hashlib.new(self._hash.name)

    def update(self, chunk: bytes) -> None:
        """Take bytes into account; for any thread."""
        self._digest.update(chunk)

    def verify(self) -> None:
        """Raise Refused unless all that was shown is what was signed."""
        digest = self._digest.digest()
        known = utils.Prehashed(self._hash)
        signature = self._signed.signature
        try:
            if isinstance(self._key, rsa.RSAPublicKey):
                self._key.verify(signature, digest, padding.PSS(
                    padding.MGF1(self._hash), padding.PSS.AUTO), known)
            elif isinstance(self._key, dsa.DSAPublicKey):
                self._key.verify(signature, digest, known)
            else:
                self._key.verify(signature, digest, ec.ECDSA(known))
        except InvalidSignature:
            raise Refused(reason="the data are not what was signed") from None


def load(pem: bytes) -> x509.Certificate:
    """Return the certificate, or raise Refused if it is none."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except Exception as error:
        raise Refused(reason="its certificate cannot be read") from error


def _public_key(signed: Signature, signer: x509.Certificate) -> Any:
    try:
        key = signer.public_key()
    except Exception as error:
        raise Refused(reason="its certificate cannot be read") from error
    now = datetime.datetime.now(datetime.timezone.utc)
    if now < signer.not_valid_before_utc:
        raise Refused(reason="its certificate is not valid yet")
    if now > signer.not_valid_after_utc:
        raise Refused(reason="its certificate has expired")
    if not _may_sign(signer):
        raise Refused(reason="its certificate is not for signatures")
    _check_key(signed.key_type, key)
    return key


def _may_sign(certificate: x509.Certificate) -> bool:
    """Say whether it does not forbid what it is used for."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        return True
    return usage.value.digital_signature


def _check_key(key_type: str, key: Any) -> None:
    if key_type in _CURVES:
        fits = isinstance(key, ec.EllipticCurvePublicKey) and (
            key.curve.name == _CURVES[key_type])
    else:
        kind: type[Any] = {
            "RSA-PSS": rsa.RSAPublicKey, "DSA": dsa.DSAPublicKey}[key_type]
        fits = isinstance(key, kind)
        if fits and key.key_size < _LEAST_BITS:
            raise Refused(reason=f"its key has less than {_LEAST_BITS} bits")
    if not fits:
        raise Refused(reason=f"its certificate has no key for {key_type}")


def check_chain(signer: x509.Certificate,
                trusted: Collection[x509.Certificate]) -> None:
    """Raise Refused unless ``signer`` goes back to the trusted ones.

    There must be a chain from it to a certificate that is issued by itself,
    all of it trusted, valid now, and its issuers allowed to issue. The
    signer's own need not be among the trusted, unless issued by itself.
    """
    roots = [each for each in trusted if _is_root(each)]
    try:
        # Without roots there is no store, which is an error of value.
        store = verification.Store(roots)
        verifier = verification.PolicyBuilder().store(
            store).extension_policies(
                ca_policy=_ISSUERS,
                ee_policy=verification.ExtensionPolicy.permit_all(),
            ).build_client_verifier()
        verifier.verify(
            signer, [each for each in trusted if each not in roots])
    except (ValueError, verification.VerificationError):
        raise Refused(
            reason="its certificate is not trusted: no chain of valid "
                   "issuers leads from it to a root, within the trusted "
                   "certificates") from None


def _is_root(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except Exception:
        return False  # of another issuer, or by means that are not known
    return True


def _check_issues(_policy: Any, _certificate: x509.Certificate,
                  usage: x509.KeyUsage) -> None:
    if not usage.key_cert_sign:
        raise ValueError("keyCertSign is missing")


#: What a certificate needs to issue others; the library itself sees to
#: dates and the length of chains.
_ISSUERS = verification.ExtensionPolicy.permit_all().require_present(
    x509.BasicConstraints, verification.Criticality.AGNOSTIC, None,
).require_present(
    x509.KeyUsage, verification.Criticality.AGNOSTIC, _check_issues)
