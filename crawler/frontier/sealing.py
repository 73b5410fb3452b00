"""Text at rest: encrypted, and recognised by a keyed digest.

Each use has its own key, derived from the secret by HKDF-SHA-256 (RFC 5869), as in the service.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES = 32
_NONCE_BYTES = 12
"""Length of a nonce of AES-GCM (NIST SP 800-38D, 8.2)."""
_DIGEST_BYTES = 16


_MISSING = (
    "The key of the frontier is missing. Put its file back, or name it with CRAWLER_KEY_FILE. "
    "Without it nothing here can be read: then begin with another CRAWLER_STATE."
)


class WrongKey(Exception):
    """This is not the key of the frontier. Name its file with CRAWLER_KEY_FILE."""


class Seals:
    """Keyed functions of a secret of 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._text = AESGCM(_derived(secret, "text"))
        self._key = _derived(secret, "digest")
        self.fingerprint = _derived(secret, "fingerprint")
        """What is stored to recognise the secret by: 32 bytes, which reveal nothing of it."""

    def digest(self, text: str) -> bytes:
        """Return what equal texts have in common, and nobody without the key can tell: 16 bytes."""
        return hmac.digest(self._key, text.encode(), "sha256")[:_DIGEST_BYTES]

    def seal(self, text: str) -> bytes:
        """Return encrypted, authenticated text (AES-256-GCM): nonce, then ciphertext and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._text.encrypt(nonce, text.encode(), None)

    def unseal(self, sealed: bytes) -> str:
        """Return what `seal` was given. Raises WrongKey if it is not from there."""
        try:
            return self._text.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
        except InvalidTag as err:
            raise WrongKey from err


def _derived(secret: bytes, use: str) -> bytes:
    info = f"takeback crawler {use} v1".encode()
    return HKDF(hashes.SHA256(), length=SECRET_BYTES, salt=None, info=info).derive(secret)


def secret_of(text: str) -> bytes:
    """Return the secret of 64 hexadecimal digits. Raises WrongKey."""
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError as err:
        raise WrongKey from err
    if len(secret) != SECRET_BYTES:
        raise WrongKey
    return secret


def kept(path: Path, *, make: bool) -> bytes:
    """Return the secret in a file, which only its owner may read. With `make`, make it if need be.

    It is on the disk before anything is sealed with it. Raises WrongKey without one.
    """
    try:
        return secret_of(path.read_text("ascii"))
    except UnicodeError as err:
        raise WrongKey from err
    except FileNotFoundError as err:
        if not make:
            raise WrongKey(_MISSING) from err
    secret = os.urandom(SECRET_BYTES)
    made = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secret.hex().encode() + b"\n")
        os.fsync(descriptor)
        os.link(made, path)  # fails if somebody else has made one meanwhile
    except FileExistsError:
        return kept(path, make=False)
    finally:
        os.close(descriptor)
        made.unlink()
    _on_disk(path.parent)
    return secret


def _on_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
