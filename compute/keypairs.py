"""SSH keys: what is one, and how it is told from others."""

import base64
import binascii
import hashlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from common.exceptions import BadRequest

_KINDS = frozenset((
    "ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com"))


def fingerprint(key_type: str, public_key: str) -> str:
    """Return the MD5 of an SSH key, the SHA-1 of a certificate.

    :raises BadRequest: it is not what it should be
    """
    if key_type == "x509":
        return _of_certificate(public_key)
    blob = _blob(public_key)
    return _colons(hashlib.md5(blob, usedforsecurity=False).hexdigest())


def _blob(public_key: str) -> bytes:
    parts = public_key.strip().split(None, 2)
    if "\n" in public_key.strip() or len(parts) < 2:
        raise _bad("it is not one line of the form 'type base64 comment'")
    if parts[0] not in _KINDS:
        raise _bad(f"type {parts[0][:40]!r} is not one of "
                   f"{', '.join(sorted(_KINDS))}")
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        raise _bad("it does not decode as base64") from None
    if not parts[0].startswith("sk-"):
        _load(f"{parts[0]} {parts[1]}")
    elif not blob.startswith(_string(parts[0])):
        raise _bad("the type inside is not the type before it")
    return blob


def _load(line: str) -> None:
    try:
        serialization.load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm, TypeError):
        raise _bad("it does not hold a valid key") from None


def _string(text: str) -> bytes:
    return len(text).to_bytes(4, "big") + text.encode()


def _of_certificate(text: str) -> str:
    try:
        found = x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        raise _bad("it is not a certificate in PEM form") from None
    digest = found.fingerprint(hashes.SHA1())  # noqa: S303 (a name)
    return _colons(digest.hex())


def _bad(why: str) -> BadRequest:
    return BadRequest(reason=f"Keypair data is invalid: public_key: {why}")


def _colons(text: str) -> str:
    return ":".join(text[i:i + 2] for i in range(0, len(text), 2))


def generate() -> tuple[str, str]:
    """Return a new private key in PEM form and its public line."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(
        serialization.Encoding.OpenSSH,
        serialization.PublicFormat.OpenSSH).decode()
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption()).decode(), (
            f"{public} Generated-by-Pileus")
