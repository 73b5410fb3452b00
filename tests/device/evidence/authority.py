"""An authority for time stamps (RFC 3161) of the tests' own: certificates and tokens, made here.

DER is written by hand: neither `openssl` nor what is tested makes a byte of it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
_SHA256 = bytes.fromhex("300b0609608648016503040201")  # AlgorithmIdentifier without parameters
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
_POLICY = bytes.fromhex("06032a0304")  # 1.2.3.4
_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_SIGNING_CERTIFICATE = bytes.fromhex("060b2a864886f70d010910022f")  # version 2, RFC 5816
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def number(value: int) -> bytes:
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _attribute(kind: bytes, value: bytes) -> bytes:
    return der(0x30, kind, der(0x31, value))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"),
        ]
    )


def _certificate(
    subject: str,
    issuer: str,
    public: ec.EllipticCurvePublicKey,
    signing: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
    serial: int | None = None,
) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer))
    builder = builder.public_key(public)
    builder = builder.serial_number(serial or x509.random_serial_number())
    builder = builder.not_valid_before(NOON - timedelta(days=30))
    builder = builder.not_valid_after(NOON + timedelta(days=30))
    return builder.add_extension(extension, critical=True).sign(signing, hashes.SHA256())


@dataclass(frozen=True)
class Authority:
    root: x509.Certificate
    leaf: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def made(
        cls,
        name: str = "Stamps",
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING,
        issuer: str = "Root of all stamps",
    ) -> Self:
        above, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        root = _certificate(issuer, issuer, above.public_key(), above, constraints)
        usage = x509.ExtendedKeyUsage([purpose])
        leaf = _certificate(name, issuer, key.public_key(), above, usage)
        return cls(root, leaf, key)

    def pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    def namesake(self) -> x509.Certificate:
        """Another certificate that a signature of ours may seem to name."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        issuer = self.root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        key = ec.generate_private_key(ec.SECP256R1())
        return _certificate(
            "Namesake", str(issuer), key.public_key(), key, usage, self.leaf.serial_number
        )

    def stamp(
        self,
        message: bytes,
        at: datetime = NOON,
        nonce: int | None = 5,
        held: Sequence[x509.Certificate] | None = None,
    ) -> bytes:
        """Return the DER of a TimeStampResp. `held`: the certificates in it."""
        return self.stamp_of(hashlib.sha256(message).digest(), at, nonce, held)

    def stamp_of(
        self,
        digest: bytes,
        at: datetime = NOON,
        nonce: int | None = 5,
        held: Sequence[x509.Certificate] | None = None,
    ) -> bytes:
        """Return the same for the SHA-256 of a message, which is all that an authority is sent."""
        imprint = der(0x30, _SHA256, der(4, digest))
        moment = der(0x18, at.strftime("%Y%m%d%H%M%SZ").encode())
        end = b"" if nonce is None else number(nonce)
        info = der(0x30, number(1), _POLICY, imprint, number(77), moment, end)
        whose = der(4, self.leaf.fingerprint(hashes.SHA256()))
        attributes = b"".join(
            sorted(
                [
                    _attribute(_CONTENT_TYPE, _TST_INFO),
                    _attribute(_MESSAGE_DIGEST, der(4, hashlib.sha256(info).digest())),
                    _attribute(_SIGNING_CERTIFICATE, der(0x30, der(0x30, der(0x30, whose)))),
                ]
            )
        )
        signature = self.key.sign(der(0x31, attributes), ec.ECDSA(hashes.SHA256()))
        signer = der(
            0x30,
            number(1),
            der(0x30, self.leaf.issuer.public_bytes(), number(self.leaf.serial_number)),
            _SHA256,
            der(0xA0, attributes),
            _ECDSA_SHA256,
            der(4, signature),
        )
        certificates = b"".join(  # a SET is in order in DER
            sorted(each.public_bytes(Encoding.DER) for each in (held or (self.leaf,)))
        )
        signed = der(
            0x30,
            number(3),
            der(0x31, _SHA256),
            der(0x30, _TST_INFO, der(0xA0, der(4, info))),
            der(0xA0, certificates),
            der(0x31, signer),
        )
        token = der(0x30, _SIGNED_DATA, der(0xA0, signed))
        return der(0x30, der(0x30, number(0)), token)
