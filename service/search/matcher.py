"""The one matcher: content → verdicts, for lookups, for reconciliation, and for whatever comes.

Every caller gets the same limits and the same judgement. Nothing is written here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hashing.signals import ContentSignals, Signal
from service.domain import match_policy
from service.domain.match_policy import Candidate, EntryVerdict, Reach
from service.domain.sighting import Verdict
from service.replica.follower import Replica
from service.search import candidates, observed, queries
from service.search.asker import Asker
from service.search.candidates import Neighbourhood
from service.search.few import FewEntries
from service.search.queries import WHOLE, Query
from service.store import observations, provenance
from service.store.changes import Space
from service.store.database import Tx
from service.store.provenance import ContentSignal, Provenance


class ObservationVerdict(NamedTuple):
    """An observation that matches an entry or is near it."""

    observation_id: int
    verdict: EntryVerdict


def match(
    replica: Replica,
    contents: Sequence[ContentSignals],
    asker: Asker | None = None,
    *,
    among: FewEntries | None = None,
) -> list[list[EntryVerdict]]:
    """Return, for each content in order, the active entries it matches or is near, best first.

    They are what `asker` is answered, or, without one, what the stored signals are near. With
    `among`, only these entries are compared, and nothing depends on any other.
    """
    asked = queries.of_contents(contents)
    near = _near(replica, asked, asker, among)
    exact = _exact(contents)
    verdicts: list[list[EntryVerdict]] = [[] for _ in asked]
    if exact or len(near.query):
        with replica.database.read() as tx:
            verdicts = _judge(tx, asked, near, _identical(tx, exact, among))
    wider = _wider(asked, near, verdicts)
    if not wider:
        return verdicts
    more = _near(replica, wider, asker, among)
    with replica.database.read() as tx:
        wide = _judge(tx, wider, more, {})
    for query, found in zip(wider, wide, strict=True):
        verdicts[query.item] = match_policy.ranked([*verdicts[query.item], *found])
    return verdicts


def _near(
    replica: Replica, asked: Sequence[Query], asker: Asker | None, among: FewEntries | None
) -> Neighbourhood:
    """What is near the queries, as whoever asks is answered."""
    if asker is None:
        return candidates.near_entries(replica, asked, among)
    near = candidates.near_entries(replica, asked, asker.searcher(replica))
    if asker.learn(replica, asked, near):
        near = candidates.near_entries(replica, asked, asker.searcher(replica))
    asker.count(replica, near)
    return near


def match_observations(replica: Replica, ids: Iterable[int]) -> list[ObservationVerdict]:
    """Return the active entries that some observations match or are near."""
    with replica.database.read() as tx:
        stored = provenance.of_contents(tx, Space.OBSERVED, ids)
        asked = _stored_queries(tx, stored)
    near = candidates.near_entries(replica, asked)
    number = {query.item: index for index, query in enumerate(asked)}
    with replica.database.read() as tx:
        exact = defaultdict(list)
        for observed_signal, entry_signal in _identical_stored(tx, stored, Space.BANK):
            exact[number[observed_signal.content_id]].append(_exact_candidate(entry_signal))
        verdicts = _judge(tx, asked, near, exact)
    return _of_observations(asked, verdicts)


def match_entries(replica: Replica, ids: Iterable[int]) -> list[ObservationVerdict]:
    """Return the observations that match some active entries or are near them."""
    with replica.database.read() as tx:
        stored = provenance.of_contents(tx, Space.BANK, ids)
        near = observed.near_observations(
            replica, tx, queries.folded(stored), match_policy.MATCH_DISTANCE
        )
        exact = defaultdict(list)
        for entry_signal, observed_signal in _identical_stored(tx, stored, Space.OBSERVED):
            exact[observed_signal.content_id].append(_exact_candidate(entry_signal))
        asked = _observed_queries(tx, sorted({*np.unique(near.query).tolist(), *exact}))
        number = {query.item: index for index, query in enumerate(asked)}
        every = np.array(list(number), np.int64)
        near = near._replace(query=np.searchsorted(every, near.query))
        verdicts = _judge(tx, asked, near, {number[one]: found for one, found in exact.items()})
    return _of_observations(asked, verdicts)


def _judge(
    tx: Tx,
    asked: Sequence[Query],
    near: Neighbourhood,
    exact: Mapping[int, list[Candidate]],
) -> list[list[EntryVerdict]]:
    """Judge each query over its candidates, on entries that are active in this transaction."""
    found = candidates.attributed(tx, asked, near)
    for query, identical in exact.items():
        found.setdefault(query, []).extend(identical)
    videos = {each.entry_id for of_query in found.values() for each in of_query if each.query_span}
    extents = provenance.extents(tx, Space.BANK, videos)
    return [
        match_policy.judge(found[index], query=query.extent, stored=extents)
        if index in found
        else []
        for index, query in enumerate(asked)
    ]


def _wider(
    asked: Sequence[Query], near: Neighbourhood, verdicts: Sequence[list[EntryVerdict]]
) -> list[Query]:
    """The videos that nothing matches yet, to be searched more widely."""
    of_frames = near.take(near.frame != WHOLE)
    return [
        queries.widened(query, set(of_frames.frame[of_frames.query == index].tolist()))
        for index, query in enumerate(asked)
        if query.spans and match_policy.overall(verdicts[index]) is not Verdict.MATCH
    ]


def _exact(contents: Sequence[ContentSignals]) -> dict[Signal, list[int]]:
    """Each exact signal, with the indexes of the contents that have it."""
    contents_with: dict[Signal, list[int]] = {}
    for index, content in enumerate(contents):
        for signal in content.signals:
            if not signal.type.perceptual:
                contents_with.setdefault(signal, []).append(index)
    return contents_with


def _identical(
    tx: Tx, contents_with: Mapping[Signal, Sequence[int]], among: FewEntries | None
) -> dict[int, list[Candidate]]:
    """The entries with an exact signal of each content, by the content's index."""
    found: defaultdict[int, list[Candidate]] = defaultdict(list)
    for signal, origin in provenance.identical(tx, Space.BANK, contents_with):
        if among and origin.content_id not in among.entry_ids:
            continue
        for index in contents_with[signal]:
            found[index].append(_exact_candidate(origin))
    return found


def _identical_stored(
    tx: Tx, stored: Sequence[ContentSignal], other: Space
) -> list[tuple[Provenance, Provenance]]:
    """Pairs of stored signals with the same exact value: of `stored`, and of the other space."""
    holders: defaultdict[Signal, list[Provenance]] = defaultdict(list)
    for origin, value in stored:
        if not origin.type.perceptual:
            holders[Signal(origin.type, value)].append(origin)
    return [
        (holder, origin)
        for signal, origin in provenance.identical(tx, other, holders)
        for holder in holders[signal]
    ]


def _exact_candidate(entry_signal: Provenance) -> Candidate:
    return Candidate(
        entry_signal.content_id, entry_signal.type, 0, signal_id=entry_signal.signal_id
    )


def _stored_queries(tx: Tx, stored: Sequence[ContentSignal]) -> list[Query]:
    """One query per observation, with all its signals."""
    by_content: defaultdict[int, list[ContentSignal]] = defaultdict(list)
    for one in stored:
        by_content[one.provenance.content_id].append(one)
    kinds = {one.id: one.kind for one in observations.by_id(tx, by_content).values()}
    return [
        queries.of_stored(observation_id, kinds[observation_id], signals, Reach.CLOSE)
        for observation_id, signals in sorted(by_content.items())
    ]


def _observed_queries(tx: Tx, ids: Sequence[int]) -> list[Query]:
    """One query per observation, without values: its frames' spans, and how much video it is."""
    kinds = {one.id: one.kind for one in observations.by_id(tx, ids).values()}
    spans = provenance.frame_spans(tx, Space.OBSERVED, ids)
    return [queries.without_values(one, kinds[one], spans.get(one, [])) for one in ids]


def _of_observations(
    asked: Sequence[Query], verdicts: Sequence[list[EntryVerdict]]
) -> list[ObservationVerdict]:
    return [
        ObservationVerdict(query.item, verdict)
        for query, of_query in zip(asked, verdicts, strict=True)
        for verdict in of_query
    ]
