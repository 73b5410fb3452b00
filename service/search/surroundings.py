"""What is around an entry, for whoever reviews it: other cases that have it, exclusions near it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from hashing.signals import Signal, SignalType
from service.domain import admission
from service.domain.case import Entry
from service.domain.match_policy import EXCLUDE_DISTANCE, MATCH_DISTANCE, near_distance
from service.matching.codes import codes_of
from service.replica.follower import Replica
from service.search import neighbours
from service.search.neighbours import PERCEPTUAL
from service.store import entries, exclusions, provenance, signals
from service.store.changes import Space
from service.store.database import Tx


class NearestExclusion(NamedTuple):
    """The exclusion that is nearest to an entry, within what can be called near."""

    exclusion_id: int
    distance: int
    """Bits, of PDQ or pHash."""


def other_cases(replica: Replica, entry_id: int, *, earlier: bool = False) -> int:
    """Return how many other cases have the same content as a whole among their active entries.

    With `earlier`, only entries that were added before this one.
    """
    with replica.database.read() as tx:
        own = {one.case_id for one in entries.by_id(tx, [entry_id]).values()}
        whole = [each for each in signals.of_entry(tx, entry_id) if not each.of_frame]
    before = entry_id if earlier else None
    every = [(each.type, each.value) for each in whole]
    return len(_cases_with(replica, every, before) - own)


def _cases_with(
    replica: Replica, whole: Sequence[tuple[SignalType, bytes]], before: int | None
) -> set[int]:
    """Return the ids of cases with an active entry that is the same as a whole.

    `before`: only entries with a lower id. Compared are the PDQ of the whole and SHA-256; windows
    and frames are not.
    """
    pdq = SignalType.PDQ
    codes = neighbours.distinct(codes_of(value for kind, value in whole if kind is pdq))
    near = neighbours.ids_near(replica.searcher, Space.BANK, pdq, codes, MATCH_DISTANCE)
    exact = [Signal(kind, value) for kind, value in whole if kind is SignalType.SHA256]
    with replica.database.read() as tx:
        origins = provenance.by_signal(tx, Space.BANK, near).values()
        same = {one.content_id for one in origins if one.window is None and one.span is None}
        same |= {one.content_id for _, one in provenance.identical(tx, Space.BANK, exact)}
        known = entries.by_id(tx, same).values()
        return {one.case_id for one in known if before is None or one.id < before}


def entries_near(replica: Replica, excluded: Sequence[Signal]) -> list[Entry]:
    """Return the active entries of which a whole, or most frames, are near what is excluded."""
    near: set[int] = set()
    for kind in PERCEPTUAL:
        codes = neighbours.distinct(codes_of(one.value for one in excluded if one.type is kind))
        near |= neighbours.ids_near(replica.searcher, Space.BANK, kind, codes, EXCLUDE_DISTANCE)
    with replica.database.read() as tx:
        origins = provenance.by_signal(tx, Space.BANK, near).values()
        return list(entries.by_id(tx, provenance.mostly(tx, origins)).values())


def nearest_exclusion(replica: Replica, entry_id: int) -> NearestExclusion | None:
    """Return the exclusion nearest to a whole or a frame of an entry, if one is near."""
    with replica.database.read() as tx:
        stored = signals.of_entry(tx, entry_id)
    near: list[tuple[int, int]] = []
    for kind in PERCEPTUAL:
        values = [one.value for one in stored if one.type is kind]
        codes = neighbours.distinct(codes_of(values)).codes
        found = replica.searcher.search(Space.EXCLUDED, kind, codes, near_distance(kind))
        near += zip(found.distances.tolist(), found.ids.tolist(), strict=True)
    with replica.database.read() as tx:
        for distance, signal_id in sorted(near):
            exclusion_id = exclusions.of_signal(tx, signal_id)
            if exclusion_id is not None:
                return NearestExclusion(exclusion_id, distance)
    return None


def is_excluded_without(replica: Replica, tx: Tx, entry_id: int, removed: Collection[int]) -> bool:
    """Whether an entry were held, if some of the exclude bank's signals were not there."""
    stored = [one for one in signals.of_entry(tx, entry_id) if one.type.perceptual]
    near = [_is_near_others(replica, one.type, one.value, removed) for one in stored]
    frames = [flag for one, flag in zip(stored, near, strict=True) if one.of_frame]
    whole = any(flag for one, flag in zip(stored, near, strict=True) if not one.of_frame)
    return whole or admission.is_mostly_excluded(sum(frames), len(frames))


def _is_near_others(
    replica: Replica, kind: SignalType, value: bytes, removed: Collection[int]
) -> bool:
    codes = neighbours.distinct(codes_of([value]))
    near = neighbours.ids_near(replica.searcher, Space.EXCLUDED, kind, codes, EXCLUDE_DISTANCE)
    return not near <= set(removed)
