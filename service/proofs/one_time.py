"""One-time codes of an app (TOTP, RFC 6238): six digits that change every 30 seconds."""

from __future__ import annotations

import base64
import hmac
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS = 30
DIGITS = 6
SKEW = 1
"""Steps before and after that are accepted too: a phone's clock is not ours."""
NOBODY = bytes(20)
"""Compared with where there is no secret, so that this takes as long."""


def matching_step(secret: bytes | None, untrusted: str, second: int) -> int | None:
    """Return the time step whose code this is; None if it is none of them."""
    code = "".join(untrusted[:20].split()).encode("utf-8", "replace")
    generator = TOTP(secret or NOBODY, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 (what apps know)
    now, found = second // STEP_SECONDS, None
    for step in range(max(0, now - SKEW), now + SKEW + 1):
        if hmac.compare_digest(generator.generate(step * STEP_SECONDS), code):
            found = step
    return None if secret is None else found


def shown(secret: bytes) -> str:
    """Return a secret as an app asks for it: base32 in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def address(secret: bytes, name: str) -> str:
    """Return the address by which an app on the same device takes a secret over (otpauth:)."""
    label = quote(f"Takeback:{name}", safe="")
    return f"otpauth://totp/{label}?secret={base64.b32encode(secret).decode()}&issuer=Takeback"
