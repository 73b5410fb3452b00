"""Time stamps (RFC 3161) asked of authorities, through the egress guard: one request each.

An authority is sent the SHA-256 of a link and a random number, and nothing else: no name, no case,
no number of ours. Loaded only where something is to be asked: aiohttp takes a tenth of the time in
which the service starts.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import aiohttp
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from yarl import URL

from egress.addresses import parsed
from egress.errors import FetchError
from egress.guard import Guard, error_of
from service.domain.time_stamping import MAX_TOKEN

SECONDS = 20.0
"""For one request with its answer."""
AT_ONCE = 4
"""Requests to one authority at a time: some ask to be spared."""
_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_HEADERS = {"Content-Type": "application/timestamp-query", "User-Agent": "time-stamp"}
_OK = 200


class Trouble(StrEnum):
    """Why there is no stamp. The first ones are words of ours for what was answered."""

    STATUS = "status"
    LONG = "long"
    NO_STAMP = "no stamp"
    OTHER_QUESTION = "other question"
    NOT_TRUSTED = "not trusted"
    UNREACHABLE = "unreachable"


class Question(NamedTuple):
    """What an authority is asked to stamp."""

    address: str
    link: bytes


class Refused(Exception):
    """An answer is no stamp of what was asked."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


async def ask(
    questions: Sequence[Question], roots: Sequence[x509.Certificate], *, loopback: bool
) -> list[bytes | Trouble]:
    """Return what was answered to each question, in DER, or why that is no stamp of it.

    `roots`: the certificates that a stamp has to go back to; with none, that is not looked at.
    """
    turns = {one.address: asyncio.Semaphore(AT_ONCE) for one in questions}
    async with Guard(loopback=loopback).session() as session:

        async def in_turn(one: Question) -> bytes | Trouble:
            async with turns[one.address]:
                return await _ask(session, one, roots, loopback=loopback)

        return list(await asyncio.gather(*(in_turn(one) for one in questions)))


async def _ask(
    session: aiohttp.ClientSession,
    question: Question,
    roots: Sequence[x509.Certificate],
    *,
    loopback: bool,
) -> bytes | Trouble:
    builder = TimestampRequestBuilder().data(question.link).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    try:
        target = URL(parsed(question.address, loopback=loopback).url, encoded=True)
        async with asyncio.timeout(SECONDS):
            asking = session.post(
                target, data=request.as_bytes(), headers=_HEADERS, allow_redirects=False
            )
            async with asking as answer:
                if answer.status != _OK:
                    return Trouble.STATUS
                untrusted = await answer.content.read(MAX_TOKEN + 1)
                while len(untrusted) <= MAX_TOKEN and (
                    more := await answer.content.read(MAX_TOKEN + 1 - len(untrusted))
                ):
                    untrusted += more
    except (aiohttp.ClientError, FetchError, OSError, ValueError, TimeoutError) as err:
        error_of(err)
        return Trouble.UNREACHABLE
    try:
        require_stamp(untrusted, question.link, request.nonce, roots)
    except Refused as err:
        return err.trouble
    return untrusted


def require_stamp(
    untrusted: bytes, link: bytes, nonce: int | None, roots: Sequence[x509.Certificate] = ()
) -> None:
    """Raise Refused unless an answer is a stamp of this link, for this request.

    rfc3161-client (1.0) parses in Rust: what it did not expect there is no Exception of Python.
    """
    if len(untrusted) > MAX_TOKEN:
        raise Refused(Trouble.LONG)
    try:
        answer = decode_timestamp_response(untrusted)
        about = answer.tst_info  # raises without a token
        asked = (_SHA256, hashlib.sha256(link).digest(), nonce)
        stamped = (about.message_imprint.hash_algorithm, about.message_imprint.message, about.nonce)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as err:
        raise Refused(Trouble.NO_STAMP) from err
    if asked != stamped:
        raise Refused(Trouble.OTHER_QUESTION)
    # All together, for chains; then each alone, as OpenSSL tries one of several of the same name.
    ways = [list(roots), *([one] for one in roots)] if roots else []
    if ways and not any(_leads(answer, link, way) for way in ways):
        raise Refused(Trouble.NOT_TRUSTED)


def _leads(answer: TimeStampResponse, link: bytes, roots: list[x509.Certificate]) -> bool:
    """Whether a stamp goes back to one of these certificates. Raises Refused."""
    try:
        return VerifierBuilder(roots=roots).build().verify_message(answer, link)
    except (VerificationError, ValueError):
        return False
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as err:
        raise Refused(Trouble.NO_STAMP) from err


def certificates(path: Path) -> list[x509.Certificate]:
    """Return the certificates of a PEM file. Raises OSError or ValueError."""
    return x509.load_pem_x509_certificates(path.read_bytes())
