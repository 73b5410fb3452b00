"""What the service's secret is used for: keyed hashes, opaque references, sealed text.

Each use has a key of its own, derived by HKDF-SHA-256 (RFC 5869) from the one secret, so
that a stolen database alone opens no case, proves no key and shows no address.
"""

from __future__ import annotations

import base64
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
"""AES-GCM's own (NIST SP 800-38D, 8.2)."""
_REFERENCE_BYTES = 15
"""120 bits: 24 characters of base32."""


class Seals:
    """Keyed functions of one secret of 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        uses = ("access", "key", "match", "document", "stamp")
        self._keys = {use: _derived(secret, use) for use in uses}
        self._text = AESGCM(_derived(secret, "text"))

    def access_hash(self, access_key: bytes) -> bytes:
        """What is stored of a case's access key: 32 bytes."""
        return hmac.digest(self._keys["access"], access_key, "sha256")

    def key_hash(self, secret: str) -> bytes:
        """What is stored of a platform's key: 32 bytes."""
        return hmac.digest(self._keys["key"], secret.encode(), "sha256")

    def document_hash(self, document: bytes) -> bytes:
        """Tells a repeated submission from another one: 32 bytes."""
        return hmac.digest(self._keys["document"], document, "sha256")

    def reference(self, actor_id: int, entry_id: int) -> str:
        """The match reference of an entry for one actor.

        Stable, so that they can tell repeats; another for every actor, so that two cannot
        compare what they were told.
        """
        told = hmac.digest(self._keys["match"], f"{actor_id}:{entry_id}".encode(), "sha256")
        return base64.b32encode(told[:_REFERENCE_BYTES]).decode().lower()

    def stamp(self, minute: int) -> str:
        """What proves that a form was handed out in a minute: 40 hexadecimal digits."""
        return hmac.digest(self._keys["stamp"], str(minute).encode(), "sha256").hex()[:40]

    def is_stamp(self, minute: int, untrusted: str) -> bool:
        """Whether it is the stamp of that minute."""
        return hmac.compare_digest(self.stamp(minute).encode(), untrusted.encode())

    def seal(self, text: str) -> bytes:
        """Encrypt and authenticate text (AES-256-GCM): nonce, then ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._text.encrypt(nonce, text.encode(), None)

    def unseal(self, sealed: bytes) -> str:
        """Return what was sealed. Raises ValueError when it is changed or of another secret."""
        try:
            return self._text.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
        except InvalidTag as err:
            raise ValueError("sealed by another secret, or damaged") from err


def _derived(secret: bytes, use: str) -> bytes:
    info = f"takeback {use} v1".encode()
    return HKDF(hashes.SHA256(), length=32, salt=None, info=info).derive(secret)
