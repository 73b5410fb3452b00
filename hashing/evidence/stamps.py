"""Time stamps (RFC 3161): whether a token attests a message, who signed it, and who vouches.

The certificates in a token are whatever its maker put there. Only a root from elsewhere, which
the reader trusts, shows whose they are; without one, a stamp shows that whoever holds a key with
this name on it has signed. Revocation is not asked: that needs the network.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from hashing.errors import InvalidEvidence, InvalidStamp

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

MAX_TOKEN: Final = 64 << 10
"""Most bytes of a token: with all of its certificates it has 2 to 10 KB."""
_REASON = re.compile(r"Verify error: ([^\"]+)")
"""Where OpenSSL says what it has against a certificate."""
_SHA256: Final = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token attests: the message existed at this time."""

    at: datetime
    """In UTC, by the authority's clock."""
    signed_by: str
    """The name in the certificate of the key that signed."""
    vouched: bool
    """Whether a root that the reader gave leads to that certificate."""


def load_roots(untrusted: bytes) -> tuple[Certificate, ...]:
    """Return the certificates of a file (PEM, or DER). Raises InvalidEvidence if none is there."""
    from cryptography import x509  # noqa: PLC0415 (30 ms to load)

    try:
        if untrusted.startswith(b"0"):  # a SEQUENCE
            return (x509.load_der_x509_certificate(untrusted),)
        return tuple(x509.load_pem_x509_certificates(untrusted))
    except ValueError as err:
        raise InvalidEvidence("This is no file of certificates (PEM or DER).") from err


def read(untrusted: bytes, message: bytes, roots: Sequence[Certificate] = ()) -> Stamp:
    """Return what a token (DER of TimeStampResp) attests of a message.

    Raises InvalidStamp, which says why it attests nothing of it: another message, another
    signature, no certificate for time stamps, or one that was not valid then.
    """
    token = _parsed(untrusted)
    info = token.tst_info
    if info.message_imprint.hash_algorithm.dotted_string != _SHA256:
        raise InvalidStamp("It was made with another digest than SHA-256.")
    if info.message_imprint.message != hashlib.sha256(message).digest():
        raise InvalidStamp("It is a time stamp of something else.")
    name, standing_in = _signer(token)
    if problem := _problem(token, message, standing_in):
        raise InvalidStamp(f"Its signature does not hold: {problem}")
    return Stamp(info.gen_time.astimezone(UTC), name, _is_vouched(token, message, roots))


def _parsed(untrusted: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 (only for stamps)

    if len(untrusted) > MAX_TOKEN:
        raise InvalidStamp(f"It has {len(untrusted):,} bytes, which no time stamp has.")
    with _read_or_refused("It is no time stamp (RFC 3161), or was changed."):
        token = decode_timestamp_response(untrusted)
        if token.status != 0:  # granted
            raise InvalidStamp("The authority refused to stamp this, or changed what it stamped.")
        _ = token.tst_info.message_imprint, token.signed_data  # parsed when they are asked for
    return token


@contextmanager
def _read_or_refused(sentence: str) -> Iterator[None]:
    """Raise InvalidStamp for whatever is raised while hostile bytes are read.

    rfc3161-client and cryptography raise more than they say, and where their Rust panics it is no
    Exception.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what breaks a rule that does not matter here
            yield
    except (InvalidStamp, KeyboardInterrupt, MemoryError, SystemExit):
        raise
    except BaseException as err:
        raise InvalidStamp(sentence) from err


def _signer(token: TimeStampResponse) -> tuple[str, list[Certificate]]:
    """Return the name of who signed, and the certificates by which that key can be checked."""
    with _read_or_refused(
        "The certificate of who signed it is not in it, not only once, or cannot be read."
    ):
        leaf = _leaf(token)
        return _name(leaf), _standing_in(leaf)


def _leaf(token: TimeStampResponse) -> Certificate:
    """Return the certificate that the signature names."""
    from cryptography import x509  # noqa: PLC0415 (30 ms to load)

    (signer,) = token.signed_data.signer_infos
    held = [x509.load_der_x509_certificate(each) for each in token.signed_data.certificates]
    (found,) = (
        each
        for each in held
        if each.issuer == signer.issuer and each.serial_number == signer.serial_number
    )
    return found


def _problem(token: TimeStampResponse, message: bytes, roots: list[Certificate]) -> str:
    """Return why the token does not hold under these roots; nothing if it does."""
    from rfc3161_client import VerificationError, VerifierBuilder  # noqa: PLC0415 (only for stamps)

    with _read_or_refused("Its signature cannot be read."):
        try:
            VerifierBuilder(roots=roots).build().verify_message(token, message)
        except (VerificationError, ValueError) as err:
            reason = _REASON.search(str(err))
            return f"{reason[1]}." if reason else "it was not made with the key of its certificate."
    return ""


def _is_vouched(token: TimeStampResponse, message: bytes, roots: Sequence[Certificate]) -> bool:
    """Whether one of the roots leads to who signed.

    Of two with one name, such as an old and a new one, OpenSSL may look at the wrong one alone.
    """
    several = [list(roots), *([each] for each in roots if len(roots) > 1)]
    return bool(roots) and any(not _problem(token, message, each) for each in several)


def _standing_in(leaf: Certificate) -> list[Certificate]:
    """Return certificates by which the key in `leaf` can be checked, and nothing else.

    OpenSSL checks a signature and a chain of certificates in one step. So an authority made up
    here, called as the issuer of `leaf`, certifies what that holds: then the signature decides.
    """
    from cryptography import x509  # noqa: PLC0415 (30 ms to load)
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 (the same)
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 (the same)

    def builder(subject: x509.Name, serial: int) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().issuer_name(leaf.issuer).subject_name(subject)
        begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        return made.not_valid_before(begin).not_valid_after(end).serial_number(serial)

    authority = ec.generate_private_key(ec.SECP256R1())
    other = leaf.serial_number ^ 1  # a signature names its certificate by issuer and number
    root = builder(leaf.issuer, other).public_key(authority.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    copy = builder(leaf.subject, leaf.serial_number).public_key(leaf.public_key())
    for each in leaf.extensions:
        if isinstance(each.value, x509.ExtendedKeyUsage | x509.KeyUsage):
            copy = copy.add_extension(each.value, critical=each.critical)
    return [each.sign(authority, hashes.SHA256()) for each in (root, copy)]


def _name(leaf: Certificate) -> str:
    """Return the name of who signed, in one line: common name and organisation."""
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 (30 ms to load)

    parts = []
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        parts += [str(each.value) for each in leaf.subject.get_attributes_for_oid(oid)]
    return ", ".join(parts) or leaf.subject.rfc4514_string() or "(no name)"
