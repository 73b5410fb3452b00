"""Threads in which routes work, apart by kind of caller: none can use up those of another.

What waits for the store's one writer, or searches for seconds, keeps its thread for so long.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any

from anyio import CapacityLimiter, to_thread

OPENING = 4
"""Threads for submissions, which need no credential. On SQLite one of them writes at a time."""
OWNERS = 6
"""For status, withdrawal and undo, which therefore go on whoever submits. With OPENING these are
fewer than the 15 connections to the store: some are left for lookups."""
KEY_HOLDERS = 24
"""For lookups, observations and feedback."""

_current: ContextVar[CapacityLimiter | None] = ContextVar("threads", default=None)


def use(threads: CapacityLimiter) -> None:
    """Let the route of this request work in these threads."""
    _current.set(threads)


def in_threads(work: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a coroutine function that does the same in the threads that are used."""

    @wraps(work)
    async def work_in_thread(**arguments: Any) -> Any:  # noqa: ANN401 (the route's own)
        return await to_thread.run_sync(partial(work, **arguments), limiter=_current.get())

    return work_in_thread
