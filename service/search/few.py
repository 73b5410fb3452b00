"""The signals of a few entries, searched apart from all others.

Nothing that other cases hold changes the answer, its limits, or how long it takes.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from hashing.signals import SignalType
from service.domain.errors import TooLarge
from service.matching.codes import Codes, Ids, Most, Neighbours, codes_of
from service.replica.searcher import IndexStatistics
from service.search.neighbours import PERCEPTUAL
from service.store import provenance
from service.store.changes import Space
from service.store.database import Tx

_MOST_PAIRS = 200_000_000
"""Of a value and a stored signal, compared in one call: about two seconds."""
_PAIRS_AT_ONCE = 4_000_000
"""Compared at a time: 128 MB."""


class FewEntries:
    """A Searcher over the signals of some active entries, which have to be compared one by one."""

    def __init__(self, tx: Tx, entry_ids: Collection[int]) -> None:
        self.entry_ids = frozenset(entry_ids)
        stored = provenance.of_contents(tx, Space.BANK, sorted(self.entry_ids))
        self._signals: dict[SignalType, tuple[Codes, Ids]] = {}
        for kind in PERCEPTUAL:
            of_kind = [one for one in stored if one.provenance.type is kind]
            ids = np.array([one.provenance.signal_id for one in of_kind], np.int64)
            self._signals[kind] = codes_of(one.value for one in of_kind), ids

    def search(
        self,
        space: Space,
        signal_type: SignalType,
        codes: Codes,
        radius: int,
        most: Most | None = None,
    ) -> Neighbours:
        """As Searcher promises, of these entries and the bank alone. Raises TooLarge."""
        del most  # few signals need no limit
        nothing = np.empty(0, np.int64)
        stored, ids = self._signals[signal_type]
        if space is not Space.BANK or not len(ids) or not len(codes):
            return Neighbours(nothing, nothing, nothing)
        if len(codes) * len(ids) > _MOST_PAIRS:
            raise TooLarge
        step = max(1, _PAIRS_AT_ONCE // len(ids))
        parts = [
            _near(codes[start : start + step], stored, radius, start)
            for start in range(0, len(codes), step)
        ]
        rows, columns, distances = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Neighbours(rows, ids[columns], distances)

    def statistics(self) -> list[IndexStatistics]:
        """As Searcher promises."""
        return [
            IndexStatistics(Space.BANK, kind, len(ids), len(ids), 0)
            for kind, (_, ids) in self._signals.items()
        ]


def _near(
    codes: Codes, stored: Codes, radius: int, start: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    asked = np.ascontiguousarray(codes).view(np.uint64)
    known = np.ascontiguousarray(stored).view(np.uint64)
    differing = np.bitwise_count(asked[:, None, :] ^ known[None, :, :])
    distances = differing.sum(axis=2, dtype=np.int64)
    rows, columns = np.nonzero(distances <= radius)
    return rows + start, columns, distances[rows, columns]
