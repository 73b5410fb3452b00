"""The HTTP server: uvicorn, with what it lacks to stay reachable whoever connects.

uvicorn (0.54) waits without end for the rest of a request, and for whoever does not read an
answer. Here each phase of a connection has a time-out, and if there are too many connections, the
one that has been without a whole request for longest gives way:

    waiting     for a request, or the rest of its headers        HEADER_SECONDS, or IDLE_SECONDS
    receiving   the body of a request                            service.edge.bodies
    answering   the service works, or sends                      WRITE_SECONDS without progress
    lingering   answered before the request was received whole   LINGER_SECONDS
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from enum import Enum
from functools import partial
from types import FrameType
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.settings import InvalidSetting, Settings

log = logging.getLogger(__name__)

HEADER_SECONDS = 10
"""From the connection, or the first byte of a later request, to the end of its headers."""
IDLE_SECONDS = 65
"""Between two requests: longer than proxies keep a connection (nginx: 60 s), so that they close
it first. If we did, just as a request comes, that request would be lost."""
WRITE_SECONDS = 30
"""While nobody reads an answer."""
LINGER_SECONDS = 2
"""A client that still sends would otherwise see a reset connection and not the answer (RFC 9112,
9.6)."""
SWITCH_SECONDS = 0.0005
"""After which a thread that parses gives way to one that answers, which would otherwise wait for
5 ms (CPython's default) for each of them, each time that it goes on."""
DRAIN_SECONDS = 3
"""For requests that are open when the process is told to end."""
END_SECONDS = 4.0
"""Until the process ends, whatever still runs: what was acknowledged is on the disk."""


class Phase(Enum):
    """What a connection does; see above."""

    WAITING = "waiting"
    RECEIVING = "receiving"
    ANSWERING = "answering"
    LINGERING = "lingering"


_MAY_END = (Phase.LINGERING, Phase.WAITING, Phase.RECEIVING)
"""Phases in which a connection may be ended for the sake of another one, in this order."""


class Crowd:
    """All open connections of a process."""

    def __init__(self, most: int, most_of_peer: int, is_proxy: Callable[[str], bool]) -> None:
        self._most = most
        self._most_of_peer = most_of_peer
        self._is_proxy = is_proxy
        """Whether a peer speaks for many: then only the limit of all applies to it."""
        self._connections: dict[Connection, str] = {}
        """Oldest first, with the peer's address, which is kept nowhere else."""

    def enter(self, new: Connection, peer: str) -> None:
        """Count a connection. If there are too many, end the one that can be spared best."""
        self._connections[new] = peer
        of_peer = [each for each, other in self._connections.items() if other == peer]
        if len(of_peer) > self._most_of_peer and not self._is_proxy(peer):
            self._end_one(of_peer)
        if len(self._connections) > self._most:
            self._end_one(list(self._connections))

    def leave(self, connection: Connection) -> None:
        """Count a connection no longer."""
        self._connections.pop(connection, None)

    def _end_one(self, among: list[Connection]) -> None:
        newest = among[-1]
        for phase in _MAY_END:
            candidates = [each for each in among if each.phase is phase and each is not newest]
            if candidates:
                min(candidates, key=lambda each: each.since).end()
                return
        newest.end()


class Connection(H11Protocol):
    """One connection, with a time-out in every phase."""

    def __init__(self, crowd: Crowd, **given: Any) -> None:  # noqa: ANN401 (uvicorn's arguments)
        super().__init__(**given)
        self._crowd = crowd
        self._timer: asyncio.TimerHandle | None = None
        self._timed: Phase | None = None
        self._unread: asyncio.TimerHandle | None = None
        self.since = self.loop.time()
        """When the present phase began, on the event loop's clock."""

    @property
    def phase(self) -> Phase:
        """What it does now."""
        answered = self.cycle is None or self.cycle.response_complete
        if self.conn.their_state is h11.SEND_BODY:
            return Phase.LINGERING if answered else Phase.RECEIVING
        return Phase.WAITING if answered else Phase.ANSWERING

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Enter the crowd; wait for the first request."""
        super().connection_made(transport)
        self._begin(Phase.WAITING, HEADER_SECONDS)
        self._crowd.enter(self, self.client[0] if self.client else "")

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the crowd."""
        self._crowd.leave(self)
        self._stop_timer()
        self._stop_unread()
        self._unset_keepalive_if_required()  # uvicorn forgets it after a reset
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Go on. Headers that have begun have to end soon, however many bytes they have."""
        super().data_received(data)
        phase = self.phase
        if phase is Phase.WAITING:
            if self._timed is not Phase.WAITING:
                self._begin(phase, HEADER_SECONDS)
        elif phase is not Phase.LINGERING:
            self._stop_timer()
            self.since = self.loop.time() if self._timed is Phase.WAITING else self.since
            self._timed = phase

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of one that is answered already."""
        super().on_response_complete()
        self._stop_timer()
        self._timed, self.since = None, self.loop.time()
        if self.phase is Phase.LINGERING:
            self._begin(Phase.LINGERING, LINGER_SECONDS)

    def pause_writing(self) -> None:
        """Nobody reads: not for long."""
        super().pause_writing()
        self._stop_unread()
        self._unread = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Somebody reads."""
        super().resume_writing()
        self._stop_unread()

    def end(self) -> None:
        """Close the connection."""
        if not self.transport.is_closing():
            self.transport.close()

    def _begin(self, phase: Phase, seconds: float) -> None:
        self._stop_timer()
        self._timed, self.since = phase, self.loop.time()
        self._timer = self.loop.call_later(seconds, self.end)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _stop_unread(self) -> None:
        if self._unread:
            self._unread.cancel()
            self._unread = None


class Server(uvicorn.Server):
    """uvicorn's server, which says when it listens and ends within END_SECONDS."""

    def __init__(self, config: uvicorn.Config, address: str, version: str) -> None:
        super().__init__(config)
        self._address = address
        self._version = version

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load, listen, and say so."""
        await super().startup(sockets)
        _keep_loaded()
        if self.started:
            sys.stderr.write(f"Takeback listens on {self._address}\n")
            log.info("listening", extra={"version": self._version})

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        end_soon()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let open requests come to their end, for a while."""
        log.info("ending", extra={"version": self._version})
        await super().shutdown(sockets)
        log.info("ended", extra={"version": self._version})


def _keep_loaded() -> None:
    """Let the garbage collector pass over what is loaded now, which stays until the end.

    It would go through all of it (170,000 objects, 80 ms) each time that as much has been made
    anew, which is after six lookups of 1,000 items: two thirds of what these cost.
    """
    gc.collect()
    gc.freeze()


def end_soon() -> None:
    """End this process after END_SECONDS, whatever it does then. It is as safe as a power cut."""

    def end() -> None:
        log.warning("ended while something still ran")
        logging.shutdown()
        os._exit(0)

    timer = threading.Timer(END_SECONDS, end)
    timer.daemon = True
    timer.start()


def serve(app: FastAPI, settings: Settings) -> None:
    """Answer HTTP requests until a signal comes. Raises InvalidSetting if it cannot listen."""
    sys.setswitchinterval(SWITCH_SECONDS)
    listening = bound(settings.host, settings.port)
    with listening:
        try:
            server_of(app, settings).run(sockets=[listening])
        except OSError as err:
            raise _cannot_listen(settings.host, settings.port, err) from err


def server_of(app: FastAPI, settings: Settings) -> Server:
    """Return a server that does not run yet."""
    crowd = Crowd(settings.connections, settings.connections_per_peer, settings.is_proxy)
    config = uvicorn.Config(
        app,
        http=partial(Connection, crowd),  # type: ignore[arg-type]  # it is only called
        ws="none",
        lifespan="on",
        access_log=False,  # it would contain network addresses
        log_config=None,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return Server(config, f"http://{host}:{settings.port}", app.version)


def bound(host: str, port: int) -> socket.socket:
    """Return a socket with that address, which does not listen yet: nobody is let in to wait."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as err:
        raise _cannot_listen(host, port, err) from err
    return bound


def _cannot_listen(host: str, port: int, err: OSError) -> InvalidSetting:
    if err.errno == errno.EADDRINUSE:
        return InvalidSetting(
            f"Port {port} of {host} is in use. Choose another one with TAKEBACK_PORT, or end the "
            "program that uses it."
        )
    if err.errno in {errno.EACCES, errno.EPERM}:
        return InvalidSetting(
            f"This user may not listen on port {port}. Choose one from 1024 on with TAKEBACK_PORT."
        )
    return InvalidSetting(
        f"TAKEBACK_HOST is {host}, which is no address of this machine. Choose one that is, or "
        "0.0.0.0 for all."
    )
