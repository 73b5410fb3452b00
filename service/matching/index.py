"""An exact Hamming-radius index over 256-bit codes: segments, a tail, and what was removed.

Results equal a linear scan. What is added or removed shows in the next search. Searches take
no lock: they see segments and tail of one moment, and a change puts others in their place. The
index is a cache of the store and holds nothing that cannot be read again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.matching.codes import Codes, Hits, Ids, Rows, Words, arranged, no_rows
from service.matching.segment import Segment
from service.matching.tail import Tail
from service.matching.threads import Work, cores, spread

_SHARE = 16
"""Queries at least that a thread is given."""


class _Parts(NamedTuple):
    segments: tuple[Segment, ...]
    tail: Tail


@dataclass(frozen=True, slots=True)
class Held:
    """What an index holds at one moment: a copy, however it changes afterwards."""

    ids: Ids
    words: Words
    segments: tuple[tuple[Segment, NDArray[np.bool_]], ...]
    """Each with which of its codes were removed."""

    def live(self, place: int) -> tuple[Ids, Words]:
        """Return what was not removed of one of the segments."""
        segment, removed = self.segments[place]
        return segment.ids[~removed], segment.words[~removed]


class HammingIndex:
    """Codes with an id each. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._parts = _Parts((), Tail.empty())
        self._places: dict[int, int] = {}
        """Where in the tail an id is, of those not removed."""
        self._removals: list[tuple[int, Ids]] = []
        """What was removed, and by which change of the store, for segments older than that."""

    def __len__(self) -> int:
        return len(self._places) + sum(each.live for each in self._parts.segments)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments of this moment."""
        return self._parts.segments

    @property
    def newest(self) -> int:
        """How many codes no segment holds."""
        return len(self._places)

    def add(self, ids: Ids, codes: Codes) -> None:
        """Add codes, uint8 (n, 32), under ids of 0 or more; an id already there is passed over."""
        self.hold(ids, arranged(codes))

    def hold(self, ids: Ids, words: Words) -> None:
        """Add codes whose bits are arranged already."""
        with self._changing:
            segments, tail = self._parts
            fresh = np.sort(np.unique(ids, return_index=True)[1])
            fresh = fresh[~_in_segments(segments, ids[fresh])]
            fresh = fresh[[one not in self._places for one in ids[fresh].tolist()]]
            if not len(fresh):
                return
            start = tail.count
            self._parts = _Parts(segments, tail.appended(ids[fresh], words[fresh]))
            self._places.update(zip(ids[fresh].tolist(), count(start), strict=False))

    def remove(self, ids: Iterable[int], *, change: int = 0) -> None:
        """Forget codes by id; an unknown id is passed over.

        `change` is the store's position of the removal, for `show`.
        """
        gone = np.fromiter(ids, np.int64)
        with self._changing:
            self._removals.append((change, gone))
            segments, tail = self._parts
            places = [self._places.pop(one, None) for one in gone.tolist()]
            tail.removed[[place for place in places if place is not None]] = 1
            for segment in segments:
                segment.remove(gone)

    def renew(self, ids: Ids, codes: Codes, *, change: int = 0) -> None:
        """Remove these, each once, and add them again, in one step: a search finds them meanwhile.

        For what was removed and came back between two looks at the store. Passing it over would
        be wrong: by a manifest of the time between it is gone, and what came later is in the tail.
        """
        words = arranged(codes)
        with self._changing:
            self._removals.append((change, ids))
            segments, tail = self._parts
            before = [self._places[one] for one in ids.tolist() if one in self._places]
            self._parts = _Parts(segments, tail.appended(ids, words))
            self._parts.tail.removed[before] = 1
            for segment in segments:
                segment.remove(ids)
            self._places.update(zip(ids.tolist(), count(tail.count), strict=False))

    def search(self, codes: Codes, radius: int, *, threads: int | None = None) -> Hits:
        """Return every pair of a query, uint8 (n, 32), and a code at most `radius` bits apart.

        A batch is shared out to all cores, or to so many `threads`.
        """
        words, parts = arranged(codes), self._parts
        shares = min(threads or cores(), len(words) // _SHARE)
        rows = (
            _shared(parts, words, radius, shares) if shares > 1 else _search(parts, words, radius)
        )
        return Hits(rows[:, 0], rows[:, 1], rows[:, 2])

    def held(self) -> Held:
        """Return a copy of all that is found now."""
        with self._changing:
            segments, tail = self._parts
            live = tail.live()
            return Held(
                tail.ids[live],
                tail.words[live],
                tuple((each, each.removed != 0) for each in segments),
            )

    def show(self, shown: Sequence[tuple[Segment, NDArray[np.bool_]]], *, upto: int) -> None:
        """Search these segments, which hold all that was there at a position of the store.

        Each comes with what was removed from it by then. What was added and removed after that
        position, or not in time for it, stays so.
        """
        with self._changing:
            _, tail = self._parts
            segments = [segment.without(removed) for segment, removed in shown]
            self._removals = [each for each in self._removals if each[0] > upto]
            # Whatever was removed later is there as it was before; if it came back, in the tail.
            later = np.concatenate([np.empty(0, np.int64), *(ids for _, ids in self._removals)])
            for segment in segments:
                segment.remove(later)
            live = tail.live()
            rest = tail.kept(live[~_in_segments(segments, tail.ids[live])])
            self._parts = _Parts(tuple(segments), rest)
            self._places = {one: at for at, one in enumerate(rest.ids[: rest.count].tolist())}

    def restart(self, segments: Sequence[Segment] = ()) -> None:
        """Hold these segments and nothing else, as if new."""
        with self._changing:
            self._parts = _Parts(tuple(segments), Tail.empty())
            self._places, self._removals = {}, []


def _in_segments(segments: Sequence[Segment], ids: Ids) -> NDArray[np.bool_]:
    found = np.zeros(len(ids), bool)
    for segment in segments:
        found |= segment.locate(ids)[1]
    return found


def _search(parts: _Parts, words: Words, radius: int) -> Rows:
    found = [segment.search(words, radius) for segment in parts.segments]
    if parts.tail.count:
        found.append(parts.tail.search(words, radius))
    if not found:
        return no_rows()
    rows = found[0] if len(found) == 1 else np.concatenate(found)
    return (
        rows if len(found) == 1 or len(words) == 1 else rows[np.argsort(rows[:, 0], kind="stable")]
    )


def _shared(parts: _Parts, words: Words, radius: int, shares: int) -> Rows:
    def one(share: tuple[int, Words]) -> Rows:
        before, part = share
        rows = _search(parts, part, radius)
        rows[:, 0] += before
        return rows

    some = np.array_split(words, 4 * shares if len(words) >= 4 * _SHARE * shares else shares)
    starts = np.cumsum([0, *map(len, some)])
    shared = zip(starts.tolist(), some, strict=False)
    return np.concatenate(spread(Work.SEARCH, one, shared, threads=shares))
