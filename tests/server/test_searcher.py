"""What asks for neighbours needs nothing but a Searcher, wherever the indexes are."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hashing.signals import SignalType
from service.domain.case import EntryStatus
from service.domain.errors import NotReady
from service.domain.sighting import Source, Verdict
from service.edge.meters import Meters
from service.matching.codes import Codes, Most, Neighbours, codes_of
from service.matching.index import HammingIndex
from service.replica import loader
from service.replica.holders import Holders
from service.replica.searcher import IndexStatistics, LocalSearcher, Searcher
from service.store.changes import Space
from service.store.database import Database
from service.workflows import exclude, observe, status
from service.workflows.observe import Claim
from tests.server.following import compared, flipped, rows_of, uniform

if TYPE_CHECKING:
    from tests.server.conftest import World

PDQ, PHASH = SignalType.PDQ, SignalType.PHASH
MATCH, NONE = Verdict.MATCH, Verdict.NONE


class Parts:
    """A Searcher over two parts, of even ids and of odd ones, as if each were another process.

    Reads the store when it is made; `missing` parts do not answer.
    """

    def __init__(self, database: Database, missing: Iterable[int] = ()) -> None:
        self._missing = set(missing)
        self._parts: list[Searcher] = []
        for part in range(2):
            indexes = {(s, t): HammingIndex() for s in Space for t in (PDQ, PHASH)}
            with database.read() as tx:
                for space in Space:
                    for signal_type, (ids, words) in loader.read_all(tx, space).items():
                        own = ids % 2 == part
                        indexes[space, signal_type].add_permuted(ids[own], words[own])
            self._parts.append(LocalSearcher(indexes, Holders(database)))

    def search(
        self,
        space: Space,
        signal_type: SignalType,
        codes: Codes,
        radius: int,
        most: Most | None = None,
    ) -> Neighbours:
        asked = pickle.dumps((space, signal_type, codes, radius, most))
        found: list[Neighbours] = [
            pickle.loads(pickle.dumps(part.search(*pickle.loads(asked))))  # noqa: S301
            for part in self._asked()
        ]
        queries, ids, distances = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.argsort(queries, kind="stable")
        return Neighbours(queries[order], ids[order], distances[order])

    def statistics(self) -> list[IndexStatistics]:
        every = (part.statistics() for part in self._asked())
        return [
            IndexStatistics(
                one.space,
                one.signal_type,
                one.signals + other.signals,
                one.unflushed + other.unflushed,
                one.segments + other.segments,
            )
            for one, other in zip(*every, strict=True)
        ]

    def _asked(self) -> list[Searcher]:
        if self._missing:
            raise NotReady
        return self._parts


def filled(world: World, count: int) -> Codes:
    """Signals of entries, alike in families, under the ids from 1 on."""
    stored = flipped(np.random.default_rng(1), uniform(2, 5).repeat(count // 5, axis=0), 40)
    world.open(*(world.picture(world.pdq(bytes(code))) for code in stored))
    return stored


@pytest.mark.parametrize("kind", ["local", "parts"])
@pytest.mark.parametrize("radius", [0, 31, 48, 256])
def test_it_equals_a_scan_for_each_row_whether_or_not_rows_repeat(
    world: World, kind: str, radius: int
) -> None:
    stored = filled(world, 50)
    parts = Parts(world.context.database)
    searcher: Searcher = world.context.replica.searcher if kind == "local" else parts
    asked = np.concatenate([stored, stored[:7], uniform(9, 5), stored[:7]])
    found = searcher.search(Space.BANK, PDQ, asked, radius)
    assert np.array_equal(rows_of(found), compared(np.arange(1, 51), stored, asked, radius))
    assert np.all(np.diff(found.queries) >= 0)
    assert {column.dtype for column in found} == {np.dtype(np.int64)}
    assert not len(searcher.search(Space.OBSERVED, PDQ, asked, radius).ids)
    assert not len(searcher.search(Space.BANK, PHASH, asked, radius).ids)


def test_a_search_for_nothing_finds_nothing(world: World) -> None:
    filled(world, 5)
    found = world.context.replica.searcher.search(Space.BANK, PDQ, codes_of([]), 256)
    assert [len(column) for column in found] == [0, 0, 0]


def test_there_are_statistics_of_every_index_once(world: World) -> None:
    filled(world, 10)
    world.open(world.picture(world.pdq(), world.phash()))
    every = world.context.replica.searcher.statistics()
    assert sorted((one.space, one.signal_type) for one in every) == sorted(
        (space, signal_type) for space in Space for signal_type in (PDQ, PHASH)
    )
    assert {(one.space, one.signal_type, one.signals) for one in every if one.signals} == {
        (Space.BANK, PDQ, 11),
        (Space.BANK, PHASH, 1),
    }
    assert every == Parts(world.context.database).statistics()


def test_workflows_need_no_more_of_it(world: World) -> None:
    replica, database, actor = world.context.replica, world.context.database, world.actor()
    here, public = world.picture(world.pdq(), world.phash()), world.picture()
    owner = world.open(here)
    exclude.exclude(world.context, [public], world.day)
    replica.searcher = Parts(database)
    assert world.ask(actor, world.near_picture(here, 20), world.picture()) == [MATCH, NONE]
    held = world.open(world.near_picture(public, 9))
    assert world.statuses(held) == [EntryStatus.QUARANTINED]
    observe.observe(world.context, actor, [Claim(here, "https://example.org")], world.day)
    replica.searcher = Parts(database)
    world.work()
    events = {(event.n, event.source) for event in status.of_case(world.context, owner).events}
    assert events == {(1, Source.LOOKUP), (1, Source.OBSERVATION)}
    exposed = Meters().exposition(world.context).decode()
    assert 'takeback_index_signals{space="observed",type="pdq"} 1.0' in exposed


def test_what_a_part_does_not_answer_is_an_error_and_no_verdict(world: World) -> None:
    picture, actor = world.picture(), world.actor()
    world.open(picture)
    world.context.replica.searcher = Parts(world.context.database, missing=[1])
    with pytest.raises(NotReady):
        world.ask(actor, picture)
    with pytest.raises(NotReady):
        world.open(world.picture())
