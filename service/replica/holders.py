"""Which content each stored signal belongs to, for many signals at once and from memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.matching.codes import Ids
from service.store import provenance
from service.store.changes import Space
from service.store.database import Database

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
        self._ranges = {space: np.empty((0, 3), np.int64) for space in Space}
        self._reading = threading.Lock()

    def of(self, space: Space, ids: Ids) -> Ids:
        """Return the content of each signal. One that is erased meanwhile has a negative one."""
        unique, which = np.unique(ids, return_inverse=True)
        ranges = self._ranges[space]
        while True:
            holder, known = _located(ranges, unique)
            unknown = unique[~known]
            if not len(unknown):
                return holder[which]
            spread = np.unique(np.linspace(0, len(unknown) - 1, _SAMPLE).astype(np.int64))
            ranges = self._read(space, ranges, unknown[spread].tolist())

    def _read(
        self, space: Space, ranges: NDArray[np.int64], ids: Sequence[int]
    ) -> NDArray[np.int64]:
        """Return the ranges, and those of the contents of some signals."""
        with self._database.read() as tx:
            new = np.array(provenance.ranges(tx, space, ids), np.int64).reshape(-1, 3)
        new = new[np.argsort(new[:, 0])]
        gone = [
            one
            for one, known in zip(ids, _located(new, np.array(ids))[1], strict=True)
            if not known
        ]
        alone = np.array([(one, one, -one) for one in gone], np.int64).reshape(-1, 3)
        every = np.concatenate((ranges, new, alone))
        every = every[np.unique(every[:, 0], return_index=True)[1]]
        with self._reading:
            self._ranges[space] = every if len(every) <= _MOST_RANGES else every[:0]
        return every


def _located(ranges: NDArray[np.int64], ids: Ids) -> tuple[Ids, NDArray[np.bool_]]:
    """The content of each id, and whether any range has it."""
    if not len(ranges):
        return np.zeros(len(ids), np.int64), np.zeros(len(ids), bool)
    at = np.maximum(np.searchsorted(ranges[:, 0], ids, side="right") - 1, 0)
    first, last, holder = ranges[at].T
    return holder, (first <= ids) & (ids <= last)
