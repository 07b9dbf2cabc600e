"""Which certificates go back to those that are trusted."""

import pytest

from common import signatures
from tests import signing
from tests.signing import DAY, NOW, Signer

ROOT = Signer("root")
MIDDLE = Signer("middle", ROOT)
LAST = signing.last(MIDDLE)
ALONE = signing.last()
STRANGER = Signer("root")


def check(signer, *trusted):
    signatures.check_chain(
        signer.certificate, [each.certificate for each in trusted])


@pytest.mark.parametrize(("signer", "trusted"), [
    (MIDDLE, [ROOT]), (LAST, [ROOT, MIDDLE]),
    (LAST, [LAST, MIDDLE, STRANGER, ROOT]), (ALONE, [ALONE, STRANGER]),
    (ROOT, [ROOT]), (LAST, [Signer("root", key=ROOT.key, most=1), MIDDLE])])
def test_trusted(signer, trusted):
    check(signer, *trusted)


@pytest.mark.parametrize(("signer", "trusted"), [
    (LAST, []), (LAST, [MIDDLE]), (LAST, [ROOT]), (LAST, [LAST]),
    (LAST, [LAST, MIDDLE]), (LAST, [LAST, ROOT]), (ALONE, [ROOT]),
    (ALONE, [signing.last()]), (LAST, [STRANGER, MIDDLE]),
    (Signer("root", STRANGER, key=ROOT.key), [ROOT])])
def test_no_chain(signer, trusted):
    with pytest.raises(signatures.Refused, match="is not trusted: no chain"):
        check(signer, *trusted)


@pytest.mark.parametrize("wrong", [
    {"ca": False}, {"ca": None}, {"usage": signing.SIGNS}, {"usage": None},
    {"until": NOW - DAY / 24}, {"since": NOW + DAY / 24}, {"most": 0},
    {"key": STRANGER.key}])
def test_root_that_does_not_count(wrong):
    root = Signer("root", **({"key": ROOT.key} | wrong))
    with pytest.raises(signatures.Refused, match="is not trusted"):
        check(LAST, root, MIDDLE)


@pytest.mark.parametrize("wrong", [
    {"ca": False}, {"ca": None}, {"usage": signing.SIGNS}, {"usage": None},
    {"until": NOW - DAY / 24}, {"since": NOW + DAY / 24},
    {"key": STRANGER.key}])
def test_issuer_that_does_not_count(wrong):
    middle = Signer("middle", ROOT, **({"key": MIDDLE.key} | wrong))
    with pytest.raises(signatures.Refused, match="is not trusted"):
        check(LAST, ROOT, middle)


@pytest.mark.parametrize("wrong", [
    {"until": NOW - DAY / 24}, {"since": NOW + DAY / 24}])
@pytest.mark.parametrize("issuer", [ROOT, None])
def test_signer_that_is_not_valid_now(issuer, wrong):
    signer = signing.last(issuer, **wrong)
    with pytest.raises(signatures.Refused, match="is not trusted"):
        check(signer, ROOT, signer)
