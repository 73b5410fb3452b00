"""Veiled signals of this process: what some platforms' questions are compared with instead.

They are few for each platform and searched far, so they are scanned, and no index holds them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.signals import SignalType
from service.domain import match_policy
from service.domain.veil import MOST_BITS, Veil, is_probing
from service.matching.codes import CODE_BYTES, Codes, Ids, Most, Neighbours, codes_of
from service.matching.scan import scan
from service.replica.searcher import IndexStatistics, Searcher
from service.store import veils
from service.store.changes import Space
from service.store.database import Database

Column = NDArray[np.int64]
Words = NDArray[np.uint64]
"""Codes, (n, 4)."""

_MOST_STORED = 20_000
"""Veils kept as they were read, 10 MB; beyond, all are read again."""
_MOST_COUNTS = 100_000
"""Pairs of a platform and an entry that are counted; beyond, all begin again."""
_BEYOND_MATCH = match_policy.MATCH_DISTANCE + 1


class VeiledCodes(NamedTuple):
    """The veiled values of one platform's signals of one type: arrays of one length."""

    ids: Ids
    near: Words
    """uint64 (n, 4): the value with its veiled bits turned."""
    near_bits: Column
    """How many these are."""
    match: Words
    match_bits: Column
    """As the two before, for matches: the value itself, and 0, if the platform has had none."""
    unmatched: Ids
    """Signals of which the platform has had no match."""


class VeiledSearcher:
    """A Searcher that answers one platform: of the bank's signals, some are veiled.

    The distance to a veiled signal is what it can be at least: never more than the true one, which
    only the veiled bits could tell. It is at most 31 where it may match.
    """

    def __init__(self, inner: Searcher, codes: Mapping[SignalType, VeiledCodes]) -> None:
        self._inner = inner
        self._codes = codes

    def search(
        self,
        space: Space,
        signal_type: SignalType,
        codes: Codes,
        radius: int,
        most: Most | None = None,
    ) -> Neighbours:
        """As Searcher promises, but for those distances."""
        found = self._inner.search(space, signal_type, codes, radius, most)
        veiled = self._codes.get(signal_type)
        if veiled is None or space is not Space.BANK:
            return found
        if len(found.ids):
            by_signal = ~np.isin(found.ids, veiled.ids)
            found = Neighbours(*(column[by_signal] for column in found))
        more = _scanned(veiled, signal_type, codes, radius)
        if not len(more.ids):
            return found
        both = [np.concatenate(columns) for columns in zip(found, more, strict=True)]
        order = np.argsort(both[0], kind="stable")
        return Neighbours(*(column[order] for column in both))

    def statistics(self) -> list[IndexStatistics]:
        """As Searcher promises."""
        return self._inner.statistics()


class VeiledSignals:
    """The veils of one process: those in force, by platform, and those that the store lacks yet.

    Any thread may call these. Nothing here waits for the store, but the first use, which reads it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changing = threading.RLock()
        self._in_force: dict[int, dict[int, Veil]] = {}
        self._codes: dict[int, Mapping[SignalType, VeiledCodes]] = {}
        self._unsaved: dict[tuple[int, int], Veil] = {}
        self._stored: dict[tuple[int, int], Veil] = {}
        self._loaded = False
        self._counted_on = date.min
        self._counts: dict[tuple[int, int], tuple[int, int]] = {}
        self._probed: dict[tuple[int, int], date] = {}
        self._unsaved_probing: dict[tuple[int, int], date] = {}

    def codes(self, actor_id: int) -> Mapping[SignalType, VeiledCodes]:
        """Return what one platform's questions are compared with; empty for most."""
        if not self._loaded:
            self.refresh()
        return self._codes.get(actor_id, {})

    def unsaved(self, actor_id: int, signal_ids: Iterable[int]) -> dict[int, Veil]:
        """Return the veils of a platform on some signals that may not be in the store yet."""
        with self._changing:
            found = {one: self._unsaved.get((actor_id, one)) for one in signal_ids}
        return {signal_id: veil for signal_id, veil in found.items() if veil}

    def stored(self, actor_id: int, signal_ids: Iterable[int]) -> dict[int, Veil] | None:
        """Return the veils of a platform on some signals, None unless all were read lately.

        None of them is in force here. What the first question was never changes in the store.
        """
        found = {one: self._stored.get((actor_id, one)) for one in signal_ids}
        known = {signal_id: veil for signal_id, veil in found.items() if veil}
        return known if len(known) == len(found) else None

    def remember(self, actor_id: int, read: Iterable[Veil]) -> None:
        """Keep veils as they were read, so that a question that recurs is not asked the store."""
        with self._changing:
            if len(self._stored) > _MOST_STORED:
                self._stored = {}
            self._stored |= {(actor_id, one.signal_id): one for one in read if not one.in_force}

    def add(self, actor_id: int, made: Sequence[Veil]) -> None:
        """Use new veils, or changed ones, from now on; `save` writes them."""
        with self._changing:
            self._unsaved.update({(actor_id, one.signal_id): one for one in made})
            for one in made:
                self._stored.pop((actor_id, one.signal_id), None)
            self._use((actor_id, one) for one in made)

    def count(self, actor_id: int, entry_ids: Ids, at_edge: NDArray[np.bool_], now: date) -> bool:
        """Count contents near entries, a row each; return whether this platform probes one newly.

        Counts are of a day and of this process. A platform is noticed once a day for each entry.
        """
        with self._changing:
            if now != self._counted_on or len(self._counts) > _MOST_COUNTS:
                self._counted_on, self._counts = now, {}
            newly = False
            for entry_id in np.unique(entry_ids).tolist():
                key, of_entry = (actor_id, entry_id), entry_ids == entry_id
                contents, edges = self._counts.get(key, (0, 0))
                contents, edges = (
                    contents + int(of_entry.sum()),
                    edges + int(at_edge[of_entry].sum()),
                )
                self._counts[key] = contents, edges
                if is_probing(contents, edges) and self._probed.get(key) != now:
                    self._probed[key] = self._unsaved_probing[key] = now
                    newly = True
        return newly

    def save(self, now: date) -> None:
        """Write to the store what it lacks. Raises NotReady; then it is tried again."""
        with self._changing:
            unsaved, probing = dict(self._unsaved), dict(self._unsaved_probing)
        if not unsaved and not probing:
            return
        with self._database.write() as tx:
            veils.record(tx, ((actor_id, one) for (actor_id, _), one in unsaved.items()), now)
            for (actor_id, entry_id), day in probing.items():
                veils.record_probing(tx, actor_id, entry_id, day)
        with self._changing:
            for key, day in probing.items():
                if self._unsaved_probing.get(key) == day:
                    del self._unsaved_probing[key]
            for key, one in unsaved.items():
                if self._unsaved.get(key) is one:
                    del self._unsaved[key]

    def refresh(self, since: date | None = None) -> None:
        """Read what came into force in any process, on that day or later. Raises NotReady.

        Without a day read everything, and forget what is erased.
        """
        with self._changing:
            with self._database.read() as tx:
                read = veils.in_force(tx, since or date.min)
            if since is None:
                self._in_force = {}  # the codes stay in use until new ones take their place
                self._stored = {}
            unsaved = [(actor_id, one) for (actor_id, _), one in self._unsaved.items()]
            self._use(
                [one for one in read if (one[0], one[1].signal_id) not in self._unsaved] + unsaved
            )
            for actor_id in set(self._codes) - set(self._in_force):
                del self._codes[actor_id]
            self._loaded = True

    def _use(self, made: Iterable[tuple[int, Veil]]) -> None:
        changed = set()
        for actor_id, one in made:
            mine = self._in_force.setdefault(actor_id, {})
            if one.in_force and mine.get(one.signal_id) != one:
                mine[one.signal_id] = one
                changed.add(actor_id)
        for actor_id in changed:
            of_actor = self._in_force[actor_id].values()
            self._codes[actor_id] = {
                kind: _codes([one for one in of_actor if one.type is kind])
                for kind in {one.type for one in of_actor}
            }


def _codes(of_type: Sequence[Veil]) -> VeiledCodes:
    values = codes_of(one.value for one in of_type)
    near = codes_of(one.near for one in of_type)
    match = codes_of(one.match or bytes(CODE_BYTES) for one in of_type)
    unmatched = [one.signal_id for one in of_type if one.match is None]
    return VeiledCodes(
        np.array([one.signal_id for one in of_type], np.int64),
        (values ^ near).view(np.uint64),
        _bits(near),
        (values ^ match).view(np.uint64),
        _bits(match),
        np.array(unmatched, np.int64),
    )


def _scanned(veiled: VeiledCodes, signal_type: SignalType, codes: Codes, radius: int) -> Neighbours:
    """Every pair of a code and a veiled signal that may be within the radius."""
    words = np.ascontiguousarray(codes).view(np.uint64)
    farthest = match_policy.near_distance(signal_type)
    triples = scan(words, veiled.near, farthest + MOST_BITS)
    query, row, distance = triples.T
    if not len(triples):
        return Neighbours(query, veiled.ids[row], distance)
    least = np.maximum(distance - veiled.near_bits[row], 0)
    if signal_type is SignalType.PDQ:
        close = _bits((words[query] ^ veiled.match[row]).view(np.uint8))
        close = np.maximum(close - veiled.match_bits[row], 0)
        may_match = (close < _BEYOND_MATCH) & (least <= farthest)
        least = np.where(may_match, close, np.maximum(least, _BEYOND_MATCH))
    kept = least <= radius
    return Neighbours(query[kept], veiled.ids[row[kept]], least[kept])


def _bits(codes: Codes) -> Column:
    """How many bits are set in each row."""
    counts: Column = np.bitwise_count(codes).sum(axis=1, dtype=np.int64)
    return counts
