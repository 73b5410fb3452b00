"""An exact Hamming-radius index over 256-bit codes: immutable segments, and a tail in memory.

Its results equal those of a linear scan, and what is added or removed shows in the next search.
Searches take no lock: they read one reference to the current segments and tail. Adding, and
installing segments, replaces that reference; removing marks codes in the tombstone bitmaps. The
index is a cache of the store: everything in it can be read again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.matching.bit_order import Words, permute_bits
from service.matching.codes import Codes, Ids, Neighbours
from service.matching.scan import Thin, Triples, no_triples
from service.matching.segment import Segment
from service.matching.tail import Tail
from service.matching.threads import Pool, cores, map_parallel

_FEWEST_QUERIES = 16
"""That a thread is given of a batch."""
_FEWEST_PAIRS = 1_000_000
"""Of queries and codes in a batch that is split: a scan of fewer takes a millisecond, and handing
parts to threads takes as long."""


class _State(NamedTuple):
    segments: tuple[Segment, ...]
    tail: Tail


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an index holds at one moment: a copy, which later changes do not alter."""

    ids: Ids
    """Of the tail, without what was removed."""
    words: Words
    segments: tuple[tuple[Segment, NDArray[np.bool_]], ...]
    """Each with which of its codes were removed."""

    def live_codes(self, index: int) -> tuple[Ids, Words]:
        """Return the codes of one of the segments that were not removed."""
        segment, removed = self.segments[index]
        return segment.ids[~removed], segment.words[~removed]


class HammingIndex:
    """Codes with an id each. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._writing = threading.Lock()
        self._state = _State((), Tail.empty())
        self._tail_rows: dict[int, int] = {}
        """Row in the tail of each id there that was not removed."""
        self._removals: list[tuple[int, Ids]] = []
        """Store position and ids of each removal that no installed segments include yet."""

    def __len__(self) -> int:
        return len(self._tail_rows) + sum(each.live_count for each in self._state.segments)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The current segments."""
        return self._state.segments

    @property
    def unflushed(self) -> int:
        """How many codes are in the tail and in no segment."""
        return len(self._tail_rows)

    def add(self, ids: Ids, codes: Codes) -> None:
        """Add codes, uint8 (n, 32), under ids of 0 or more; ids that are there are ignored."""
        self.add_permuted(ids, permute_bits(codes))

    def add_permuted(self, ids: Ids, words: Words) -> None:
        """Add codes whose bits are permuted already."""
        with self._writing:
            segments, tail = self._state
            new = np.sort(np.unique(ids, return_index=True)[1])
            new = new[~_in_segments(segments, ids[new])]
            new = new[[one not in self._tail_rows for one in ids[new].tolist()]]
            if not len(new):
                return
            start = tail.count
            self._state = _State(segments, tail.appended(ids[new], words[new]))
            self._tail_rows.update(zip(ids[new].tolist(), count(start), strict=False))

    def remove(self, ids: Iterable[int], *, change: int = 0) -> None:
        """Remove codes by id; ids that are not there are ignored.

        `change` is the store's position of the removal, for `install`.
        """
        gone = np.fromiter(ids, np.int64)
        with self._writing:
            self._removals.append((change, gone))
            segments, tail = self._state
            rows = [self._tail_rows.pop(one, None) for one in gone.tolist()]
            tail.removed[[row for row in rows if row is not None]] = 1
            for segment in segments:
                segment.remove(gone)

    def replace(self, ids: Ids, codes: Codes, *, change: int = 0) -> None:
        """Add these ids, each given once, to the tail, and remove them from where they were.

        It is for ids that were removed and came back between two looks at the store. To ignore
        them would be wrong: in a manifest of a position between the two they are removed, and
        only a code in the tail outlasts its installation. A search that starts later finds each
        id once; one that runs meanwhile may miss it, or find it twice.
        """
        words = permute_bits(codes)
        with self._writing:
            self._removals.append((change, ids))
            segments, tail = self._state
            old_rows = [self._tail_rows[one] for one in ids.tolist() if one in self._tail_rows]
            self._state = _State(segments, tail.appended(ids, words))
            self._state.tail.removed[old_rows] = 1
            for segment in segments:
                segment.remove(ids)
            self._tail_rows.update(zip(ids.tolist(), count(tail.count), strict=False))

    def search(
        self, codes: Codes, radius: int, *, thin: Thin | None = None, threads: int | None = None
    ) -> Neighbours:
        """Return every pair of a query, uint8 (n, 32), and a code at most `radius` bits apart.

        A batch is split over all cores, or over `threads` threads. With `thin`, return what it
        leaves of what is found in each segment and in the tail: pairs of some queries at a time,
        so that no more than a few megabytes are found at once, however many are near.
        """
        state = self._state
        if not state.segments and not state.tail.count:
            return Neighbours(*no_triples().T)
        words = permute_bits(codes)
        parts = min(threads or cores(), len(words) // _FEWEST_QUERIES)
        if len(words) * len(self) < _FEWEST_PAIRS:
            parts = 1
        search = _Search(state, radius, thin)
        triples = search.batch(words, parts) if parts > 1 else search.of(words)
        return Neighbours(triples[:, 0], triples[:, 1], triples[:, 2])

    def sample(self, size: int, random: np.random.Generator) -> tuple[Ids, Words]:
        """Return codes of each segment: the `size` newest, and as many drawn from all of it."""
        ids, words = [np.empty(0, np.int64)], [np.empty((0, 4), np.uint64)]
        for segment in self._state.segments:
            live = np.flatnonzero(segment.removed == 0)
            drawn = random.choice(live, min(size, len(live)))
            rows = np.union1d(live[-size:], drawn)
            ids.append(segment.ids[rows])
            words.append(segment.words[rows])
        return np.concatenate(ids), np.concatenate(words)

    def snapshot(self) -> Snapshot:
        """Return a copy of all that searches find now."""
        with self._writing:
            segments, tail = self._state
            live = tail.live_rows()
            return Snapshot(
                tail.ids[live],
                tail.words[live],
                tuple((each, each.removed != 0) for each in segments),
            )

    def install(self, segments: Sequence[tuple[Segment, NDArray[np.bool_]]], *, upto: int) -> None:
        """Replace the segments by these, which hold all changes up to a position of the store.

        Each comes with its codes that were removed by then. What was added or removed after that
        position stays so, and so does everything else in the tail that the segments do not hold.
        """
        with self._writing:
            _, tail = self._state
            installed = [segment.with_removed(removed) for segment, removed in segments]
            self._removals = [each for each in self._removals if each[0] > upto]
            # What was removed later is still in these segments; if it came back, it is in the tail.
            later = np.concatenate([np.empty(0, np.int64), *(ids for _, ids in self._removals)])
            for segment in installed:
                segment.remove(later)
            live = tail.live_rows()
            rest = tail.subset(live[~_in_segments(installed, tail.ids[live])])
            self._state = _State(tuple(installed), rest)
            self._tail_rows = {one: row for row, one in enumerate(rest.ids[: rest.count].tolist())}

    def reset(self, segments: Sequence[Segment] = ()) -> None:
        """Hold these segments and nothing else, as if new."""
        with self._writing:
            self._state = _State(tuple(segments), Tail.empty())
            self._tail_rows, self._removals = {}, []


def _in_segments(segments: Sequence[Segment], ids: Ids) -> NDArray[np.bool_]:
    present = np.zeros(len(ids), bool)
    for segment in segments:
        present |= segment.locate(ids)[1]
    return present


class _Search(NamedTuple):
    """How to search all parts of an index."""

    state: _State
    radius: int
    thin: Thin | None

    def of(self, words: Words) -> Triples:
        """What all parts find, in the order of the queries."""
        found = [segment.search(words, self.radius, self.thin) for segment in self.state.segments]
        if self.state.tail.count:
            found.append(self.state.tail.search(words, self.radius, self.thin))
        if not found:
            return no_triples()
        if len(found) == 1:
            return found[0]
        triples = np.concatenate(found)
        return triples if len(words) == 1 else triples[np.argsort(triples[:, 0], kind="stable")]

    def batch(self, words: Words, threads: int) -> Triples:
        """The same, the queries split over threads: into four parts each, if they are many."""

        def search_part(part: tuple[int, Words]) -> Triples:
            first, queries = part
            triples = self.of(queries)
            triples[:, 0] += first
            return triples

        many = len(words) >= 4 * _FEWEST_QUERIES * threads
        parts = np.array_split(words, 4 * threads if many else threads)
        firsts = np.cumsum([0, *map(len, parts)])
        numbered = zip(firsts.tolist(), parts, strict=False)
        return np.concatenate(map_parallel(Pool.SEARCH, search_part, numbered, threads=threads))
