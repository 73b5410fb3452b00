"""The keys of an owner's evidence, all derived from the vault key of her case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from hashing.passphrase import hkdf

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_EVIDENCE = b"takeback evidence v1"
_RECORD = b"takeback evidence record v1"
_FILE = b"takeback evidence file v1"
_SIGNATURE = b"takeback evidence signature v1"
_CAPTURE = b"takeback evidence capture v1"


@dataclass(frozen=True, slots=True)
class EvidenceKeys:
    """What opens and signs the evidence of one case. Hidden from `repr`."""

    secret: bytes

    def __repr__(self) -> str:
        return "EvidenceKeys(…)"

    @classmethod
    def of(cls, vault: bytes) -> Self:
        """Return the keys under a vault key of 32 bytes."""
        return cls(hkdf(vault, _EVIDENCE))

    def record_key(self, record_id: str) -> bytes:
        """Return the key of one record, by its id in hexadecimal. It opens nothing else."""
        return hkdf(self.secret, _RECORD + bytes.fromhex(record_id))

    def file_key(self, file_id: str, sha256: str) -> bytes:
        """Return the key of one file, by its id and by the SHA-256 of its content.

        Chunks have fixed nonces, so no two contents may ever have the same key: not even those
        of a file that is changed while it is uploaded.
        """
        return hkdf(self.secret, _FILE + bytes.fromhex(file_id) + bytes.fromhex(sha256))

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the key that signs the manifest of a pack."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 (keys of seals need none)
            Ed25519PrivateKey,
        )

        return Ed25519PrivateKey.from_private_bytes(hkdf(self.secret, _SIGNATURE))

    def signer(self) -> str:
        """Return the public key of signatures, in hexadecimal: records name it, packs give it."""
        return self.signing_key().public_key().public_bytes_raw().hex()

    def capture_key(self) -> X25519PrivateKey:
        """Return the key that opens what a crawler captures for the owner."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: PLC0415 (the same)
            X25519PrivateKey,
        )

        return X25519PrivateKey.from_private_bytes(hkdf(self.secret, _CAPTURE))
