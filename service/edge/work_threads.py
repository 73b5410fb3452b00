"""Threads in which routes work, apart by kind of caller: none can use up those of another.

What waits for the store's one writer, or searches for seconds, keeps its thread for so long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any, TypeVar

from anyio import to_thread

OPENING = 4
"""Threads for submissions, which need no credential. On SQLite one of them writes at a time."""
OWNERS = 6
"""For status, withdrawal and undo, which therefore go on whoever submits. With OPENING and EVIDENCE
these are fewer than the 15 connections to the store: one is left for lookups at least."""
KEY_HOLDERS = 24
"""For lookups, observations and feedback."""
MEMBERS = 8
"""For members of organisations: five of them may wait for a turn to check a password
(`proofs.passwords`), and leave two for whoever is signed in."""
EVIDENCE = 3
"""For chunks and records of evidence, each of which waits for the disk: whoever sends 2 GiB keeps
no owner from her case."""
PROVING = 40
"""For looking at credentials before a body is read, whoever sends them. A key whose small body is
here already is looked at in the threads of KEY_HOLDERS: that takes less than a millisecond."""

Result = TypeVar("Result")


class Threads:
    """So many threads at most; who comes first is served first.

    The standard library's pool takes two thirds of the processor time of AnyIO's, which was a tenth
    of a lookup's.
    """

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="work")

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:  # noqa: ANN401 (of `work`)
        """Return what a function returns in one of the threads; raise what it raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, work, *arguments)


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
