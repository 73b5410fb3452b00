"""Chromium's DevTools protocol over one socket: commands, answers, events.

What comes is of a browser that runs the scripts of strangers, so its form is checked, and its size.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import Callable
from typing import Any, TypeAlias

from crawler.limits import DEVTOOLS_BYTES

Json: TypeAlias = dict[str, Any]
OnEvent = Callable[[str, str, Json], None]
"""Is given session, method and parameters."""


class Gone(Exception):
    """The browser has ended, or says what none does."""


class Refused(Exception):
    """The browser cannot do what it was asked for: what it is about may have ended."""


class Devtools:
    """One connection. What is awaited when the browser ends raises Gone."""

    def __init__(self, on_event: OnEvent) -> None:
        self.gone = asyncio.Event()
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self, connection: socket.socket) -> None:
        """Begin to read."""
        connection.setblocking(False)  # noqa: FBT003 (the only way to say it)
        reader, self._writer = await asyncio.open_connection(sock=connection, limit=DEVTOOLS_BYTES)
        self._task = asyncio.create_task(self._read(reader))

    async def close(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()

    async def ask(self, method: str, session: str = "", **parameters: object) -> Json:
        """Return the answer to a command. Raises Gone and Refused."""
        number = self.tell(method, session, **parameters)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            return await answer
        finally:
            self._waiting.pop(number, None)

    def tell(self, method: str, session: str = "", **parameters: object) -> int:
        """Send a command, whatever the answer. Raises Gone."""
        if self._writer is None or self.gone.is_set():
            raise Gone
        number = next(self._numbers)
        command: Json = {"id": number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        self._writer.write(json.dumps(command).encode() + b"\0")
        return number

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                self._take(json.loads((await reader.readuntil(b"\0"))[:-1]))
        except (
            *(asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError),
            *(ValueError, KeyError, TypeError, AttributeError, RecursionError),
        ):
            pass
        finally:
            self.gone.set()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(Gone())

    def _take(self, message: Json) -> None:
        if "id" not in message:
            self._on_event(message.get("sessionId", ""), message["method"], message["params"])
            return
        answer = self._waiting.get(message["id"])
        if answer is None or answer.done():
            return
        with contextlib.suppress(asyncio.InvalidStateError):
            if "result" in message:
                answer.set_result(message["result"])
            else:
                answer.set_exception(Refused())
