"""The bodies of requests: read within limits of size, time and memory.

A body is refused before it is read if it says that it is too large. Larger ones share a fixed
amount of memory; while that is used up they wait, and after a few seconds are answered with 503.
Whoever sends slowly gives way to whoever waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, unique

from fastapi import Request
from starlette.requests import ClientDisconnect

from service import limits
from service.domain.errors import Busy, TooLarge, TooSlow
from service.edge import work_threads
from service.edge.work_threads import Threads

_MAX_DIGITS = 20
"""Digits read of a Content-Length: enough for any limit, few enough for int() (CVE-2020-10735)."""


class BytePool:
    """A number of bytes that tasks of one event loop take and give back, first come first served.

    `when_short` is called when somebody has to wait.
    """

    def __init__(self, capacity: int, when_short: Callable[[], None] = lambda: None) -> None:
        self._free = capacity
        self._when_short = when_short
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def short(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    async def take(self, size: int) -> None:
        """Take bytes, after a wait if need be. Raises Busy if that was too long."""
        if not size or (size <= self._free and not self._waiting):
            self._free -= size
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.append((size, granted))
        self._when_short()
        try:
            async with asyncio.timeout(limits.WAIT_SECONDS):
                await granted
        except BaseException as err:
            if granted.done() and not granted.cancelled():
                self.give(size)  # granted in the moment in which the wait ended
            else:
                self._waiting.remove((size, granted))
                self._grant()
            if isinstance(err, TimeoutError):
                raise Busy from None
            raise

    def give(self, size: int) -> None:
        """Give bytes back."""
        self._free += size
        self._grant()

    def _grant(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            size, granted = self._waiting.popleft()
            if granted.cancelled():  # it is about to leave the queue
                self._waiting.appendleft((size, granted))
                return
            self._free -= size
            granted.set_result(None)


@dataclass(eq=False)
class _Arrival:
    """A larger body that is being received."""

    began: float
    """Of the event loop's clock, in seconds."""
    deadline: asyncio.Timeout
    held: int = 0
    """Bytes taken from the pool."""
    evicted: bool = False

    def end(self, now: float) -> None:
        self.evicted = True
        self.deadline.reschedule(now)


@dataclass(eq=False)
class Lane:
    """The memory for larger bodies of one kind of callers, and the threads in which they work."""

    threads: Threads
    validations: Threads = field(default_factory=lambda: Threads(1))
    """For one large document at a time: each holds the interpreter, which lookups need too."""
    held: BytePool = field(init=False)
    parsed: BytePool = field(init=False)
    _arriving: dict[_Arrival, None] = field(default_factory=dict)
    """Oldest first."""

    def __post_init__(self) -> None:
        self.held = BytePool(limits.HELD_BYTES, self._make_room)
        self.parsed = BytePool(limits.PARSED_BYTES)

    @asynccontextmanager
    async def arriving(self, deadline: asyncio.Timeout) -> AsyncIterator[_Arrival]:
        """Count a body among those that arrive; give its memory back at the end."""
        arrival = _Arrival(asyncio.get_running_loop().time(), deadline)
        self._arriving[arrival] = None
        try:
            yield arrival
        except BaseException:
            self.held.give(arrival.held)
            raise
        finally:
            del self._arriving[arrival]

    def _make_room(self) -> None:
        """End the body that has been arriving for longest, as soon as that is long enough."""
        if not self.held.short:
            return
        loop = asyncio.get_running_loop()
        for oldest in self._arriving:
            if oldest.evicted:
                continue
            if loop.time() >= oldest.began + limits.EVICT_SECONDS:
                oldest.end(loop.time())
            else:
                loop.call_at(oldest.began + limits.EVICT_SECONDS + 0.01, self._make_room)
            return


@asynccontextmanager
async def body_of(request: Request, lane: Lane, most: int) -> AsyncIterator[bytes]:
    """Read the body of a request; give its memory back when the block ends.

    `most` is how many bytes it may have. Raises TooLarge, TooSlow or Busy.
    """
    if declared_length(request.scope["headers"]) > most:
        raise TooLarge
    body, held = await _read(request, lane, most)
    weight = min(held, limits.PARSED_BYTES)
    try:
        await lane.parsed.take(weight)
        try:
            yield body
        finally:
            lane.parsed.give(weight)
    finally:
        lane.held.give(held)


async def _read(request: Request, lane: Lane, most: int) -> tuple[bytes, int]:
    """Return the body, and how many bytes of it were taken from the pool of the lane."""
    loop = asyncio.get_running_loop()
    began, body = loop.time(), bytearray()
    arrival = None
    try:
        async with (
            asyncio.timeout(limits.BODY_IDLE_SECONDS) as deadline,
            lane.arriving(deadline) as arrival,
        ):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise TooLarge
                if len(body) > limits.SMALL_BODY:
                    await lane.held.take(len(body) - arrival.held)
                    arrival.held = len(body)
                if not arrival.evicted:
                    deadline.reschedule(_deadline(began, loop.time(), len(body)))
    except TimeoutError:
        raise (Busy if arrival and arrival.evicted else TooSlow) from None
    except ClientDisconnect:  # nobody reads the answer
        raise TooSlow from None
    return bytes(body), arrival.held


def _deadline(began: float, now: float, received: int) -> float:
    """Return when the next part of a body must be here, on the event loop's clock."""
    return min(
        began + limits.BODY_SECONDS,
        now + limits.BODY_IDLE_SECONDS,
        began + limits.BODY_IDLE_SECONDS + received / limits.BODY_RATE,
    )


def declared_length(headers: list[tuple[bytes, bytes]]) -> int:
    """Return the Content-Length of a request, 0 if there is none."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value[:_MAX_DIGITS])
    return 0


@unique
class Callers(Enum):
    """The kinds of callers, none of which can use up what another one needs."""

    OPENING = work_threads.OPENING
    OWNER = work_threads.OWNERS
    KEY_HOLDER = work_threads.KEY_HOLDERS
    MEMBER = work_threads.MEMBERS
    EVIDENCE = work_threads.EVIDENCE


def lanes() -> dict[Callers, Lane]:
    """Return a lane for each kind of callers."""
    return {kind: Lane(Threads(kind.value)) for kind in Callers}


def enter_lane(request: Request, callers: Callers) -> Lane:
    """Let a request work in the threads of a kind of callers; return their memory."""
    lane: Lane = request.app.state.lanes[callers]
    work_threads.use(lane.threads)
    return lane
