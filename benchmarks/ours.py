"""Our index, behind the same Protocol as the peers."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sets import Codes
from benchmarks.system import ALWAYS, Pairs

NAME = "bench"


class Takeback:
    """`HammingIndex` over segments of a `SegmentDirectory`, as a process of the service has it.

    Built is from codes and ids to files that are searched; started is to map them and to check
    every checksum. Its machine code is there before, as it is before a service is ready.
    """

    name = "takeback"
    most, reason = ALWAYS, ""
    counts = "its files, and a byte a code in memory"

    def __init__(self) -> None:
        from service.matching.warm import warm  # noqa: PLC0415 (compiles)

        warm()
        self._folder = Path(tempfile.mkdtemp(prefix="takeback-"))
        self._threads = 1
        self._index: Any = None

    def build(self, codes: Codes) -> None:
        """Write segments of all codes, their places as ids."""
        from service.matching.bit_order import permute_bits  # noqa: PLC0415 (compiles)

        directory = self._directory()
        with directory.write_lock(wait=True):
            directory.rebuild(NAME, np.arange(len(codes), dtype=np.int64), permute_bits(codes))
            directory.commit(_paused)

    def threads(self, count: int) -> None:
        """Use so many from now on."""
        self._threads = count

    def search(self, codes: Codes, radius: int) -> Pairs:
        """Return what it finds, in the order of the queries."""
        hits = self._index.search(codes, radius, threads=self._threads)
        return Pairs(hits.queries, hits.ids)

    def held(self) -> int | None:
        """Return the size of the segments, and of the marks of what was removed."""
        return sum(file.stat().st_size for file in self._folder.glob("*.segment")) + len(
            self._index
        )

    def start(self, folder: Path) -> float | None:
        """Open what was built, and search in that from now on."""
        del folder
        began = time.perf_counter()
        self._directory().open()
        return time.perf_counter() - began

    def close(self) -> None:
        """Erase the segments."""
        shutil.rmtree(self._folder)

    def _directory(self) -> Any:  # noqa: ANN401 (of a module that compiles when it is loaded)
        from service.matching.index import HammingIndex  # noqa: PLC0415 (compiles)
        from service.matching.segment_directory import SegmentDirectory  # noqa: PLC0415 (compiles)

        self._index = HammingIndex()
        return SegmentDirectory(self._folder, {NAME: self._index})


@contextmanager
def _paused() -> Iterator[int]:
    """Nothing else changes the index: it stays at the first position."""
    yield 0
