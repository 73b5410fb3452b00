"""Alerts to a web address, signed (Standard Webhooks 1.0.0); `posting` sends them.

What is sent says that there is news, and nothing of whose, of what or from whom.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from egress.addresses import parsed
from egress.errors import FetchError
from service.domain.errors import InvalidRequest

MAX_ADDRESS = 1000
"""Characters of an address that is stored for this."""
_PREFIX = "whsec_"
_SECRET_BYTES = 32
"""Standard Webhooks: 24 to 64 bytes."""


def new_secret() -> str:
    """Return a secret to sign with, as receivers' libraries take it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def address(untrusted: str, *, loopback: bool) -> str:
    """Return a web address in the form in which it is asked for. Raises InvalidRequest.

    `loopback` permits addresses of this machine, for tests and the demo.
    """
    try:
        found = parsed(untrusted, loopback=loopback)
    except FetchError as err:
        raise InvalidRequest("This is not an address on the public internet.") from err
    if not found.secure or len(found.url) > MAX_ADDRESS:
        raise InvalidRequest(
            f"The address of a webhook begins with https:// and has {MAX_ADDRESS} characters at "
            "most."
        )
    return found.url


def signature(secret: str, reference: str, second: int, body: bytes) -> str:
    """Return the `webhook-signature` of a message: `v1,` and HMAC-SHA256 in base64."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{reference}.{second}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
