"""A proxy on the loopback that breaks connections at random, as a bad network does."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

from tests.loopback import answering

_RESET = struct.pack("ii", 1, 0)
_PIECE = 2**14
MOST = 6 * 2**20
"""Bytes that a connection carries at most before it is reset: one in six breaks within 1 MiB."""
UNHEARD = 0.05
"""Of requests that arrive whole, those whose answer is lost."""


class FlakyProxy(ThreadingTCPServer):
    """Carries bytes to a server, and not all of them."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, server: str, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Carrier)
        parts = urlsplit(server)
        self.target = (parts.hostname or "", parts.port or 0)
        self.resets = 0
        self._draw = Random(seed)
        self._lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a connection that broke is what this is for."""

    def drawn(self) -> tuple[int, bool]:
        """After how many bytes a connection is reset, and whether its answer is lost."""
        with self._lock:
            return self._draw.randrange(MOST), self._draw.random() < UNHEARD

    def count(self) -> None:
        with self._lock:
            self.resets += 1


class _Carrier(BaseRequestHandler):
    server: FlakyProxy

    def handle(self) -> None:
        left, unheard = self.server.drawn()
        here: socket.socket = self.request
        with socket.create_connection(self.server.target, timeout=60) as there:
            back = threading.Thread(target=self._back, args=(there, here, unheard), daemon=True)
            back.start()
            while piece := here.recv(_PIECE):
                left -= len(piece)
                if left < 0:
                    self._reset(here, there)
                    return
                there.sendall(piece)
            with suppress(OSError):
                there.shutdown(socket.SHUT_WR)
            back.join(60)

    def _back(self, there: socket.socket, here: socket.socket, unheard: bool) -> None:  # noqa: FBT001 (a thread's arguments)
        left, _ = self.server.drawn()
        with suppress(OSError):
            while piece := there.recv(_PIECE):
                left -= len(piece)
                if unheard or left < 0:
                    self._reset(here, there)
                    return
                here.sendall(piece)
            here.shutdown(socket.SHUT_WR)

    def _reset(self, *ends: socket.socket) -> None:
        self.server.count()
        for one in ends:
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                one.shutdown(socket.SHUT_RD)
                one.close()


@contextmanager
def flaky(server: str, seed: int) -> Iterator[tuple[FlakyProxy, str]]:
    """Carry bytes to a server; give the proxy, and its address."""
    with answering(FlakyProxy(server, seed)) as proxy:
        yield proxy, f"http://127.0.0.1:{proxy.server_address[1]}"
