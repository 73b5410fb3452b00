"""The newest codes, in memory, scanned: what no segment holds yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.matching.codes import Ids, Rows, Words
from service.matching.scan import scan

_ROOM = 1024


@dataclass(frozen=True, slots=True)
class Tail:
    """The first `count` rows of three arrays that may have room for more.

    Appending writes behind them and gives a new tail, so whoever searches this one goes on
    undisturbed; the arrays are shared between both. Only one may be appended to: the newest.
    """

    ids: Ids
    words: Words
    removed: NDArray[np.uint8]
    count: int = 0

    @classmethod
    def empty(cls, room: int = _ROOM) -> Tail:
        """Return a tail without codes."""
        return cls(
            np.empty(room, np.int64), np.empty((room, 4), np.uint64), np.zeros(room, np.uint8)
        )

    def appended(self, ids: Ids, words: Words) -> Tail:
        """Return a tail with these behind the others."""
        end = self.count + len(ids)
        roomy = self
        if end > len(self.ids):
            roomy = Tail.empty(max(2 * len(self.ids), end))
            roomy.ids[: self.count] = self.ids[: self.count]
            roomy.words[: self.count] = self.words[: self.count]
            roomy.removed[: self.count] = self.removed[: self.count]
        roomy.ids[self.count : end], roomy.words[self.count : end] = ids, words
        return replace(roomy, count=end)

    def kept(self, places: NDArray[np.intp]) -> Tail:
        """Return a tail of its own with the rows at these places."""
        return Tail.empty(max(len(places), _ROOM)).appended(self.ids[places], self.words[places])

    def live(self) -> NDArray[np.intp]:
        """Return the places of what was not removed."""
        return np.flatnonzero(self.removed[: self.count] == 0)

    def search(self, queries: Words, radius: int) -> Rows:
        """Return (query, id, distance) of every code within the radius, in the order of queries."""
        rows = scan(queries, self.words[: self.count], radius)
        if len(rows):
            rows = rows[self.removed[rows[:, 1]] == 0]
            rows[:, 1] = self.ids[rows[:, 1]]
        return rows
