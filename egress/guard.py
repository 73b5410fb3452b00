"""The one way out: a name is resolved once, and only an answer that was checked is connected to.

The name stays what the certificate is checked for.
There are three lines, each of which is enough: `addresses.parsed` refuses what an address spells
out; the resolver refuses a host of which any answer is not public; and no socket is made for an
address that is not, whoever asks for it (aiohttp makes each by our function, with the address that
it is going to connect to). Redirects and robots.txt are requests like any other.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from egress.addresses import may_connect
from egress.errors import ErrorKind, FetchError
from egress.limits import (
    CONNECT_SECONDS,
    MAX_ANSWERS,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    RESOLVE_SECONDS,
)

KEPT_SECONDS = 15.0
"""An idle connection is kept so long for the next request to its host."""

AddrInfo = tuple[int, int, int, str, tuple[Any, ...]]
"""As socket.getaddrinfo gives it."""
Lookup = Callable[[str, int], list[AddrInfo]]


class NotPublic(OSError):
    """A connection to an address that is not public was about to be made."""


class CheckedResolver(AbstractResolver):
    """Resolves by the system, and refuses a host of which any answer is not public."""

    def __init__(self, *, loopback: bool, lookup: Lookup | None = None) -> None:
        self._loopback = loopback
        self._lookup = lookup or _system

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises NotPublic, or another OSError."""
        del family
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.to_thread(self._lookup, host, port)
        answers = list(dict.fromkeys((str(at[0]), int(at[1])) for *_, at in found))
        if not answers or len(answers) > MAX_ANSWERS:
            raise OSError(f"{len(answers)} answers")
        if not all(may_connect(ip_address(each), loopback=self._loopback) for each, _ in answers):
            raise NotPublic
        return [_result(host, *each) for each in answers]

    async def close(self) -> None:
        """Do nothing: it holds nothing."""


class Guard:
    """Opens sessions whose every connection is checked."""

    def __init__(
        self,
        *,
        loopback: bool = False,
        lookup: Lookup | None = None,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self.loopback = loopback
        self._lookup = lookup
        self._context = trusted or ssl.create_default_context()

    def session(self) -> aiohttp.ClientSession:
        """Return a session: no cookies, no proxy of the environment, no redirect, no decoding."""
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(loopback=self.loopback, lookup=self._lookup),
            use_dns_cache=False,  # an answer is for one connection
            ssl=self._context,
            limit=0,  # Scrapy's slots limit it, by host
            keepalive_timeout=KEPT_SECONDS,
            socket_factory=self._socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS),
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )

    async def connect(self, host: str, port: int) -> socket.socket:
        """Return a connection to a host, for whoever speaks HTTP itself. Raises OSError."""
        async with asyncio.timeout(CONNECT_SECONDS):
            resolver = CheckedResolver(loopback=self.loopback, lookup=self._lookup)
            failed: OSError | None = None
            for answer in await resolver.resolve(host, port):
                sockaddr = (answer["host"], answer["port"])
                info = (answer["family"], socket.SOCK_STREAM, answer["proto"], "", sockaddr)
                made = self._socket(info)
                try:
                    await asyncio.get_running_loop().sock_connect(made, sockaddr)
                except BaseException as err:
                    made.close()
                    if not isinstance(err, OSError):
                        raise
                    failed = err
                else:
                    return made
            raise failed or OSError

    def _socket(self, info: AddrInfo) -> socket.socket:
        """Make a socket for what aiohttp is about to connect to. Raises NotPublic."""
        family, kind, protocol, _, sockaddr = info
        if not may_connect(ip_address(sockaddr[0]), loopback=self.loopback):
            raise NotPublic
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)  # noqa: FBT003 (the only way to say it)
        return made


def error_of(err: BaseException) -> FetchError:  # noqa: PLR0911 (a table)
    """Return the error for what a session raised."""
    for cause in _causes(err):
        if isinstance(cause, FetchError):
            return cause
        if isinstance(cause, NotPublic):
            return FetchError(ErrorKind.NOT_PUBLIC)
    if isinstance(err, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return FetchError(ErrorKind.CERTIFICATE)
    if isinstance(err, aiohttp.ClientConnectorDNSError):
        return FetchError(ErrorKind.NAME)
    if isinstance(err, aiohttp.ClientSSLError | ssl.SSLError):
        return FetchError(ErrorKind.CERTIFICATE)
    if isinstance(err, TimeoutError):
        return FetchError(ErrorKind.TIME)
    if isinstance(err, aiohttp.ClientConnectorError):
        return FetchError(ErrorKind.CONNECTION)
    if isinstance(err, aiohttp.InvalidURL | ValueError):
        return FetchError(ErrorKind.ADDRESS)
    return FetchError(ErrorKind.BROKEN)


def _causes(err: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while err is not None and len(found) < 10:  # noqa: PLR2004 (chains are short)
        found.append(err)
        if isinstance(err, ExceptionGroup):
            found.extend(err.exceptions)
        if isinstance(err, aiohttp.ClientConnectorError):
            found.append(err.os_error)
        err = err.__cause__ or err.__context__
    return found


def _system(host: str, port: int) -> list[AddrInfo]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _result(host: str, literal: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in literal else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(
        hostname=host, host=literal, port=port, family=family, proto=socket.IPPROTO_TCP, flags=flags
    )
