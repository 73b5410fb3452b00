"""The search in the other direction: which observations are near the signals of some entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hashing.signals import SignalType
from service.domain.alignment import Span
from service.matching.codes import CODE_BYTES, codes_of
from service.replica.follower import Replica
from service.replica.searcher import Searcher
from service.search import neighbours, orientations
from service.search.candidates import Neighbourhood, concatenated
from service.search.neighbours import PERCEPTUAL, Column
from service.search.queries import PLAIN, WHOLE
from service.store import provenance, signals
from service.store.changes import Space
from service.store.database import Tx
from service.store.provenance import ContentSignal, Provenance


class _Pairs(NamedTuple):
    """Signals of entries near signals of observations: columns of one length."""

    entry_signal: Column
    observed_signal: Column
    orientation: Column
    """How the observation's value is turned to be near the entry's."""
    distance: Column


def near_observations(
    replica: Replica, tx: Tx, of_entries: Sequence[ContentSignal], radius: int
) -> Neighbourhood:
    """Return the observations near signals of entries, as if each observation were a query.

    The column `query` holds ids of observations. The work grows with the signals given and what
    is near them among the observations, not with how many other entries the bank holds.
    """
    return concatenated(
        [_near_of_type(replica, tx, kind, of_entries, radius) for kind in PERCEPTUAL]
    )


def _near_of_type(
    replica: Replica,
    tx: Tx,
    signal_type: SignalType,
    of_entries: Sequence[ContentSignal],
    radius: int,
) -> Neighbourhood:
    of_type = [one for one in of_entries if one.provenance.type is signal_type]
    pairs = _pairs(replica, signal_type, of_type, radius)
    ids, signal_of = np.unique(pairs.observed_signal, return_inverse=True)
    origins = provenance.by_signal(tx, Space.OBSERVED, ids.tolist())
    columns = _query_and_frame(tx, [origins.get(one) for one in ids.tolist()])[signal_of]
    rows = Neighbourhood(
        columns[:, 0],
        columns[:, 1],
        np.full(len(columns), PLAIN),
        pairs.orientation,
        pairs.entry_signal,
        pairs.distance,
        _are_excluded(replica.searcher, tx, signal_type, pairs),
    )
    return rows.take(rows.query > 0)  # 0: purged meanwhile


def _pairs(
    replica: Replica, signal_type: SignalType, stored: Sequence[ContentSignal], radius: int
) -> _Pairs:
    """Turning the entry's value back is as good as turning the observation's; only PDQ can be."""
    turns = orientations.INVERSE if signal_type is SignalType.PDQ else (0,)
    turned = orientations.oriented(codes_of(one.value for one in stored))[:, list(turns)]
    codes = neighbours.distinct(turned.reshape(-1, CODE_BYTES))
    near = neighbours.nearest(replica, Space.OBSERVED, signal_type, codes, radius)
    ids = np.array([one.provenance.signal_id for one in stored], np.int64)
    signal, orientation = near.given // len(turns), near.given % len(turns)
    return _Pairs(ids[signal], near.signal_id, orientation, near.distance)


def _query_and_frame(tx: Tx, origins: Sequence[Provenance | None]) -> Column:
    """(n, 2): the observation of each signal, 0 if there is none, and the index of its frame."""
    videos = {one.content_id for one in origins if one and one.span}
    spans = provenance.frame_spans(tx, Space.OBSERVED, videos)
    frame_of: dict[tuple[int, Span | None], int] = {
        (video, span): frame
        for video, of_video in spans.items()
        for frame, span in enumerate(of_video)
    }
    rows = [
        (one.content_id, frame_of.get((one.content_id, one.span), WHOLE)) if one else (0, WHOLE)
        for one in origins
    ]
    return np.array(rows, np.int64).reshape(-1, 2)


def _are_excluded(searcher: Searcher, tx: Tx, signal_type: SignalType, pairs: _Pairs) -> Column:
    """1 where the observation's value, turned as it was found, is near the exclude bank."""
    ids = np.unique(pairs.observed_signal).tolist()
    value_of = {one.id: one.value for one in signals.by_id(tx, Space.OBSERVED, ids)}
    kept = [one for one in ids if one in value_of]
    every = orientations.oriented(codes_of(value_of[one] for one in kept))
    codes = neighbours.distinct(every.reshape(-1, CODE_BYTES))
    excluded = neighbours.are_excluded(searcher, signal_type, codes)[codes.code_of]
    by_turn = excluded.reshape(-1, orientations.COUNT)
    row = np.searchsorted(np.array(kept, np.int64), pairs.observed_signal)
    row = np.minimum(row, len(kept) - 1)  # of what was purged meanwhile, any: it is dropped
    return by_turn[row, pairs.orientation] if kept else np.zeros(len(pairs.distance), np.int64)
