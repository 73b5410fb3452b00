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
from pathlib import Path

from crawler.inspecting.answers import NotInspected, Unbelievable, parsed
from crawler.inspecting.memory import MemoryFile
from crawler.limits import CHILD_MEDIA, CHILD_MEDIUM_SECONDS, MAX_RESULT
from hashing.signals import ContentSignals
from hashing.views.profile import Profile

Inspected = ContentSignals | NotInspected

CRASHED = NotInspected("decoder_crashed")
_START_SECONDS = 60.0
"""For a child to load its libraries, on a busy machine."""
_GRACE_SECONDS = 10.0
"""After the alarm that ends a child from within."""
_ROOT = Path(__file__).parents[2]
_PASSED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PATH")
"""Variables that a child gets: no key, no proxy, nothing that it could tell."""


class Children:
    """Inspects as many media at once as there are children. `close` it."""

    def __init__(self, count: int, profile: Profile) -> None:
        self._profile = profile
        self._free: asyncio.LifoQueue[_Child] = asyncio.LifoQueue()
        self._all = [_Child(profile) for _ in range(count)]
        for child in self._all:
            self._free.put_nowait(child)

    async def inspect(self, medium: MemoryFile) -> Inspected:
        """Return a medium's signals, or why it has none. It never raises for what a medium is."""
        child = await self._free.get()
        try:
            # Shielded: a thread that still uses the child must end before the next one does.
            return await asyncio.shield(asyncio.to_thread(child.inspect, medium))
        except asyncio.CancelledError:
            child.close()
            raise
        finally:
            self._free.put_nowait(child)

    def close(self) -> None:
        """End the children."""
        for child in self._all:
            child.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of those that live."""
        return [pid for child in self._all if (pid := child.pid)]

    @property
    def holds(self) -> list[str]:
        """What confines the last child that was started; nothing before the first."""
        return next((child.holds for child in self._all if child.holds), [])


class _Child:
    """One process, started when it is first needed."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._served = 0
        self._lock = threading.Lock()
        self.holds: list[str] = []

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process and process.poll() is None else None

    def inspect(self, medium: MemoryFile) -> Inspected:
        """Send a medium and wait for its signals."""
        with self._lock:
            return self._once(medium)

    def _once(self, medium: MemoryFile) -> Inspected:
        assert medium.format is not None  # noqa: S101 (`end` was called)
        try:
            connection = self._ready()
            connection.settimeout(CHILD_MEDIUM_SECONDS + _GRACE_SECONDS)
            name = medium.format.value.encode()
            socket.send_fds(connection, [name], [medium.descriptor])
            answer = parsed(_read(connection))
        except (OSError, Unbelievable):  # it died, or is not itself any more
            self.close()
            return CRASHED
        self._served += 1
        if self._served >= CHILD_MEDIA:
            self.close()
        return answer

    def _ready(self) -> socket.socket:
        """Return the socket of a child that lives. Raises OSError."""
        if self._socket is None or self.pid is None:
            self.close()
            self._start()
        assert self._socket is not None  # noqa: S101 (just made)
        return self._socket

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-B", "-m", "crawler.inspecting.child"]
            self._process = subprocess.Popen(  # noqa: S603 (our own module)
                [*command, str(number), self._profile.value],
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # decoders print what they read
                env=_environment(),
                cwd="/",
            )
        self._socket, self._served = ours, 0
        ours.settimeout(_START_SECONDS)
        try:
            self.holds = _greeting(_read(ours))
        except (OSError, Unbelievable):
            self.close()
            raise OSError from None

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


def _greeting(untrusted: bytes) -> list[str]:
    try:
        return [str(each) for each in json.loads(untrusted)["holds"]]
    except (ValueError, KeyError, TypeError) as err:
        raise Unbelievable from err


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
