"""One system with one set at one size, measured in a process of its own.

So its memory is freed when it ends, and its threads disturb nobody. `prepared` makes the codes,
the questions and the true answers that all systems of one set and size share.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks import sets
from benchmarks.ours import Takeback
from benchmarks.peers import Flat, MultiHash, PyNear, ThreatExchange
from benchmarks.pgvector import PgVector
from benchmarks.sets import Codes
from benchmarks.system import Pairs, System

_ALL: tuple[type[System], ...] = (
    Takeback,
    Flat,
    MultiHash,
    ThreatExchange,
    PyNear,
    PgVector,
)
SYSTEMS = {system.name: system for system in _ALL}
ONES_S, BATCH_S, LEAST = 2.0, 0.5, 30
"""Seconds for single questions of one kind, seconds for batches; at least LEAST questions."""
QUESTIONS = {10**6: 500, 10**7: 200, 10**9: 60}
"""Size up to which so many questions of a kind are prepared; a slow system is asked fewer."""
WARM_UP = 10
THREADS = (1, 2)
ODD_FLIPS = 0x5EED
FRESH = 1_000_003
"""Added to the seed of the stored codes for those that are asked and not stored."""


class Row(NamedTuple):
    """`p50_us` and `p99_us` of single questions (one thread), `per_second` of batches.

    `recall` against the linear scan, of hits. `asked`: single questions timed, or in the batch.
    """

    system: str
    size: int
    set: str
    radius: int
    kind: str
    threads: int
    p50_us: float | None
    p99_us: float | None
    per_second: float
    recall: float | None
    bytes_per_signal: float
    build_per_second: float
    start_s: float | None
    asked: int


class Task(NamedTuple):
    """Which codes, and what is asked of them."""

    set: str
    size: int
    radii: tuple[int, ...]
    folder: Path
    seed: int

    def file(self, what: str) -> Path:
        """Where `prepared` leaves something, and every trial finds it."""
        return self.folder / f"{self.set}-{self.size}-{what}.npy"


def prepared(task: Task) -> int:
    """Save codes, questions of each kind and true answers; return how many of each kind."""
    codes = sets.SETS[task.set](task.size, task.seed)
    np.save(task.file("codes"), codes)
    scan = Flat()
    scan.build(codes)
    scan.threads(2)
    count = next(count for most, count in QUESTIONS.items() if task.size <= most)
    rng = np.random.default_rng([task.seed, ODD_FLIPS, task.size])
    for radius in task.radii:
        flips = rng.integers(0, radius + 1, count)
        hits = sets.turned(codes[rng.integers(0, task.size, count)], flips, rng)
        np.save(task.file(f"hit-{radius}"), hits)
        np.save(task.file(f"true-{radius}"), np.stack(scan.search(hits, radius)))
    # A quarter of a skewed set has near ones: enough are drawn that `count` have none.
    fresh = sets.SETS[task.set](3 * count, task.seed + FRESH)
    near = np.unique(scan.search(fresh, max(task.radii)).queries)
    misses = np.delete(fresh, near, axis=0)[:count]
    np.save(task.file("miss"), misses)
    return len(misses)


def measured(system: str, task: Task) -> list[Row]:
    """Build one system and ask it everything."""
    codes = np.load(task.file("codes"))
    _tried(SYSTEMS[system](), codes[:1000])
    tested = SYSTEMS[system]()
    tested.threads(1)
    before = _private()
    began = time.perf_counter()
    tested.build(codes)
    build_s = time.perf_counter() - began
    held = tested.held()
    held = _private() - before if held is None else held
    del codes
    try:
        start_s = tested.start(task.folder)
        about = {
            "bytes_per_signal": round(held / task.size, 1),
            "build_per_second": round(task.size / build_s),
            "start_s": None if start_s is None else round(start_s, 4),
        }
        rows = []
        for radius in task.radii:
            for kind in ("hit", "miss"):
                rows += _asked(tested, task, radius, kind, about)
        return rows
    finally:
        tested.close()


def _tried(small: System, codes: Codes) -> None:
    """Load and compile what would otherwise count as building and memory."""
    small.threads(1)
    small.build(codes)
    small.search(codes[:2], 31)
    small.close()


def _asked(tested: System, task: Task, radius: int, kind: str, about: dict[str, Any]) -> list[Row]:
    asked = np.load(task.file("miss" if kind == "miss" else f"hit-{radius}"))
    tested.threads(1)
    spent, found = _ones(tested, asked, radius)
    done = asked[: len(spent)]
    rows = []
    for threads in THREADS:
        tested.threads(threads)
        seconds, batch = _batch(tested, done, radius)
        p50, p99 = (round(float(one), 1) for one in np.percentile(spent, [50, 99]))
        rows.append(
            Row(
                system=tested.name,
                size=task.size,
                set=task.set,
                radius=radius,
                kind=kind,
                threads=threads,
                p50_us=p50 if threads == 1 else None,
                p99_us=p99 if threads == 1 else None,
                per_second=round(len(done) / seconds, 1),
                recall=_recall(task, radius, kind, len(done), found if threads == 1 else batch),
                asked=len(done),
                **about,
            )
        )
    return rows


def _ones(tested: System, asked: Codes, radius: int) -> tuple[list[float], Pairs]:
    """Ask one by one; return microseconds of each, and all that was found."""
    for at in range(WARM_UP):
        tested.search(asked[len(asked) - at - 1 :][:1], radius)
    spent: list[float] = []
    found: list[NDArray[np.int64]] = []
    until = time.perf_counter() + ONES_S
    while len(spent) < len(asked) and (len(spent) < LEAST or time.perf_counter() < until):
        one = asked[len(spent) : len(spent) + 1]
        began = time.perf_counter_ns()
        pairs = tested.search(one, radius)
        spent.append((time.perf_counter_ns() - began) / 1000)
        found.append(pairs.stored)
    owners = np.repeat(np.arange(len(found)), [len(some) for some in found])
    return spent, Pairs(owners, np.concatenate(found))


def _batch(tested: System, asked: Codes, radius: int) -> tuple[float, Pairs]:
    """Ask all at once, again until BATCH_S are over; return seconds of the median one."""
    spent: list[float] = []
    while sum(spent) < BATCH_S:
        began = time.perf_counter()
        found = tested.search(asked, radius)
        spent.append(time.perf_counter() - began)
    return float(np.median(spent)), found


def _recall(task: Task, radius: int, kind: str, asked: int, found: Pairs) -> float | None:
    """Share of a question's true answers that was found, on average; no other may have been."""
    queries, stored = (
        np.empty((2, 0), np.int64) if kind == "miss" else np.load(task.file(f"true-{radius}"))
    )
    some = queries < asked
    true = queries[some] * task.size + stored[some]
    got = np.unique(found.queries * task.size + found.stored)
    if wrong := len(np.setdiff1d(got, true)):
        raise ValueError(f"{wrong} answers are not within {radius} bits")
    if kind == "miss":
        return None
    shares = np.bincount(got // task.size, minlength=asked) / np.bincount(queries[some])
    return round(float(shares.mean()), 4)


def _private() -> int:
    """Bytes of memory that this process has for itself, after giving back what is free."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    return int(psutil.Process().memory_full_info().uss)
