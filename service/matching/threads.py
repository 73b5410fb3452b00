"""Pools of threads that use all the cores of the processor."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from enum import StrEnum
from functools import cache
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_NICE = 10


class Pool(StrEnum):
    """What a pool is for. There are two, so that no search waits for a merge."""

    SEARCH = "search"
    BUILD = "build"


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_parallel(
    pool: Pool, function: Callable[[T], R], items: Iterable[T], *, threads: int | None = None
) -> list[R]:
    """Call a function with every item, in as many threads as there are cores, or in `threads`.

    Returns the results in order. The function must release the interpreter's lock while it
    works, and must not call `map_parallel`.
    """
    return list(_executor(pool, threads or cores()).map(function, items))


@cache
def _executor(pool: Pool, threads: int) -> ThreadPoolExecutor:
    initializer = _lower_priority if pool is Pool.BUILD else None
    return ThreadPoolExecutor(threads, thread_name_prefix=pool, initializer=initializer)


def _lower_priority() -> None:
    """Linux has a priority for each thread; elsewhere building competes with searches."""
    with suppress(OSError):
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(_NICE, os.getpriority(os.PRIO_PROCESS, thread)))
