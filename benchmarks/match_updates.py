"""How long a search waits while the index changes.

    python -m benchmarks.match_updates [--size 1M] [--seconds 5] [--json FILE]

One thread asks single questions that miss, without pause: while nothing else happens, while
another adds and removes a hundred codes at a time, and while that one also writes every tail
into a segment and merges segments. Times are of the asking thread; it shares the cores with the
other, so the largest are those of the machine's scheduler.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.sets import SEED, uniform
from benchmarks.system import size_of
from service.matching import merge_policy
from service.matching.bit_order import permute_bits
from service.matching.index import HammingIndex
from service.matching.segment_directory import SegmentDirectory
from service.matching.warm import warm

RADIUS = 31
AT_ONCE = 100
"""Codes added, and half as many removed, in one go."""


class Waited(NamedTuple):
    """Microseconds of a question, and what the other thread did meanwhile."""

    load: str
    asked: int
    p50_us: float
    p99_us: float
    most_us: float
    added: int
    written: int


class Changing:
    """An index, and a thread's worth of changes to it."""

    def __init__(self, folder: Path, size: int) -> None:
        self.index = HammingIndex()
        self._directory = SegmentDirectory(folder, {"codes": self.index})
        self._fresh = count(size)
        self._random = np.random.default_rng(SEED)
        with self._directory.write_lock(wait=True):
            words = permute_bits(uniform(size))
            self._directory.rebuild("codes", np.arange(size, dtype=np.int64), words)
            self._directory.commit(_paused)

    def change(self) -> None:
        """Add some codes, and remove half as many others."""
        ids = np.array([next(self._fresh) for _ in range(AT_ONCE)], np.int64)
        self.index.add(ids, self._random.integers(0, 256, (AT_ONCE, 32), np.uint8))
        self.index.remove(self._random.integers(0, ids[0], AT_ONCE // 2).tolist())

    def write(self) -> bool:
        """Write the tail, and merge, when that is due; return whether it was."""
        if not self._directory.is_flush_due(0):
            return False
        with self._directory.write_lock():
            self._directory.commit(_paused)
        return True


@contextmanager
def _paused() -> Iterator[int]:
    """The one thread that changes the index is the one that writes it."""
    yield 0


def waited(changing: Changing, load: str, work: Callable[[], bool], seconds: float) -> Waited:
    """Ask for some seconds while another thread works."""
    asked = uniform(4096, SEED + 1)
    stop = threading.Event()
    done = [0, 0]

    def others() -> None:
        while not stop.is_set():
            done[1] += work()
            done[0] += AT_ONCE

    thread = threading.Thread(target=others if load != "nothing" else stop.wait)
    thread.start()
    spent: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        one = asked[len(spent) % len(asked)][None]
        began = time.perf_counter()
        changing.index.search(one, RADIUS)
        spent.append(time.perf_counter() - began)
    stop.set()
    thread.join()
    p50, p99, most = (float(each) * 1e6 for each in np.percentile(spent, [50, 99, 100]))
    return Waited(load, len(spent), round(p50, 1), round(p99, 1), round(most, 1), *done)


def main() -> None:
    """Measure, print, write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=size_of, default=size_of("1M"))
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    warm()
    with tempfile.TemporaryDirectory() as folder:
        changing = Changing(Path(folder), chosen.size)

        def change() -> bool:
            changing.change()
            time.sleep(0.01)
            return False

        def write() -> bool:
            changing.change()
            return changing.write()

        rows = [
            waited(changing, load, work, chosen.seconds)
            for load, work in (
                ("nothing", bool),
                ("10,000 adds a second", change),
                ("adds, segments, merges", write),
            )
        ]
        left = [segment.count for segment in changing.index.segments]
    every = merge_policy.TAIL_CODES
    print(f"{chosen.size:,} codes, radius {RADIUS}, seed {SEED}, a segment every {every:,}")
    print(
        f"{'meanwhile':24} {'asked':>8} {'p50 µs':>8} {'p99 µs':>8} {'most µs':>9} {'written':>8}"
    )
    for row in rows:
        print(
            f"{row.load:24} {row.asked:8,} {row.p50_us:8.1f} {row.p99_us:8.1f} {row.most_us:9.1f}"
            f" {row.written:8}"
        )
    print(f"segments left: {left}")
    if chosen.json:
        chosen.json.write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
