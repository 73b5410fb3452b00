"""Which signals of entries are near the exclude bank, whichever of the two came first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hashing.signals import SignalType
from service.domain.match_policy import EXCLUDE_DISTANCE
from service.matching.codes import codes_of
from service.replica.follower import Replica
from service.replica.searcher import Searcher
from service.search import neighbours
from service.search.neighbours import PERCEPTUAL
from service.store import provenance, signals
from service.store.changes import Space


def are_excluded(searcher: Searcher, some: Sequence[tuple[SignalType, bytes]]) -> list[bool]:
    """Return, for each signal, whether it is near the exclude bank. Exact ones never are."""
    excluded = [False] * len(some)
    for signal_type in PERCEPTUAL:
        rows = [row for row, (of_type, _) in enumerate(some) if of_type is signal_type]
        codes = neighbours.distinct(codes_of(some[row][1] for row in rows))
        near = neighbours.are_excluded(searcher, signal_type, codes)[codes.code_of]
        for row, is_near in zip(rows, near.tolist(), strict=True):
            excluded[row] = bool(is_near)
    return excluded


def excluded_signals(
    replica: Replica, *, entry_ids: Iterable[int], excluded_ids: Iterable[int]
) -> set[int]:
    """Return ids of the bank's signals that are near the exclude bank.

    Looked for are the signals of some entries, and all of those that have any near some signals of
    the exclude bank: how much of a video is excluded decides whether it is held.
    Intake looks too, but in an index that the exclusion of another process may not have reached.
    """
    with replica.database.read() as tx:
        new = signals.by_id(tx, Space.EXCLUDED, excluded_ids)
    near: set[int] = set()
    for kind in PERCEPTUAL:
        codes = neighbours.distinct(codes_of(one.value for one in new if one.type == kind))
        near |= neighbours.ids_near(replica.searcher, Space.BANK, kind, codes, EXCLUDE_DISTANCE)
    with replica.database.read() as tx:
        touched = {one.content_id for one in provenance.by_signal(tx, Space.BANK, near).values()}
        every = provenance.of_contents(tx, Space.BANK, {*entry_ids, *touched})
    flags = are_excluded(replica.searcher, [(one.provenance.type, one.value) for one in every])
    return {one.provenance.signal_id for one, flag in zip(every, flags, strict=True) if flag}
