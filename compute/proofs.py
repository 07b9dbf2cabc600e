"""Which images a server accepts: those that somebody it trusts signed."""

import logging
import uuid
from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from oslo_config import cfg

from common import concurrency, signatures
from compute.db.cell.models import Server

LOG = logging.getLogger(__name__)


def signer(server: Server, conf: cfg.ConfigOpts) -> str | None:
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
    kept = signatures.certificates(conf)
    found = signatures.load(signatures.read_signer(signed, kept))
    # Made anew: the file may hold more, which is nobody else's business.
    pem = found.public_bytes(serialization.Encoding.PEM)
    signatures.Verifier(signed, pem)
    concurrency.blocking(signatures.check_chain, found,
                         list(_trusted(server.trusted_certs, kept)))
    return pem.decode()


def _trusted(ids: Iterable[str], kept: signatures.Certificates
             ) -> Iterator[x509.Certificate]:
    """Give the certificates; one that is not there vouches for nobody."""
    for ident in ids:
        try:
            yield signatures.load(kept.read(str(uuid.UUID(ident))))
        except (LookupError, ValueError, OSError, signatures.Refused):
            LOG.warning("Trusted certificate %.64s cannot be read", ident)
