"""Children that decode, seen from their parent, which replaces each one that dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crawler.inspecting.answers import Unbelievable, greeting
from crawler.limits import (
    CHILD_MEDIUM_SECONDS,
    CHILD_PAGE_SECONDS,
    MAX_RESULT,
)

_START_SECONDS = 60.0
"""For a child to load its libraries, on a busy machine."""
_GRACE_SECONDS = 10.0
"""After the alarm that ends a child from within."""
_ROOT = Path(__file__).parents[2]
_PASSED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PATH")
"""Variables that a child gets: no key, no proxy, nothing that it could tell."""
_SECONDS = {"media": CHILD_MEDIUM_SECONDS, "pages": CHILD_PAGE_SECONDS}


class Died(Exception):
    """A child died of what it was given, or answered what none does."""


class Children:
    """Asks as many at once as there are children, for one event loop."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._free: asyncio.LifoQueue[Child] = asyncio.LifoQueue()
        for child in children:
            self._free.put_nowait(child)

    async def ask(self, descriptor: int, request: dict[str, Any]) -> bytes:
        """Return a child's answer about an anonymous file. Raises Died."""
        child = await self._free.get()
        try:
            # From this thread, the main one: the system ends a child with the thread that made it.
            child.launch()
            # Shielded: a thread that still uses the child must end before the next one does.
            return await asyncio.shield(asyncio.to_thread(child.ask, descriptor, request))
        except OSError as err:  # no process can be made
            raise Died from err
        except asyncio.CancelledError:
            child.close()
            raise
        finally:
            self._free.put_nowait(child)


class Child:
    """One process in a role, started when it is first needed. `close` it."""

    def __init__(self, role: str, *options: str) -> None:
        self._command = (role, *options)
        self._seconds = _SECONDS[role] + _GRACE_SECONDS
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self.holds: list[str] = []
        """What confines it, once it has answered."""

    @property
    def pid(self) -> int | None:
        """Its number, if it lives."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def ask(self, descriptor: int, request: dict[str, Any]) -> bytes:
        """Send a request and wait for its answer, once it is launched. Raises Died."""
        with self._lock:
            connection = self._socket
            if connection is None:  # closed meanwhile
                raise Died
            try:
                answer = self._exchange(connection, descriptor, json.dumps(request).encode())
            except (OSError, Unbelievable) as err:
                self.close()
                raise Died from err
            return answer

    def _exchange(self, connection: socket.socket, descriptor: int, text: bytes) -> bytes:
        if not self.holds:
            connection.settimeout(_START_SECONDS)
            self.holds = greeting(_read(connection))
        connection.settimeout(self._seconds)
        said = struct.pack("!I", len(text)) + text
        sent = socket.send_fds(connection, [said], [descriptor])
        connection.sendall(said[sent:])
        return _read(connection)

    def launch(self) -> None:
        """Start the process unless it lives. Raises OSError."""
        if self.pid is not None:
            return
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-B", "-m", "crawler.inspecting.child", str(number)]
            try:
                self._process = subprocess.Popen(  # noqa: S603 (our own module)
                    [*command, *self._command],
                    pass_fds=[number],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # decoders print what they read
                    env=_environment(),
                    cwd="/",
                )
            except OSError:
                ours.close()
                raise
        self._socket, self.holds = ours, []

    def close(self) -> None:
        """Kill it, if it lives."""
        process, self._process = self._process, None
        connection, self._socket = self._socket, None
        if process is not None:
            process.kill()
            process.wait()
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()


def _environment() -> dict[str, str]:
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {**threads, **passed, "PYTHONPATH": str(_ROOT)}


def _read(connection: socket.socket) -> bytes:
    (length,) = struct.unpack("!I", _exactly(connection, 4))
    if length > MAX_RESULT:
        raise Unbelievable
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    parts: list[bytes] = []
    while length:
        part = connection.recv(min(length, 2**20))
        if not part:
            raise ConnectionResetError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
