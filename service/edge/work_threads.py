"""Threads in which routes work, apart by kind of caller: none can use up those of another.

What waits for the store's one writer, or searches for seconds, keeps its thread for so long.
"""

from __future__ import annotations

import asyncio
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from functools import partial, wraps
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from anyio import to_thread

OPENING = 4
"""Threads for submissions, which need no credential. On SQLite one of them writes at a time."""
OWNERS = 6
"""For status, withdrawal and undo, which therefore go on whoever submits. With OPENING these are
fewer than the 15 connections to the store: some are left for lookups."""
KEY_HOLDERS = 24
"""For lookups, observations and feedback."""
PROVING = 40
"""For looking at credentials before a body is read, whoever sends them. A key whose small body is
here already is looked at in the threads of KEY_HOLDERS: that takes less than a millisecond."""
_IDLE_SECONDS = 10
"""After which a thread without work ends."""

Result = TypeVar("Result")
_Task = tuple[AbstractEventLoop, "Future[Any]", Callable[..., Any], tuple[Any, ...]]


class Threads:
    """So many threads at most, each started when no other one is idle, first come first served.

    AnyIO's limiters and threads do the same for three times the processor time, which was a tenth
    of a lookup's. A cancellation, as when the server ends, ends the waiting and not the work.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._changing = threading.Lock()
        self._running = self._waiting = self._pending = 0
        """Threads; those of them without a task; tasks that no thread has."""

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:  # noqa: ANN401 (of `work`)
        """Return what a function returns in one of the threads; raise what it raises."""
        loop = asyncio.get_running_loop()
        done: Future[Result] = loop.create_future()
        with self._changing:
            self._tasks.put((loop, done, work, arguments))
            self._pending += 1
            starts = self._pending > self._waiting and self._running < self._most
            self._running += starts
        if starts:
            self._start()
        return await done

    def _start(self) -> None:
        try:
            threading.Thread(target=self._work, name="work", daemon=True).start()
        except RuntimeError:  # the system has no more: those that run do it
            with self._changing:
                self._running -= 1
                if not self._running:
                    raise

    def _work(self) -> None:
        while task := self._next():
            _do(*task)
            del task  # what it holds is not kept while this thread is idle

    def _next(self) -> _Task | None:
        """The next task, or None if this thread is to end."""
        with self._changing:
            if task := self._taken():
                return task
            self._waiting += 1
        try:
            task = self._tasks.get(timeout=_IDLE_SECONDS)
        except Empty:
            task = None
        with self._changing:
            self._waiting -= 1
            if task:
                self._pending -= 1
            else:
                task = self._taken()  # what came in this moment counted on this thread
                self._running -= task is None
        return task

    def _taken(self) -> _Task | None:
        try:
            task = self._tasks.get_nowait()
        except Empty:
            return None
        self._pending -= 1
        return task


def _do(
    loop: AbstractEventLoop,
    done: Future[Any],
    work: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> None:
    try:
        tell = partial(_succeed, done, work(*arguments))
    except StopIteration as err:  # which no future may hold
        tell = partial(_fail, done, RuntimeError(type(err).__name__))
    except BaseException as err:  # noqa: BLE001 (it is raised where it is waited for)
        tell = partial(_fail, done, err)
    with suppress(RuntimeError):  # the loop has ended: nobody waits
        loop.call_soon_threadsafe(tell)


def _succeed(done: Future[Any], result: object) -> None:
    if not done.done():  # it is cancelled when the server ends
        done.set_result(result)


def _fail(done: Future[Any], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)


_current: ContextVar[Threads | None] = ContextVar("threads", default=None)


def use(threads: Threads) -> None:
    """Let the route of this request work in these threads."""
    _current.set(threads)


def in_threads(work: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a coroutine function that does the same in the threads that are used."""

    @wraps(work)
    async def work_in_thread(**arguments: Any) -> Any:  # noqa: ANN401 (the route's own)
        if threads := _current.get():
            return await threads.run(partial(work, **arguments))
        return await to_thread.run_sync(partial(work, **arguments))

    return work_in_thread
