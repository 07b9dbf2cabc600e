"""Which images have to prove on this host that they are what was signed."""


from oslo_config import cfg

from compute import spec as specs
from compute.drivers import base


class Proofs:
    """Tells how the data of an image are to be checked."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf

    def verifier(self, image: specs.Image | None,
                 signer: str | None) -> base.Verifier | None:
        """Return what is to see the image's data; None if it may be any.

        :param signer: the certificate, in PEM, with which the server
            demands a proof, if it does
        :raises common.signatures.Refused: if no data could be right
        """
        demanded = signer is not None
        if not demanded and not (
                image and self._conf.compute_agent.verify_image_signatures):
            return None
        # Cryptography takes memory that most agents never need.
        from common import signatures
        signed = signatures.parse(image.properties if image else {})
        if signed is None:
            if demanded:
                raise signatures.Refused(reason="the image is not signed")
            return None
        return signatures.Verifier(signed, (
            signer.encode() if signer is not None else
            signatures.read_signer(
                signed, signatures.certificates(self._conf))))
