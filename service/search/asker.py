"""Who asks: what a platform's questions are compared with, and what they teach about it.

The first value of a platform near a stored signal is answered by that signal, and makes a veil. As
soon as a different one comes near, in the same request or a year later, the veil is in force: that
whole request and all later ones are answered by the veiled value (`service.domain.veil`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from hashing.signals import SignalType
from service.domain import veil
from service.domain.match_policy import MATCH_DISTANCE, near_distance
from service.domain.veil import Veil
from service.matching.codes import Codes
from service.replica.follower import Replica
from service.replica.searcher import RememberingSearcher, Searcher
from service.replica.veiled import VeiledSearcher, VeiledSignals
from service.sealing import Seals
from service.search import queries
from service.search.candidates import Neighbourhood
from service.search.neighbours import PERCEPTUAL, Column, groups, ranks
from service.search.queries import Query
from service.store import signals, veils
from service.store.changes import Space
from service.store.signals import StoredSignal

_MOST_LEARNT = 2000
"""Signals of which one request learns, the nearest first. Of the rest the next one does."""


@dataclass(slots=True)
class Asker:
    """A platform that looks something up."""

    actor_id: int
    veiled: VeiledSignals
    seals: Seals
    day: date
    is_noticed: bool = False
    """Whether it has newly been noticed to ask what finds out a stored value."""
    _unveiled: Searcher | None = None

    def searcher(self, replica: Replica) -> Searcher:
        """Return what answers this platform. What is asked again is not searched again."""
        self._unveiled = self._unveiled or RememberingSearcher(replica.searcher)
        codes = self.veiled.codes(self.actor_id)
        return VeiledSearcher(self._unveiled, codes) if codes else self._unveiled

    def learn(self, replica: Replica, asked: Sequence[Query], near: Neighbourhood) -> bool:
        """Make veils of what queries came near; return whether any is in force newly.

        Then the queries are to be searched again.
        """
        if not len(near.query):
            return False
        news = near.take(self._is_news(near))
        if not len(news.query):
            return False
        made = list(self._made(replica, asked, news))
        self.veiled.add(self.actor_id, made)
        return any(one.in_force for one in made)

    def count(self, replica: Replica, near: Neighbourhood) -> None:
        """Count the contents near veiled signals, and notice if they find out a stored value."""
        codes = self.veiled.codes(self.actor_id)
        if not codes or not len(near.query):
            return
        is_veiled, at_edge = np.zeros((2, len(near.query)), bool)
        for signal_type, of_type in codes.items():
            these = np.isin(near.signal_id, of_type.ids)
            farthest = near_distance(signal_type)
            is_veiled |= these
            at_edge |= these & (near.distance > farthest - veil.EDGE_NEAR)
            if signal_type is SignalType.PDQ:
                at_edge |= these & np.isin(near.distance, veil.EDGE_MATCH)
        near, at_edge = near.take(is_veiled), at_edge[is_veiled]
        entry = replica.holders.of(Space.BANK, near.signal_id)
        nearest = ranks(groups(entry, near.query), near.distance) == 0
        counted = self.veiled.count(self.actor_id, entry[nearest], at_edge[nearest], self.day)
        self.is_noticed |= counted

    def _is_news(self, near: Neighbourhood) -> Column:
        """Rows of signals that have no veil in force, or have the first match with it."""
        news = np.ones(len(near.query), bool)
        for codes in self.veiled.codes(self.actor_id).values():
            known = np.isin(near.signal_id, codes.ids)
            first = (near.distance <= MATCH_DISTANCE) & np.isin(near.signal_id, codes.unmatched)
            news &= ~known | first
        return np.flatnonzero(news)

    def _made(
        self, replica: Replica, asked: Sequence[Query], news: Neighbourhood
    ) -> Iterator[Veil]:
        """The veils that are new, or change."""
        ids, first = np.unique(
            news.signal_id[np.argsort(news.distance, kind="stable")], return_index=True
        )
        ids = ids[np.argsort(first)[:_MOST_LEARNT]]
        stored, known = self._read(replica, ids.tolist())
        for signal_type in PERCEPTUAL:
            of_type = {one.id: one for one in stored if one.type == signal_type}
            rows = news.take(np.isin(news.signal_id, list(of_type)))
            order = cache(partial(self.seals.bit_order, min(of_type, default=0)))
            for came in _nearest(asked, signal_type, rows):
                before = known.get(came.signal_id)
                signal = of_type[came.signal_id]
                yield from self._changed(before, signal, came, order)

    def _read(self, replica: Replica, ids: list[int]) -> tuple[list[StoredSignal], dict[int, Veil]]:
        """Some signals, of active entries, and the veils that they have."""
        known = self.veiled.stored(self.actor_id, ids)
        if known is not None:
            stored = [StoredSignal(one.signal_id, one.type, one.value) for one in known.values()]
            return stored, known
        with replica.database.read() as tx:
            stored = signals.by_id(tx, Space.BANK, ids)
            known = veils.of_actor(tx, self.actor_id, ids)
        unsaved = self.veiled.unsaved(self.actor_id, ids)
        read = (one for signal_id, one in known.items() if signal_id not in unsaved)
        self.veiled.remember(self.actor_id, read)
        return stored, known | unsaved

    def _changed(
        self,
        before: Veil | None,
        signal: StoredSignal,
        came: _Came,
        order: Callable[[], Sequence[int]],
    ) -> Iterator[Veil]:
        """The veil of one signal, if it is new or changes."""
        digest = self.seals.asked_hash(self.actor_id, signal.id, came.value)
        kind = SignalType(signal.type)
        after = before or Veil(
            signal.id,
            kind,
            signal.value,
            veil.chosen(signal.value, came.value, order()),
            None,
            digest,
            in_force=False,
        )
        if came.is_one_of_several or digest != after.asked:
            after = replace(after, in_force=True)
        if after.match is None and came.distance <= MATCH_DISTANCE and kind is SignalType.PDQ:
            bits = veil.chosen(signal.value, came.value, order(), first=after.near)
            after = replace(after, match=bits)
        if after != before:
            yield after


class _Came(NamedTuple):
    """The value that came nearest to a signal, of those that were asked together."""

    signal_id: int
    value: bytes
    distance: int
    is_one_of_several: bool
    """Whether other contents came near with other values."""


def _nearest(
    asked: Sequence[Query], signal_type: SignalType, near: Neighbourhood
) -> Iterator[_Came]:
    """The value nearest to each signal, of one type."""
    if not len(near.query):
        return
    content = groups(near.signal_id, near.query)
    near = near.take(np.flatnonzero(ranks(content, near.distance) == 0))
    values = _values(asked, signal_type, near)
    different = np.unique(groups(near.signal_id, *values.view(np.int64).T), return_index=True)[1]
    several = dict(zip(*np.unique(near.signal_id[different], return_counts=True), strict=True))
    for row in np.flatnonzero(ranks(near.signal_id, near.distance) == 0).tolist():
        signal_id, distance = int(near.signal_id[row]), int(near.distance[row])
        yield _Came(signal_id, values[row].tobytes(), distance, several[signal_id] > 1)


def _values(asked: Sequence[Query], signal_type: SignalType, near: Neighbourhood) -> Codes:
    """The query value of each row, uint8 (n, 32)."""
    numbers, query = np.unique(near.query, return_inverse=True)
    every = queries.values([asked[number] for number in numbers.tolist()], signal_type)
    wanted = np.stack((query, near.frame, near.view, near.orientation), axis=1)
    place = groups(*np.concatenate((every.columns, wanted)).T)
    row_of = np.zeros(len(place), np.int64)
    row_of[place[: len(every.columns)]] = np.arange(len(every.columns))
    return every.codes[row_of[place[len(every.columns) :]]]
