"""Candidates: query values near signals of entries, attributed to these entries and limited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.domain import match_policy
from service.domain.match_policy import Candidate
from service.replica.follower import Replica
from service.replica.searcher import Searcher
from service.search import neighbours, queries
from service.search.neighbours import PERCEPTUAL, Column, count_distinct, groups, ranks
from service.search.queries import PLAIN, WHOLE, Query
from service.store import entries, provenance
from service.store.changes import Space
from service.store.database import Tx

_PER_ENTRY = 1000
"""Candidates kept of one entry for one query: a video of four minutes, found once per frame."""


class Neighbourhood(NamedTuple):
    """Query values near signals of entries: columns of one length."""

    query: Column
    frame: Column
    view: Column
    orientation: Column
    signal_id: Column
    """Id of the entry's signal."""
    distance: Column
    excluded: Column
    """1 where the query value is near the exclude bank too."""

    def take(self, rows: Column | NDArray[np.bool_]) -> Neighbourhood:
        """Return some of the rows."""
        return Neighbourhood(*(column[rows] for column in self))


def near_entries(
    replica: Replica, asked: Sequence[Query], searcher: Searcher | None = None
) -> Neighbourhood:
    """Return what the bank holds near every value of the queries, each within its radius.

    `searcher` is what answers whoever asks, if that is not the replica's.
    """
    parts = []
    for signal_type in PERCEPTUAL:
        values = queries.values(asked, signal_type)
        if not len(values.codes):
            continue
        radii = np.array([query.radius(signal_type) for query in asked])[values.columns[:, 0]]
        for radius in np.unique(radii).tolist():
            rows = np.flatnonzero(radii == radius)
            codes = neighbours.distinct(values.codes[rows])
            pairs = neighbours.nearest(
                replica, Space.BANK, signal_type, codes, radius, searcher=searcher
            )
            excluded = neighbours.are_excluded(replica.searcher, signal_type, codes)
            of_given = values.columns[rows][pairs.given]
            found = (pairs.signal_id, pairs.distance, excluded[codes.code_of[pairs.given]])
            parts.append(Neighbourhood._make((*of_given.T, *found)))
    return concatenated(parts)


def concatenated(parts: Sequence[Neighbourhood]) -> Neighbourhood:
    """Return the rows of all, in order."""
    nothing = Neighbourhood(*(np.empty(0, np.int64) for _ in Neighbourhood._fields))
    return Neighbourhood(
        *(np.concatenate(columns) for columns in zip(nothing, *parts, strict=True))
    )


def attributed(tx: Tx, asked: Sequence[Query], near: Neighbourhood) -> dict[int, list[Candidate]]:
    """Return the candidates of each query, on entries that are active in this transaction.

    What is near the exclude bank is a candidate only for entries that a person has released.
    """
    if not len(near.query):
        return {}
    ids, signal_of = np.unique(near.signal_id, return_inverse=True)
    origins = provenance.by_signal(tx, Space.BANK, ids.tolist())
    entry_of = {signal_id: origin.content_id for signal_id, origin in origins.items()}
    entry = np.array([entry_of.get(one, 0) for one in ids.tolist()], np.int64)[signal_of]
    kept = (entry > 0) & (near.excluded == 0)
    kept |= np.isin(entry, _released(tx, entry[near.excluded != 0]))
    near, entry = near.take(kept), entry[kept]
    near = near.take(_within_limits(near, entry))
    candidates: dict[int, list[Candidate]] = {}
    for row in zip(*(column.tolist() for column in near), strict=True):
        query, _, _, _, signal_id, _, _ = row
        candidate = _candidate(asked[query], row, origins[signal_id])
        candidates.setdefault(query, []).append(candidate)
    return candidates


def _candidate(query: Query, row: tuple[int, ...], origin: provenance.Provenance) -> Candidate:
    _, frame, view, orientation, signal_id, distance, _ = row
    return Candidate(
        origin.content_id,
        origin.type,
        distance,
        None if frame == WHOLE else frame,
        None if frame == WHOLE else query.spans[frame],
        None if view == PLAIN else view,
        orientation,
        origin.window,
        origin.span,
        signal_id,
    )


def _released(tx: Tx, entry_ids: Column) -> list[int]:
    known = entries.by_id(tx, np.unique(entry_ids).tolist())
    return [entry.id for entry in known.values() if entry.reviewed]


def _within_limits(near: Neighbourhood, entry: Column) -> Column:
    """The rows to keep: of each query the entries most like it, and of these the nearest rows.

    An entry is as much like a query as it has signals near frames of it and as there are frames
    near its signals, whichever is less; so a title card in all frames of the query counts once.
    """
    place = (near.query, entry, near.frame, near.orientation, near.signal_id)
    view_of_whole = np.where(near.frame == WHOLE, near.view, 0)
    rows = np.flatnonzero(ranks(groups(*place, view_of_whole), near.distance) == 0)
    if len(rows) <= min(_PER_ENTRY, match_policy.MOST_ENTRIES, queries.MOST_REPEATS):
        return rows
    near, entry = near.take(rows), entry[rows]
    of_entry = groups(near.query, entry)
    frames = count_distinct(of_entry, near.frame)
    likeness = np.minimum(frames, count_distinct(of_entry, near.signal_id))
    least = np.full(len(likeness), np.iinfo(np.int64).max)
    np.minimum.at(least, of_entry, near.distance)
    first = np.unique(of_entry, return_index=True)[1]
    order = ranks(near.query[first], -likeness, least)
    kept = (order[of_entry] < match_policy.MOST_ENTRIES) & (
        ranks(of_entry, near.distance) < _PER_ENTRY
    )
    # Of a picture the nearest signals decide alone; frames need others around them.
    same_place = groups(near.query, entry, near.frame, near.view, near.orientation)
    kept &= (near.frame != WHOLE) | (ranks(same_place, near.distance) < queries.MOST_REPEATS)
    return rows[kept]
