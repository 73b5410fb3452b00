"""Work shared out to the processor's cores."""

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


class Work(StrEnum):
    """What the threads of one pool do, so that no search waits for a merge."""

    SEARCH = "search"
    BUILD = "build"


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(
    work: Work, act: Callable[[T], R], items: Iterable[T], *, threads: int | None = None
) -> list[R]:
    """Do one thing to every item on all cores, or so many threads; return the results in order.

    `act` must let go of the interpreter's lock while it works, and must not call `spread`.
    """
    return list(_pool(work, threads or cores()).map(act, items))


@cache
def _pool(work: Work, threads: int) -> ThreadPoolExecutor:
    yielding = _yield_to_others if work is Work.BUILD else None
    return ThreadPoolExecutor(threads, thread_name_prefix=work, initializer=yielding)


def _yield_to_others() -> None:
    """Linux gives each thread a priority of its own; elsewhere this one is like the others."""
    with suppress(OSError):
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, max(_NICE, os.getpriority(os.PRIO_PROCESS, me)))
