"""Images whose properties say who signed their data."""

from oslo_config import cfg

from common import signatures
from imagestore.db.models import Image


class SignedImages:
    """Tells how the data of an image are to be checked."""

    def __init__(self, trusted: signatures.Certificates) -> None:
        self._trusted = trusted

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "SignedImages":
        """Return it as the options say."""
        return cls(signatures.certificates(conf))

    def verifier(self, image: Image) -> signatures.Verifier | None:
        """Return what is to see the data, None if nobody signed them.

        :raises signatures.Refused: if no data could be right
        """
        signed = signatures.parse(
            {each.name: each.value for each in image.properties})
        if signed is None:
            return None
        return signatures.Verifier(
            signed, signatures.read_signer(signed, self._trusted))
