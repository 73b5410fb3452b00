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
            return await child.ask(descriptor, request)
        except OSError as err:  # no process can be made
            raise Died from err
        except asyncio.CancelledError:  # its answer would come to whoever asks next
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
        self.holds: list[str] = []
        """What confines it, once it has answered."""

    @property
    def pid(self) -> int | None:
        """Its number, if it lives."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    async def ask(self, descriptor: int, request: dict[str, Any]) -> bytes:
        """Send a request and wait for its answer, once it is launched. Raises Died."""
        if (connection := self._socket) is None:
            raise Died
        try:
            return await self._exchange(connection, descriptor, json.dumps(request).encode())
        except (OSError, Unbelievable) as err:  # TimeoutError is an OSError
            self.close()
            raise Died from err

    async def _exchange(self, connection: socket.socket, descriptor: int, text: bytes) -> bytes:
        if not self.holds:
            async with asyncio.timeout(_START_SECONDS):
                self.holds = greeting(await _read(connection))
        said = struct.pack("!I", len(text)) + text
        async with asyncio.timeout(self._seconds):
            sent = socket.send_fds(connection, [said], [descriptor])
            if sent < len(said):
                await asyncio.get_running_loop().sock_sendall(connection, said[sent:])
            return await _read(connection)

    def launch(self) -> None:
        """Start the process unless it lives. Raises OSError."""
        if self.pid is not None:
            return
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)  # noqa: FBT003 (the only way to say it)
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


async def _read(connection: socket.socket) -> bytes:
    (length,) = struct.unpack("!I", await _exactly(connection, 4))
    if length > MAX_RESULT:
        raise Unbelievable
    return await _exactly(connection, length)


async def _exactly(connection: socket.socket, length: int) -> bytes:
    loop = asyncio.get_running_loop()
    parts: list[bytes] = []
    while length:
        part = await loop.sock_recv(connection, min(length, 2**20))
        if not part:
            raise ConnectionResetError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
