"""Signed messages on their way to webhooks, through the egress guard: one request each.

Apart from `webhook`, because aiohttp takes a tenth of the time in which the service starts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import aiohttp
from yarl import URL

from egress.addresses import parsed
from egress.errors import ErrorKind, FetchError
from egress.guard import Guard, error_of
from service.domain.alert import Ending
from service.domain.outgoing import ABANDONED, Attempt, Outgoing
from service.transports.webhook import signature

SECONDS = 15.0
"""For one request with its answer."""
AT_ONCE = 10
_READ_BYTES = 4096
"""Of an answer, of which only the status counts."""
_GONE = 410
"""Standard Webhooks: the receiver wants no more."""
_NEVER_ARRIVED = {
    ErrorKind.ADDRESS,
    ErrorKind.NAME,
    ErrorKind.NOT_PUBLIC,
    ErrorKind.CONNECTION,
    ErrorKind.CERTIFICATE,
}


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
