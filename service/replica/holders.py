"""Which content each stored signal belongs to, for many signals at once and from memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from service.matching import turns
from service.matching.codes import Ids, Most
from service.matching.scan import Found, Triples
from service.store import observations, provenance
from service.store.changes import Space
from service.store.database import Database

Rows = NDArray[np.int64]
"""(code, signal id, distance): (n, 3), those of one code in a row."""
Ranges = NDArray[np.int64]
"""(first id, last id, content, observer): (n, 4), ascending. The observer is 0 but in `observed`,
and of what was purged."""

_MOST_RANGES = 500_000
"""Ranges kept of each space: 12 MB. More are forgotten, all at once."""
_SAMPLE = 900
"""Signals asked for in one statement, spread over those that are unknown."""


class Holders:
    """Ranges of ids that were read from the store, when they were first asked for.

    The ids of one content are in a row and never used again, so a range stays true for ever. Any
    thread may ask.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ranges = {space: np.empty((0, 4), np.int64) for space in Space}
        self._reading = threading.Lock()

    def of(self, space: Space, ids: Ids) -> Ids:
        """Return the content of each signal. One that is erased meanwhile has a negative one."""
        rows = np.zeros((len(ids), 3), np.int64)
        rows[:, 1] = ids
        ranges, place = self._placed(space, rows)
        contents: Ids = ranges[place, 2]
        return contents

    def thinned(
        self,
        space: Space,
        most: Most,
        found: Found,
        ids: Ids,
        removed: NDArray[np.uint8],
        radius: int,
    ) -> Triples:
        """Return what one scan found, without most of what `nearest` is sure to leave out."""
        ranges = self._ranges[space]
        while True:
            triples, unknown = turns.wanted(*found, ids, removed, ranges, most.signals, radius)
            if not len(unknown):
                return cast("Triples", triples)
            ranges = self._read(space, ranges, unknown)

    def nearest(self, space: Space, rows: Rows, most: Most) -> Rows:
        """Return the rows of each code that are within the limits, in their order.

        Where a code has more, every content has its nearest signal before any has its second, and
        so on. Among what was observed, whoever saw it has a turn in the same way.
        """
        if len(rows) <= most.signals:
            return rows
        ranges, place = self._placed(space, rows, fewest=most.signals)
        by_observer = space is Space.OBSERVED
        kept = turns.nearest(rows, place, ranges, by_observer, *most)
        return rows if kept.all() else rows[kept]

    def in_turns(self, space: Space, rows: Rows) -> Ids:
        """Return the order in which rows of many codes are kept: the same turns, over all codes.

        Of rows that are equal so far, those of a code that is near few signals come first.
        """
        ranges, place = self._placed(space, rows)
        order: Ids = turns.in_turns(rows, place, ranges, space is Space.OBSERVED)
        return order

    def _placed(
        self, space: Space, rows: Rows, fewest: int = 0
    ) -> tuple[Ranges, NDArray[np.int32]]:
        """The ranges, and where in them each row's signal is, of codes with more than so many."""
        place = np.empty(len(rows), np.int32)
        ranges = self._ranges[space]
        while turns.places(rows, ranges, fewest, place):
            ranges = self._read(space, ranges, rows[place == turns.UNKNOWN, 1])
        return ranges, place

    def _read(self, space: Space, ranges: Ranges, unknown: Ids) -> Ranges:
        """Return the ranges, and those of the contents of some of the unknown signals."""
        unknown = np.unique(unknown)
        spread = np.unique(np.linspace(0, len(unknown) - 1, _SAMPLE).astype(np.int64))
        ids = unknown[spread].tolist()
        with self._reading:  # so that all threads of a search together take one connection
            new = self._stored(space, ids)
            every = np.concatenate((self._ranges[space], ranges, new))
            every = every[np.unique(every[:, 0], return_index=True)[1]]
            self._ranges[space] = every if len(every) <= _MOST_RANGES else every[:0]
        return every

    def _stored(self, space: Space, ids: Sequence[int]) -> Ranges:
        """The ranges of the contents of some signals; of one that is gone, of itself alone."""
        with self._database.read() as tx:
            found = provenance.ranges(tx, space, ids)
            of_these = [content for _, _, content in found]
            known = observations.by_id(tx, of_these) if space is Space.OBSERVED else {}
        rows = [(*one, known[one[2]].actor_id if one[2] in known else 0) for one in found]
        new = np.array(sorted(rows), np.int64).reshape(-1, 4)
        wanted = np.zeros((len(ids), 3), np.int64)
        wanted[:, 1] = ids
        place = np.empty(len(ids), np.int32)
        turns.places(wanted, new, 0, place)
        gone = wanted[place == turns.UNKNOWN, 1]
        alone = np.stack((gone, gone, -gone, np.zeros_like(gone)), axis=1)
        return np.concatenate((new, alone))
