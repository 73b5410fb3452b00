"""What the benchmark of matching asks of a system, ours or a peer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.sets import Codes

GROWTH = "growth of the process"
ALWAYS = 10**9


UNITS = {"k": 10**3, "M": 10**6}


def size_of(text: str) -> int:
    """Return the number that 100k, 1M or 100000 stands for. Raises ValueError."""
    number, unit = (text[:-1], UNITS[text[-1]]) if text[-1:] in UNITS else (text, 1)
    return int(float(number) * unit)


class Pairs(NamedTuple):
    """A query's place and a stored code's, one pair an element."""

    queries: NDArray[np.int64]
    stored: NDArray[np.int64]


class System(Protocol):
    """What is measured. One object serves one set of codes.

    `most`: codes up to which it runs unless asked by name, and `reason` why no more; `counts`:
    what `held` counts.
    """

    name: str
    most: int
    reason: str
    counts: str

    def build(self, codes: Codes) -> None:
        """Take in all codes, uint8 (n, 32)."""

    def threads(self, count: int) -> None:
        """Use so many from now on."""

    def search(self, codes: Codes, radius: int) -> Pairs:
        """Find what is at most `radius` bits from each query, uint8 (q, 32)."""

    def held(self) -> int | None:
        """Bytes of the index, None where it is the growth of the process."""

    def start(self, folder: Path) -> float | None:
        """Seconds to open what was saved before, None where it cannot be."""

    def close(self) -> None:
        """Leave nothing behind."""


def listed(found: list[list[int]]) -> Pairs:
    """Return as pairs what was found of each query."""
    counts = [len(some) for some in found]
    places = [place for some in found for place in some]
    return Pairs(np.repeat(np.arange(len(found)), counts), np.array(places, np.int64))


def halved(search: Callable[[Codes, int], Pairs], codes: Codes, threads: int) -> Pairs:
    """Search with Python's threads, a part of the queries each: for what has none of its own."""
    if threads == 1:
        return search(codes, 0)
    parts = np.array_split(codes, threads)
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(search, parts, range(threads)))
    starts = np.cumsum([0, *map(len, parts[:-1])])
    queries = [some.queries + start for some, start in zip(found, starts, strict=True)]
    return Pairs(np.concatenate(queries), np.concatenate([some.stored for some in found]))
