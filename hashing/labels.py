"""Labels by which an owner tells the entries of a case apart: sealed here, and read here alone.

A label is typed by the owner, never made of a file's name. What leaves the device is as long
for every label, and opens only with the vault key. docs/submission.md defines the format to the
bit; browser/labels.js gives the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from hashing.errors import InvalidLabel
from hashing.passphrase import hkdf
from hashing.signals import SEALED_LABEL_BYTES

MAX_LABEL = 60
"""Most characters (Unicode code points): a line on a phone."""
_PADDED_BYTES = 4 * MAX_LABEL
"""The longest label in UTF-8. Shorter ones are filled up with zero bytes, which none contains."""
_NONCE_BYTES = 12
"""Of AES-GCM (NIST SP 800-38D, 8.2.2): random, as a case has at most some hundred labels."""
_PURPOSE = b"takeback label v1"
_BETWEEN = re.compile(r"[\s\ufeff\x00-\x1f\x7f-\x9f]+")
"""White space and control characters, which a terminal or a page might obey."""


def tidy(typed: str) -> str:
    """Return a label on one line, without space around it. Raises InvalidLabel if it is too long.

    An empty one is no label.
    """
    label = _BETWEEN.sub(" ", typed).strip()
    if len(label) > MAX_LABEL:
        raise InvalidLabel
    return label


def seal(vault: bytes, typed: str, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """Return a label as only the vault key opens it: nonce, ciphertext, tag; 268 bytes.

    AES-256-GCM, with a nonce that `random` draws. Raises InvalidLabel, also for an empty one.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 (most have none)

    if not (label := tidy(typed)):
        raise InvalidLabel
    padded = label.encode(errors="replace").ljust(_PADDED_BYTES, b"\0")
    nonce = random(_NONCE_BYTES)
    return nonce + AESGCM(hkdf(vault, _PURPOSE)).encrypt(nonce, padded, _PURPOSE)


def unseal(vault: bytes, sealed: bytes) -> str | None:
    """Return the label; None if it was not sealed under this key, or was changed since."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 (most have none)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 (the same)

    if len(sealed) != SEALED_LABEL_BYTES:
        return None
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        padded = AESGCM(hkdf(vault, _PURPOSE)).decrypt(nonce, rest, _PURPOSE)
    except InvalidTag:
        return None
    return padded.rstrip(b"\0").decode(errors="replace")
