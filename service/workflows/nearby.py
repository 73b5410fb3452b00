"""What the indexes hold near the values of items: searched once, joined, and kept within bounds.

A frame that many videos share, a title card, may be near a hundred thousand signals. What is
kept of them is bounded here, nearest first, before any of it becomes an object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.signals import SignalType
from service.domain import policy
from service.domain.policy import Hit
from service.matching.codes import CODE_BYTES, Codes
from service.store import banks, cases
from service.store.banks import Place
from service.store.changes import Space
from service.store.database import Tx
from service.workflows import asked
from service.workflows.asked import Question, Values
from service.workflows.context import Context

Column = NDArray[np.int64]

_AT_ONCE = 1024
"""Values searched at once, so that what is over the bounds is let go before the next."""
_A_VALUE = 1000
"""Signals kept near one value."""
_A_SEARCH = 200_000
"""Signals kept near all values of a request, each as often as it was asked for."""
_AN_ENTRY = 1000
"""Hits kept of one entry for one item: a video of four minutes, found once at each frame."""
_TYPES = (SignalType.PDQ, SignalType.PHASH)


class Near(NamedTuple):
    """Asked values near stored signals: columns of one length."""

    question: Column
    frame: Column
    view: Column
    orientation: Column
    signal_id: Column
    distance: Column
    excluded: Column
    """1 where the asked value is near the exclude bank too."""

    def of(self, rows: Column | NDArray[np.bool_]) -> Near:
        """Return some of the rows."""
        return Near(*(column[rows] for column in self))


def search(context: Context, questions: Sequence[Question]) -> Near:
    """Return what is near every value of the questions, as far as each is to be searched."""
    found = []
    for kind in _TYPES:
        every = asked.values(questions, kind)
        radii = np.array([question.radius(kind) for question in questions])[every.askers[:, 0]]
        for radius in np.unique(radii).tolist():
            here = np.flatnonzero(radii == radius)
            part = Values(every.codes[here], every.askers[here])
            found.append(_near(context, kind, part, radius))
    return joined(found)


def joined(found: Sequence[Near]) -> Near:
    """Return the rows of all, in order."""
    nothing = Near(*(np.empty(0, np.int64) for _ in Near._fields))
    return Near(*(np.concatenate(columns) for columns in zip(nothing, *found, strict=True)))


def hits_of(tx: Tx, questions: Sequence[Question], near: Near) -> dict[int, list[Hit]]:
    """Return the hits of each question, on entries that are active in this transaction.

    What is near the exclude bank finds nothing but entries that a person has released.
    """
    ids, at = np.unique(near.signal_id, return_inverse=True)
    places = banks.places(tx, Space.BANK, ids.tolist())
    holder_of = {signal_id: place.holder_id for signal_id, place in places.items()}
    entry = np.array([holder_of.get(one, 0) for one in ids.tolist()], np.int64)[at]
    kept = (entry > 0) & (near.excluded == 0)
    kept |= np.isin(entry, _released(tx, entry[near.excluded != 0]))
    near, entry = near.of(kept), entry[kept]
    found: dict[int, list[Hit]] = {}
    for row in zip(*(column.tolist() for column in near.of(_bounded(near, entry))), strict=True):
        question, _, _, _, signal_id, _, _ = row
        hit = _hit(questions[question], row, places[signal_id])
        found.setdefault(question, []).append(hit)
    return found


def _hit(question: Question, row: tuple[int, ...], place: Place) -> Hit:
    _, frame, view, orientation, _, distance, _ = row
    of_frame = frame != asked.NONE
    return Hit(
        place.holder_id,
        place.type,
        distance,
        asked_frame=frame if of_frame else None,
        asked=question.span(frame) if of_frame else None,
        view=None if view == asked.NONE else view,
        orientation=orientation,
        window=place.window,
        stored=place.span,
    )


def _released(tx: Tx, entry_ids: Column) -> list[int]:
    known = cases.entries_by_id(tx, np.unique(entry_ids).tolist())
    return [entry.id for entry in known.values() if entry.reviewed]


def _near(context: Context, kind: SignalType, every: Values, radius: int) -> Near:
    """What is near values of one type. A value that is asked more than once is searched once."""
    codes, of_code, times = _distinct(every.codes)
    excluded = np.zeros(len(codes), np.int64)
    plain = context.replica.searcher.search(Space.EXCLUDED, kind, codes, policy.EXCLUDE_DISTANCE)
    excluded[plain.queries] = 1
    starts = range(0, len(codes), _AT_ONCE)
    hits = np.concatenate([_nearest(context, kind, codes, start, radius) for start in starts])
    by_rank = np.lexsort((hits[:, 2], _rank(hits[:, 0], hits[:, 2])))
    hits = hits[by_rank][np.cumsum(times[hits[by_rank, 0]]) <= _A_SEARCH]
    code, signal_id, distance = hits.T
    rows = np.repeat(np.arange(len(hits)), times[code])
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(times[code]) - times[code], times[code])
    first = np.cumsum(times) - times
    askers = every.askers[np.argsort(of_code, kind="stable")[first[code[rows]] + nth]]
    told = (signal_id[rows], distance[rows], excluded[code[rows]])
    return Near._make((*askers.T, *told))


def _nearest(context: Context, kind: SignalType, codes: Codes, start: int, radius: int) -> Column:
    """(n, 3): code, signal id, distance, for some codes from `start`; of each the nearest."""
    some = codes[start : start + _AT_ONCE]
    hits = context.replica.searcher.search(Space.BANK, kind, some, radius)
    kept = _rank(hits.queries, hits.distances) < _A_VALUE
    return np.stack((hits.queries + start, hits.ids, hits.distances), axis=1)[kept]


def _distinct(codes: Codes) -> tuple[Codes, Column, Column]:
    """Codes without repetition; for each given one its place there; how often each was given."""
    place: dict[bytes, int] = {}
    of_code = np.array([place.setdefault(c.tobytes(), len(place)) for c in codes], np.int64)
    once = np.frombuffer(b"".join(place), np.uint8).reshape(-1, CODE_BYTES)
    return once, of_code, np.bincount(of_code, minlength=len(place))


def _bounded(near: Near, entry: Column) -> Column:
    """The rows that are kept: of each question the entries that are most alike, nearest first.

    Alike is an entry in as many of its signals as there are frames of the item near them, so
    that one title card that is in all of the item's frames is one.
    """
    apart = (near.question, entry, near.frame, near.orientation, near.signal_id)
    of_whole = np.where(near.frame == asked.NONE, near.view, 0)
    rows = np.flatnonzero(_rank(_groups(*apart, of_whole), near.distance) == 0)
    near, entry = near.of(rows), entry[rows]
    of_entry = _groups(near.question, entry)
    alike = np.minimum(_different(of_entry, near.frame), _different(of_entry, near.signal_id))
    nearest = np.full(len(alike), np.iinfo(np.int64).max)
    np.minimum.at(nearest, of_entry, near.distance)
    first = np.unique(of_entry, return_index=True)[1]
    order = _rank(near.question[first], -alike, nearest)
    kept = (order[of_entry] < policy.MOST_MATCHES) & (_rank(of_entry, near.distance) < _AN_ENTRY)
    return rows[kept]


def _different(group: Column, values: Column) -> Column:
    """How many different values each group has, by its number."""
    return np.bincount(group[np.unique(_groups(group, values), return_index=True)[1]])


def _groups(*columns: Column) -> Column:
    """Number each different row of the columns, in their order."""
    order = np.lexsort(columns[::-1])
    changed = np.zeros(len(order), bool)
    for column in columns:
        changed[1:] |= column[order][1:] != column[order][:-1]
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(changed)
    return numbers


def _rank(group: Column, *by: NDArray[np.int64] | NDArray[np.float64]) -> Column:
    """Place of each row among those of its group, 0 for the least."""
    order = np.lexsort((*by[::-1], group))
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    sizes = np.diff(begins, append=len(order))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(begins, sizes)
    return ranks
