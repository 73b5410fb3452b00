"""The tail: the newest codes, in memory and scanned, until they are flushed to a segment.

It is what log-structured stores call a memtable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.matching.bit_order import Words
from service.matching.codes import Ids
from service.matching.scan import Thin, Triples, scan_live, scan_thinned

_CAPACITY = 1024


@dataclass(frozen=True, slots=True)
class Tail:
    """The first `count` rows of three arrays, which may have capacity for more.

    Appending writes behind these rows and returns a new tail that shares the arrays, so that
    searches in the old one are not disturbed. Only the newest tail may be appended to.
    """

    ids: Ids
    words: Words
    removed: NDArray[np.uint8]
    """The tombstone bitmap, a byte a row: not 0 for what is never returned."""
    count: int = 0

    @classmethod
    def empty(cls, capacity: int = _CAPACITY) -> Tail:
        """Return a tail without codes."""
        return cls(
            np.empty(capacity, np.int64),
            np.empty((capacity, 4), np.uint64),
            np.zeros(capacity, np.uint8),
        )

    def appended(self, ids: Ids, words: Words) -> Tail:
        """Return a tail that holds these codes too, at its end."""
        end = self.count + len(ids)
        target = self
        if end > len(self.ids):
            target = Tail.empty(max(2 * len(self.ids), end))
            target.ids[: self.count] = self.ids[: self.count]
            target.words[: self.count] = self.words[: self.count]
            target.removed[: self.count] = self.removed[: self.count]
        target.ids[self.count : end], target.words[self.count : end] = ids, words
        return replace(target, count=end)

    def subset(self, rows: NDArray[np.intp]) -> Tail:
        """Return a tail with arrays of its own that holds these rows."""
        return Tail.empty(max(len(rows), _CAPACITY)).appended(self.ids[rows], self.words[rows])

    def live_rows(self) -> NDArray[np.intp]:
        """Return the rows that were not removed."""
        return np.flatnonzero(self.removed[: self.count] == 0)

    def search(self, queries: Words, radius: int, thin: Thin | None = None) -> Triples:
        """Return (query, id, distance) of every code within the radius, in the order of queries."""
        words = self.words[: self.count]
        if thin:
            return scan_thinned(queries, words, self.ids, self.removed, radius, thin)
        return scan_live(queries, words, self.ids, self.removed, radius)
