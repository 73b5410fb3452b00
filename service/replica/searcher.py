"""The seam between those who search and how the search is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from hashing.signals import SignalType
from service.matching.codes import Codes, Most, Neighbours
from service.matching.index import HammingIndex
from service.replica.holders import Holders
from service.store.changes import Space

Indexes = Mapping[tuple[Space, SignalType], HammingIndex]
"""One for each space and perceptual type."""

_MOST_REMEMBERED = 2_000_000
"""Pairs that are remembered for one request: 48 MB."""


@dataclass(frozen=True, slots=True)
class IndexStatistics:
    """How much is searched for one space and signal type."""

    space: Space
    signal_type: SignalType
    signals: int
    unflushed: int
    """How many of these signals are in memory alone, in no segment yet."""
    segments: int


class Searcher(Protocol):
    """Finds the stored signals near given ones. Every implementation promises the following.

    **Exact.** The result is that of a linear scan over all signals of the space and type that the
    store had at the position of the replica: every pair within the radius, once, with its true
    distance. A signal that is added, removed or replaced while the search runs may already be
    found or still be found, and for that moment may be missing or come twice.

    **All or an error.** An implementation of several parts has asked all of them, or raises
    NotReady. It never returns what only some of them found.

    **Thread-safe.** Any number of threads may search at once, and while the replica catches up
    and flushes. The arrays that are returned belong to the caller.

    **Plain values.** Arguments and results are values that could have crossed a network. Nothing
    in them refers to an index, a segment, a mapped file or another process.
    """

    def search(
        self,
        space: Space,
        signal_type: SignalType,
        codes: Codes,
        radius: int,
        most: Most | None = None,
    ) -> Neighbours:
        """Return every pair of a row of `codes`, uint8 (n, 32), and a signal within the radius.

        `signal_type` is a perceptual one; the radius is 0 to 256 bits. There may be no codes.
        Codes may repeat: each row is answered as if it were alone, so a caller that wants equal
        ones searched once removes the repetitions first. Pairs come in ascending order of the
        row; those of one row come in no particular order.

        With `most`, pairs that are over its limits may be left out, and none that is within them:
        then no code has many times more, however many signals are near it. Raises NotReady.
        """
        ...

    def statistics(self) -> list[IndexStatistics]:
        """Return figures for every space and perceptual type, each once. Raises NotReady."""
        ...


class LocalSearcher:
    """A Searcher over the indexes of this process, which needs nobody else and so always answers.

    Before the replica is loaded its indexes are empty: ask `Replica.ready` first.
    """

    def __init__(self, indexes: Indexes, holders: Holders) -> None:
        self._indexes = indexes
        self._holders = holders

    def search(
        self,
        space: Space,
        signal_type: SignalType,
        codes: Codes,
        radius: int,
        most: Most | None = None,
    ) -> Neighbours:
        """As Searcher promises. A batch is split over all cores."""
        thin = partial(self._holders.thinned, space, most) if most else None
        return self._indexes[space, signal_type].search(codes, radius, thin=thin)

    def statistics(self) -> list[IndexStatistics]:
        """As Searcher promises."""
        return [
            IndexStatistics(space, signal_type, len(index), index.unflushed, len(index.segments))
            for (space, signal_type), index in self._indexes.items()
        ]


class RememberingSearcher:
    """A Searcher that answers what it is asked again as it did before: for one request."""

    def __init__(self, inner: Searcher) -> None:
        self._inner = inner
        self._answers: dict[tuple[object, ...], Neighbours] = {}
        self._pairs = 0

    def search(
        self,
        space: Space,
        signal_type: SignalType,
        codes: Codes,
        radius: int,
        most: Most | None = None,
    ) -> Neighbours:
        """As Searcher promises; the arrays are shared with whoever asks the same."""
        asked = (space, signal_type, codes.tobytes(), radius, most)
        known = self._answers.get(asked)
        if known is not None:
            return known
        found = self._inner.search(space, signal_type, codes, radius, most)
        self._pairs += len(found.ids)
        if self._pairs <= _MOST_REMEMBERED:
            self._answers[asked] = found
        return found

    def statistics(self) -> list[IndexStatistics]:
        """As Searcher promises."""
        return self._inner.statistics()
