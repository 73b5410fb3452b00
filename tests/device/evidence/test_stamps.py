from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from hashing.errors import InvalidEvidence, InvalidStamp
from hashing.evidence import stamps
from tests.device.evidence.authority import NOON, Authority, der, number

MESSAGE = bytes(range(32))
OURS, OTHER = Authority.made(), Authority.made("Others")
TOKEN = OURS.stamp(MESSAGE)


@pytest.mark.parametrize("nonce", [None, 5, 1 << 64])
def test_a_stamp_is_read_without_roots_and_vouched_for_by_its_own(nonce: int | None) -> None:
    token = OURS.stamp(MESSAGE, nonce=nonce)
    assert stamps.read(token, MESSAGE) == stamps.Stamp(NOON, "Stamps, Tests", vouched=False)
    roots = stamps.load_roots(OTHER.pem() + OURS.pem())
    assert stamps.read(token, MESSAGE, roots).vouched
    assert not stamps.read(token, MESSAGE, roots[:1]).vouched


@pytest.mark.parametrize("issuer", ["A", "Z" * 60])
def test_a_stamp_is_read_whatever_its_issuer_is_called(issuer: str) -> None:
    authority = Authority.made(issuer=issuer)  # OpenSSL looks at certificates by their names
    token = authority.stamp(MESSAGE)
    assert stamps.read(token, MESSAGE, stamps.load_roots(authority.pem())).vouched


def test_a_stamp_with_its_whole_chain_in_it_vouches_for_nothing() -> None:
    token = OURS.stamp(MESSAGE, held=(OURS.root, OURS.leaf))
    assert not stamps.read(token, MESSAGE).vouched
    assert not stamps.read(token, MESSAGE, stamps.load_roots(OTHER.pem())).vouched


def test_a_stamp_by_a_key_with_the_name_of_another_is_vouched_for_by_nobody() -> None:
    forged = Authority.made().stamp(MESSAGE)
    stamp = stamps.read(forged, MESSAGE, stamps.load_roots(OURS.pem()))
    assert (stamp.signed_by, stamp.vouched) == ("Stamps, Tests", False)


REFUSED = {
    "something else": OURS.stamp(b"another message"),
    "not in it": OURS.stamp(MESSAGE, held=(OTHER.leaf,)),
    "not only once": OURS.stamp(MESSAGE, held=(OURS.leaf, OURS.namesake())),
    "not hold.*expired": OURS.stamp(MESSAGE, at=NOON + timedelta(days=31)),
    "not hold.*not yet valid": OURS.stamp(MESSAGE, at=NOON - timedelta(days=31)),
    "not hold.*purpose": Authority.made(purpose=ExtendedKeyUsageOID.CODE_SIGNING).stamp(MESSAGE),
    "is no time stamp": b"0",
    "refused": der(0x30, der(0x30, number(2))),
    "which no time stamp has": bytes(stamps.MAX_TOKEN + 1),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_attests_nothing_of_the_message_is_refused_by_its_reason(words: str) -> None:
    with pytest.raises(InvalidStamp, match=words):
        stamps.read(REFUSED[words], MESSAGE)


def test_whatever_byte_is_changed_a_stamp_attests_the_same_or_nothing() -> None:
    roots = stamps.load_roots(OURS.pem())
    read = 0
    for at in range(0, len(TOKEN), 5):
        for change in (bytes([TOKEN[at] ^ 0x41]), bytes([TOKEN[at] ^ 1]), b"", b"\x13\x00"):
            try:
                stamp = stamps.read(TOKEN[:at] + change + TOKEN[at + 1 :], MESSAGE, roots)
            except InvalidStamp:
                continue
            read += 1  # versions, and a certificate that is vouched for by nobody any more
            assert stamp.at == NOON
            assert not stamp.vouched or stamp.signed_by == "Stamps, Tests"
    assert read < len(TOKEN) / 5


def test_roots_are_read_from_pem() -> None:
    with pytest.raises(InvalidEvidence, match="PEM"):
        stamps.load_roots(b"no certificate")
