"""Which images a server accepts: those that somebody it trusts signed."""

import logging
import uuid
from collections.abc import Iterable, Iterator

from cryptography import x509

from common import concurrency, signatures
from compute.db.cell.models import Server

LOG = logging.getLogger(__name__)


def signer(server: Server, kept: signatures.Certificates) -> str | None:
    """Return the certificate, in PEM, that is to prove the image's data.

    None for a server that accepts any image.

    :raises common.signatures.Refused: if no data could be accepted
    """
    if not server.trusted_certs:
        return None
    properties = (server.image or {}).get("properties", {})
    signed = signatures.parse(properties)
    if signed is None:
        raise signatures.Refused(reason="the image is not signed")
    found = signatures.read_signer(signed, kept)
    signatures.Verifier(signed, found)
    concurrency.blocking(
        signatures.check_chain, signatures.load(found),
        list(_trusted(server.trusted_certs, kept)))
    return found.decode()


def _trusted(ids: Iterable[str], kept: signatures.Certificates
             ) -> Iterator[x509.Certificate]:
    """Give the certificates; one that is not there vouches for nobody."""
    for ident in ids:
        try:
            yield signatures.load(kept.read(str(uuid.UUID(ident))))
        except (LookupError, ValueError, OSError, signatures.Refused):
            LOG.warning("Trusted certificate %.64s cannot be read", ident)
