"""The way out of programs that make connections of their own: a proxy in front of the guard.

It answers on a listening socket that it is given, which nobody but the program can reach (see
`confining`). What is asked for is parsed as any address is, permitted by whoever started the
program, resolved and connected to by the guard, and counted. Each connection carries one request,
or one tunnel, of which only host and port can be seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.egress import heads
from crawler.egress.addresses import Address, parsed
from crawler.egress.guard import Guard, error_of
from crawler.egress.heads import Head, Malformed
from crawler.limits import PROXY_HEAD_SECONDS, UPLOAD_BYTES
from crawler.outcomes import Disallowed, ErrorKind, FetchError
from egress.limits import MAX_HEADER_BYTES

Permits = Callable[[Address], Awaitable[None]]
"""Raises Disallowed, or FetchError, for what is not to be asked for. Of a tunnel it is given the
root of the host: more is not known."""

_READ = 2**16
_PLAIN = {"GET", "HEAD", "POST", "OPTIONS"}
_MALFORMED, _REFUSED, _FAILED, _SPENT = 400, 403, 502, 503


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one program may have: bytes in both directions, connections in all and at once."""

    bytes: int
    connections: int
    at_once: int
    seconds: float


class Proxy:
    """Serves one program until it is closed. `refused` counts what was not asked for, by why."""

    def __init__(self, guard: Guard, permits: Permits, allowance: Allowance) -> None:
        self.refused: Counter[str] = Counter()
        self.spent = 0
        self.connections = 0
        self.overspent = asyncio.Event()
        self._guard = guard
        self._permits = permits
        self._allowance = allowance
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def serve(self, listener: socket.socket) -> None:
        """Begin to answer on a listening socket, which is closed with this."""
        self._server = await asyncio.start_server(
            self._connected, sock=listener, limit=2 * MAX_HEADER_BYTES
        )

    async def close(self) -> None:
        """End every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._client(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            async with asyncio.timeout(self._allowance.seconds):
                await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, FetchError):  # TimeoutError is an OSError
            pass  # it broke off, or has had all that it may have
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await self._head(reader)
            address = self._address(head)
            await self._permits(address)
            server = await self._connection(address)
        except (Malformed, asyncio.LimitOverrunError):
            self._refuse(writer, _MALFORMED, "malformed")
        except Disallowed:
            self._refuse(writer, _REFUSED, "disallowed")
        except FetchError as err:
            status = _SPENT if err.kind is ErrorKind.BYTES else _REFUSED
            self._refuse(writer, status, err.kind.value)
        except OSError as err:
            self._refuse(writer, _FAILED, _unconnected(err).value)
        else:
            try:
                await self._relay(head, address, (reader, writer), server)
            finally:
                server[1].close()

    def _refuse(self, writer: asyncio.StreamWriter, status: int, why: str) -> None:
        self.refused[why] += 1
        head = f"HTTP/1.1 {status} {why}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())

    async def _head(self, reader: asyncio.StreamReader) -> Head:
        async with asyncio.timeout(PROXY_HEAD_SECONDS):
            untrusted = await reader.readuntil(b"\r\n\r\n")
        self._count(len(untrusted))
        return heads.parsed(untrusted)

    def _address(self, head: Head) -> Address:
        """Return what is asked for. Raises FetchError, and Malformed."""
        many = self.connections > self._allowance.connections
        if many or len(self._tasks) > self._allowance.at_once:
            raise FetchError(ErrorKind.BYTES)
        if head.method == "CONNECT":
            return parsed(f"https://{head.target}/", loopback=self._guard.loopback)
        if head.method not in _PLAIN or head.length > UPLOAD_BYTES:
            raise Malformed
        address = parsed(head.target, loopback=self._guard.loopback)
        if address.secure:  # would be sent in the clear
            raise Malformed
        return address

    async def _connection(
        self, address: Address
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            sock=await self._guard.connect(address.host, address.port), limit=_READ
        )

    async def _relay(
        self,
        head: Head,
        address: Address,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        if head.method == "CONNECT":
            client[1].write(b"HTTP/1.1 200 OK\r\n\r\n")
            await self._both(self._pump(client[0], server[1]), self._pump(server[0], client[1]))
            return
        parts = urlsplit(address.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        server[1].write(head.onward(parts.netloc, path))
        if head.length:
            body = await client[0].readexactly(head.length)
            self._count(len(body))
            server[1].write(body)
        # One request only: what the program sends after it is for nobody, and ends the connection.
        await self._both(client[0].read(1), self._pump(server[0], client[1]))

    async def _both(self, upward: Awaitable[object], downward: Awaitable[None]) -> None:
        """Relay in both directions, until the server has ended or either fails."""
        down = asyncio.ensure_future(downward)
        up = asyncio.ensure_future(upward)
        try:
            await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (down, up):
                each.cancel()
            await asyncio.gather(down, up, return_exceptions=True)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while untrusted := await source.read(_READ):
            self._count(len(untrusted))
            sink.write(untrusted)
            await sink.drain()
        with contextlib.suppress(OSError):
            await sink.drain()

    def _count(self, size: int) -> None:
        """Raises FetchError once more has passed than may."""
        self.spent += size
        if self.spent > self._allowance.bytes:
            self.overspent.set()
            raise FetchError(ErrorKind.BYTES)


def _unconnected(err: OSError) -> ErrorKind:
    """Why there is no connection, of what the guard raised."""
    if isinstance(err, socket.gaierror):
        return ErrorKind.NAME
    kind = error_of(err).kind
    return ErrorKind.CONNECTION if kind is ErrorKind.BROKEN else kind
