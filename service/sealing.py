"""Everything that the service's secret is used for: keyed hashes, references, encrypted text.

Each use has its own key, derived from the secret by HKDF-SHA-256 (RFC 5869). Without the secret,
a stolen database opens no case, authenticates no key and shows no address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
"""Length of a nonce of AES-GCM (NIST SP 800-38D, 8.2)."""
_REFERENCE_BYTES = 15
"""Length of a match reference: 120 bits, which are 24 characters of base32."""

_ASKED_BYTES = 8
"""Enough to tell a few values apart, and too little to check a guess of one for certain."""


class Seals:
    """Keyed functions of the secret, which has 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        uses = (
            "access",
            "key",
            "match",
            "document",
            "stamp",
            "challenge",
            "fingerprint",
            "veil",
            "address",
            "contact",
            "feed",
            "code",
            "audit",
            "member",
            "session",
            "form",
            "passkey",
            "totp",
            "recovery",
            "grant",
            "notice",
        )
        self._keys = {use: _derived(secret, use) for use in uses}
        self._text = AESGCM(_derived(secret, "text"))
        self._answer = AESGCM(_derived(secret, "answer"))
        self._contact = AESGCM(_derived(secret, "contact text"))
        self._note = AESGCM(_derived(secret, "note"))
        self._notice = AESGCM(_derived(secret, "notice text"))

    @property
    def fingerprint(self) -> bytes:
        """What is stored to recognise the secret by: 32 bytes, which reveal nothing of it."""
        return self._keys["fingerprint"]

    def access_hash(self, access_key: bytes) -> bytes:
        """Return the hash that is stored of a case's access key: 32 bytes."""
        return hmac.digest(self._keys["access"], access_key, "sha256")

    def key_hash(self, secret: str) -> bytes:
        """Return the hash that is stored of a platform's or crawler's key: 32 bytes."""
        return hmac.digest(self._keys["key"], secret.encode(), "sha256")

    def document_hash(self, document: bytes) -> bytes:
        """Return the hash by which a repeated document is recognised: 32 bytes."""
        return hmac.digest(self._keys["document"], document, "sha256")

    def address_hash(self, address: str) -> bytes:
        """Return the hash by which an address is recognised: 32 bytes."""
        return hmac.digest(self._keys["address"], address.encode(), "sha256")

    def case_tag(self, key: bytes, case_number: str) -> bytes:
        """Return what stands for a case in the audit, by the case's own key: 32 bytes."""
        return hmac.digest(self._keys["audit"], key + case_number.encode(), "sha256")

    def member_hash(self, folded_name: str) -> bytes:
        """Return the hash by which a member's name is recognised: 32 bytes."""
        return hmac.digest(self._keys["member"], folded_name.encode(), "sha256")

    def session_hash(self, token: str) -> bytes:
        """Return the hash that is stored of a session's or an invitation's secret: 32 bytes."""
        return hmac.digest(self._keys["session"], token.encode(), "sha256")

    def form_token(self, token: str) -> str:
        """Return what every form of a session has, which no other site can know: 64 digits."""
        return hmac.digest(self._keys["form"], token.encode(), "sha256").hex()

    def passkey_challenge(self, token: str, minute: int, what: str) -> bytes:
        """Return the challenge that a session gives for something in a minute: 32 bytes."""
        given = f"{what}:{minute}:{token}".encode()
        return hmac.digest(self._keys["passkey"], given, "sha256")

    def member_handle(self, member_id: int) -> bytes:
        """Return what passkeys know a member by, which tells them nothing: 32 bytes."""
        return hmac.digest(self._keys["passkey"], f"handle:{member_id}".encode(), "sha256")

    def totp_secret(self, token: str, nonce: str) -> bytes:
        """Return the secret for one-time codes that a session offers with a form: 20 bytes."""
        return hmac.digest(self._keys["totp"], f"{nonce}:{token}".encode(), "sha256")[:20]

    def recovery_hash(self, member_id: int, code: str) -> bytes:
        """Return the hash that is stored of a recovery code: 32 bytes."""
        return hmac.digest(self._keys["recovery"], f"{member_id}:{code}".encode(), "sha256")

    def grant_hash(self, code: str) -> bytes:
        """Return the hash that is stored of the code of a grant or an intake link: 32 bytes."""
        return hmac.digest(self._keys["grant"], code.encode(), "sha256")

    def seal_note(self, text: str) -> bytes:
        """Return what an advocate writes about a case, as `seal` does, by a key of its own."""
        return _encrypted(self._note, text)

    def unseal_note(self, sealed: bytes) -> str:
        """Return what `seal_note` was given. Raises InvalidTag if it is not from there."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return self._note.decrypt(nonce, rest, None).decode()

    def seal_notice(self, case_id: int, text: str) -> bytes:
        """Return what belongs to a notice, for its case alone, by a key of its own."""
        return _encrypted(self._notice, text, str(case_id).encode())

    def unseal_notice(self, case_id: int, sealed: bytes) -> str:
        """Return what `seal_notice` was given. Raises InvalidTag if it is not of this case."""
        return _decrypted(self._notice, sealed, str(case_id).encode())

    def notice_token(self, case_id: int, text: str, minute: int) -> str:
        """Return what proves that an owner has just seen what is to be sent, and to whom."""
        given = f"{case_id}:{minute}:{text}".encode()
        return hmac.digest(self._keys["notice"], given, "sha256").hex()

    def reference(self, actor_id: int, signal_id: int, *, near: bool = False) -> str:
        """Return the match reference of a stored signal for one actor.

        It is always the same, so that an actor recognises repeated matches; and different for
        each actor, so that two of them cannot compare theirs. What is only near has another one:
        what is said of that does not count for matches.
        """
        named = f"{actor_id}:{'near' if near else 'signal'}:{signal_id}"
        digest = hmac.digest(self._keys["match"], named.encode(), "sha256")
        return base64.b32encode(digest[:_REFERENCE_BYTES]).decode().lower()

    def asked_hash(self, actor_id: int, signal_id: int, value: bytes) -> bytes:
        """Return the hash by which it is known whether an actor asks another value: 8 bytes."""
        asked = f"{actor_id}:{signal_id}:".encode() + value
        return hmac.digest(self._keys["veil"], asked, "sha256")[:_ASKED_BYTES]

    def bit_order(self, signal_id: int) -> list[int]:
        """Return the numbers 0 to 255 in an order that nobody can foresee, the same for ever."""
        seed = hmac.digest(self._keys["veil"], str(signal_id).encode(), "sha256")
        ranks = struct.unpack("<256Q", hashlib.shake_256(seed).digest(256 * 8))
        return sorted(range(256), key=ranks.__getitem__)

    def stamp(self, minute: int) -> str:
        """Return the signature of the minute in which a form is issued: 40 hexadecimal digits."""
        return self._signature("stamp", minute)

    def is_stamp(self, minute: int, untrusted: str) -> bool:
        """Whether this is the signature of that minute, compared in constant time."""
        return hmac.compare_digest(self.stamp(minute).encode(), untrusted.encode())

    def challenge(self, minute: int) -> str:
        """Return the signature of the minute of a proof of work's challenge, of the same form."""
        return self._signature("challenge", minute)

    def is_challenge(self, minute: int, untrusted: str) -> bool:
        """Whether this is the signature of that challenge, compared in constant time."""
        return hmac.compare_digest(self.challenge(minute).encode(), untrusted.encode())

    def _signature(self, use: str, minute: int) -> str:
        return hmac.digest(self._keys[use], str(minute).encode(), "sha256").hex()[:40]

    def seal(self, text: str) -> bytes:
        """Return encrypted, authenticated text (AES-256-GCM): nonce, then ciphertext and tag."""
        return _encrypted(self._text, text)

    def unseal(self, sealed: bytes) -> str:
        """Return what `seal` was given. Raises InvalidTag if it is not from there."""
        return _decrypted(self._text, sealed)

    def seal_contact(self, case_id: int, text: str) -> bytes:
        """Return what an owner has said about how to tell her, for her case alone."""
        return _encrypted(self._contact, text, str(case_id).encode())

    def unseal_contact(self, case_id: int, sealed: bytes) -> str:
        """Return what `seal_contact` was given. Raises InvalidTag if it is not of this case."""
        return _decrypted(self._contact, sealed, str(case_id).encode())

    def contact_hash(self, address: str) -> bytes:
        """Return the hash by which tests that are sent to one address are counted: 32 bytes."""
        return hmac.digest(self._keys["contact"], address.encode(), "sha256")

    def feed_hash(self, token: str) -> bytes:
        """Return the hash that is stored of the address of a feed: 32 bytes."""
        return hmac.digest(self._keys["feed"], token.encode(), "sha256")

    def code(self, reference: str) -> str:
        """Return the six digits that a test mail has, which are stored nowhere."""
        digest = hmac.digest(self._keys["code"], reference.encode(), "sha256")
        return f"{int.from_bytes(digest[:8]) % 10**6:06}"

    def seal_bytes(self, value: bytes) -> bytes:
        """Return the same of bytes."""
        return self.seal(value.hex())

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """Return what `seal_bytes` was given. Raises InvalidTag if it is not from there."""
        return bytes.fromhex(self.unseal(sealed))

    def seal_answer(self, text: str) -> str:
        """Return text that a browser carries from one request to the next, in base64url."""
        return base64.urlsafe_b64encode(_encrypted(self._answer, text)).decode().rstrip("=")

    def open_answer(self, untrusted: str) -> str | None:
        """Return what `seal_answer` was given; None if it is not from there."""
        try:
            sealed = base64.urlsafe_b64decode(untrusted + "=" * (-len(untrusted) % 4))
            return _decrypted(self._answer, sealed)
        except (ValueError, InvalidTag):
            return None


def _encrypted(cipher: AESGCM, text: str, belongs_to: bytes | None = None) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, text.encode(), belongs_to)


def _decrypted(cipher: AESGCM, sealed: bytes, belongs_to: bytes | None = None) -> str:
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return cipher.decrypt(nonce, rest, belongs_to).decode()


def _derived(secret: bytes, use: str) -> bytes:
    info = f"takeback {use} v1".encode()
    return HKDF(hashes.SHA256(), length=32, salt=None, info=info).derive(secret)
