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
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from crawler.inspecting.answers import Unbelievable, greeting
from crawler.limits import CHILD_TOGETHER, MAX_RESULT, child_seconds

_START_SECONDS = 60.0
"""For a child to load its libraries, on a busy machine."""
_GRACE_SECONDS = 10.0
"""After the alarm that ends a child from within."""
_HEAD, _READ = 4, 2**20
"""Bytes of an answer's length, and as many as are read at once."""
_ROOT = Path(__file__).parents[2]
_PASSED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PATH")
"""Variables that a child gets: no key, no proxy, nothing that it could tell."""


class Died(Exception):
    """A child died of what it was given, or answered what none does."""


@dataclass(slots=True, eq=False)
class _Asked:
    """A question, until it has an answer. One that may be asked together with others is `small`."""

    descriptor: int
    request: dict[str, Any]
    small: bool
    answer: asyncio.Future[bytes]


class Children:
    """Asks as many at once as there are children, for one event loop.

    What is small, and has come while all were busy, is asked together: it is answered in less time.
    """

    def __init__(self, children: Sequence[Child]) -> None:
        self._free = list(children)
        self._waiting: deque[_Asked] = deque()
        self._asking: dict[asyncio.Task[None], list[_Asked]] = {}
        self._soon = False

    async def ask(self, descriptor: int, request: dict[str, Any], *, small: bool = False) -> bytes:
        """Return a child's answer about an anonymous file. Raises Died."""
        asked = _Asked(descriptor, request, small, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._begin_soon()
        try:
            return await asked.answer
        except asyncio.CancelledError:
            self._give_up(asked)
            raise

    def _begin_soon(self) -> None:
        """After whoever else is about to ask: answers of a host often come together."""
        if not self._soon:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        self._soon = False
        while self._free and self._waiting:
            child, batch = self._free.pop(), self._next()
            task = asyncio.create_task(self._ask(child, batch))
            self._asking[task] = batch
            task.add_done_callback(partial(self._ended, child))

    def _next(self) -> list[_Asked]:
        """What is asked now: the first, and this child's share of what is small behind it."""
        most = min(CHILD_TOGETHER, -(-len(self._waiting) // (len(self._free) + 1)))
        batch = [self._waiting.popleft()]
        while self._waiting and len(batch) < most and batch[0].small and self._waiting[0].small:
            batch.append(self._waiting.popleft())
        return batch

    async def _ask(self, child: Child, batch: list[_Asked]) -> None:
        try:
            # From this thread, the main one: the system ends a child with the thread that made it.
            child.launch()
            await child.greeted()
            # Some may have been given up, and their descriptors are closed.
            batch[:] = [asked for asked in batch if not asked.answer.done()]
            answers = await child.ask([(asked.descriptor, asked.request) for asked in batch])
            for asked, answer in zip(batch, answers, strict=True):
                if not asked.answer.done():
                    asked.answer.set_result(answer)
        except (Died, OSError):  # OSError: no process can be made
            self._died(batch)
        except asyncio.CancelledError:  # its answer would come to whoever asks next
            child.close()
            raise

    def _ended(self, child: Child, task: asyncio.Task[None]) -> None:
        """Also if it was given up before it began."""
        batch = self._asking.pop(task)
        failure = None if task.cancelled() else task.exception()
        for asked in batch:
            if failure and not asked.answer.done():
                asked.answer.set_exception(failure)
        self._free.append(child)
        self._begin_soon()

    def _died(self, batch: list[_Asked]) -> None:
        """One of a batch was what the child died of: each is asked again, by itself."""
        waits = [asked for asked in batch if not asked.answer.done()]
        if len(batch) == 1:
            for asked in waits:
                asked.answer.set_exception(Died())
            return
        for asked in reversed(waits):
            asked.small = False
            self._waiting.appendleft(asked)

    def _give_up(self, asked: _Asked) -> None:
        """Nobody waits for an answer. A child that only makes such is ended."""
        if asked in self._waiting:
            self._waiting.remove(asked)
        for task, batch in self._asking.items():
            if asked in batch and all(each.answer.done() for each in batch):
                task.cancel()


class Child:
    """One process in a role, started when it is first needed. `close` it."""

    def __init__(self, role: str, *options: str) -> None:
        self._role = role
        self._command = (role, *options)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self.holds: list[str] = []
        """What confines it, once it has answered."""

    @property
    def pid(self) -> int | None:
        """Its number, if it lives."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    async def greeted(self) -> None:
        """Wait until it has loaded what it needs, once it is launched. Raises Died."""
        if self.holds or self._socket is None:
            return
        try:
            async with asyncio.timeout(_START_SECONDS):
                (said,) = await _read(self._socket, 1)
                self.holds = greeting(said)
        except (OSError, Unbelievable) as err:  # TimeoutError is an OSError
            self.close()
            raise Died from err

    async def ask(self, requests: Sequence[tuple[int, dict[str, Any]]]) -> list[bytes]:
        """Send requests, each about a descriptor, and wait for their answers. Raises Died."""
        if (connection := self._socket) is None:
            raise Died
        try:
            async with asyncio.timeout(child_seconds(self._role, len(requests)) + _GRACE_SECONDS):
                await _send(connection, requests)
                return await _read(connection, len(requests))
        except (OSError, Unbelievable) as err:
            self.close()
            raise Died from err

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


async def _send(connection: socket.socket, requests: Sequence[tuple[int, dict[str, Any]]]) -> None:
    text = json.dumps([request for _, request in requests]).encode()
    said = struct.pack("!II", len(requests), len(text)) + text
    sent = socket.send_fds(connection, [said], [descriptor for descriptor, _ in requests])
    if sent < len(said):
        await asyncio.get_running_loop().sock_sendall(connection, said[sent:])


async def _read(connection: socket.socket, count: int) -> list[bytes]:
    """Read so many answers, and nothing else."""
    loop = asyncio.get_running_loop()
    answers: list[bytes] = []
    came = bytearray()
    while len(answers) < count:
        length = int.from_bytes(came[:_HEAD])
        if length > MAX_RESULT:
            raise Unbelievable
        if len(came) < _HEAD + length or len(came) < _HEAD:
            part = await loop.sock_recv(connection, _READ)
            if not part:
                raise ConnectionResetError
            came += part
            continue
        answers.append(bytes(came[_HEAD : _HEAD + length]))
        del came[: _HEAD + length]
    if came:
        raise Unbelievable
    return answers
