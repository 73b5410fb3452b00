"""Alerts to a web address, signed (Standard Webhooks 1.0.0), over TLS, through the egress guard.

What is sent says that there is news, and nothing of whose, of what or from whom.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import aiohttp
from yarl import URL

from egress.addresses import parsed
from egress.errors import ErrorKind, FetchError
from egress.guard import Guard, error_of
from service.domain.alert import Ending
from service.domain.errors import InvalidRequest
from service.domain.outgoing import ABANDONED, Attempt, Outgoing

SECONDS = 15.0
"""For one request with its answer."""
AT_ONCE = 10
MAX_ADDRESS = 1000
"""Characters of an address that is stored for this."""
_READ_BYTES = 4096
"""Of an answer, of which only the status counts."""
_PREFIX = "whsec_"
_SECRET_BYTES = 32
"""Standard Webhooks: 24 to 64 bytes."""
_GONE = 410
"""Standard Webhooks: the receiver wants no more."""
_NEVER_ARRIVED = {
    ErrorKind.ADDRESS,
    ErrorKind.NAME,
    ErrorKind.NOT_PUBLIC,
    ErrorKind.CONNECTION,
    ErrorKind.CERTIFICATE,
}


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


async def send(messages: Sequence[Outgoing], *, loopback: bool) -> list[Attempt]:
    """Send each message to its address, some at a time; return how each ended, in order."""
    turn = asyncio.Semaphore(AT_ONCE)
    async with Guard(loopback=loopback).session() as session:

        async def in_turn(one: Outgoing) -> Attempt:
            async with turn:
                return await _send(session, one, loopback=loopback)

        return list(await asyncio.gather(*(in_turn(one) for one in messages)))


async def _send(session: aiohttp.ClientSession, one: Outgoing, *, loopback: bool) -> Attempt:
    now = datetime.now(UTC)
    second, day = int(now.timestamp()), now.date()
    body = json.dumps({"type": "news", "timestamp": f"{day}T00:00:00Z", "data": {}}).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "webhook",
        "webhook-id": one.reference,
        "webhook-timestamp": str(second),
        "webhook-signature": signature(one.secret, one.reference, second, body),
    }
    try:
        target = URL(parsed(one.address, loopback=loopback).url, encoded=True)
        async with asyncio.timeout(SECONDS):
            asking = session.post(target, data=body, headers=headers, allow_redirects=False)
            async with asking as answer:
                await answer.content.read(_READ_BYTES)  # so that the connection ends in order
    except (aiohttp.ClientError, FetchError, OSError, ValueError) as err:
        return _failed(err)
    return _answered(answer.status)


def _answered(status: int) -> Attempt:
    if 200 <= status < 300:  # noqa: PLR2004 (RFC 9110, 15.3: successful)
        return Attempt(Ending.SENT)
    if status == _GONE:
        return Attempt(Ending.REFUSED, "gone")
    return Attempt(Ending.FAILED, f"status {status}")


def _failed(err: Exception) -> Attempt:
    if isinstance(err, aiohttp.ConnectionTimeoutError):
        return Attempt(Ending.FAILED, ErrorKind.CONNECTION)
    kind = error_of(err).kind
    if kind is ErrorKind.TIME:
        return ABANDONED
    return Attempt(Ending.FAILED if kind in _NEVER_ARRIVED else Ending.UNKNOWN, kind)
