"""What time asks for: late sightings, late exclusions, and forgetting.

`reconcile` follows `changes` in the order they were committed, so that of an entry and an
observation the later one always finds the earlier, whichever process took them and wherever
one of them was killed in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from hashing.signals import Signal, SignalType
from service.domain import policy
from service.domain.case import EntryStatus, HoldReason
from service.domain.policy import Found, Hit
from service.domain.sighting import Sighting, Source
from service.matching import orientations
from service.matching.codes import CODE_BYTES, codes_of
from service.store import banks, cases, changes, sightings
from service.store.banks import Stored
from service.store.changes import Change, Space
from service.store.database import Tx
from service.workflows.context import Context, Today

WORKER = "sightings"
"""Name under which the worker's place in `changes` is kept."""
BATCH = 500
"""Changes reconciled in one transaction."""
_TURNS = tuple(range(orientations.COUNT))
_UPRIGHT = (0,)
PURGE = 500
"""Observations erased in one transaction."""

ERASE = 20
"""Entries erased in one transaction, or one case, which may have 50. Each may have 1,200 frames."""


class _Pair(NamedTuple):
    """An entry's signal and an observation's that are near each other."""

    bank_id: int
    observed_id: int
    type: SignalType
    distance: int
    orientation: int
    """How the observation's is turned."""


class _Hit(NamedTuple):
    """A signal, turned in one of the ways asked for, near another one."""

    stored: Stored
    turn: int
    other: int
    distance: int


def reconcile(context: Context) -> int:
    """Record every sighting, and hold every excluded entry, that the next changes bring about.

    Returns how many changes were looked at; 0 means that all is done.
    """
    context.replica.catch_up()
    with context.database.read() as tx:
        rows = changes.after(tx, changes.reached(tx, WORKER), BATCH)
        rows = [row for row in rows if row.position <= context.replica.position]
        added = {space: _added(tx, space, rows) for space in Space}
    if not rows:
        return 0
    pairs = [*_of_entries(context, added[Space.BANK]), *_of_seen(context, added[Space.OBSERVED])]
    pairs = _not_excluded(context, pairs)
    overtaken = _overtaken(context, added)
    with context.database.write() as tx:
        _record(context, tx, _with_identical(tx, pairs, added))
        _hold(tx, overtaken)
        changes.set_reached(tx, WORKER, rows[-1].position)
    context.replica.catch_up()
    return len(rows)


def purge(context: Context, now: Today) -> int:
    """Erase observations whose time is over; return how many. 0 means that none is left."""
    with context.database.write() as tx:
        return sightings.purge_observations(tx, now, PURGE)


def erase_due(context: Context, now: Today) -> int:
    """Erase for good what was withdrawn and can be undone no more, some at a time.

    Returns how many entries; 0 means that none is left. A case is erased whole, or not yet.
    """
    with context.database.write() as tx:
        case = cases.due(tx, now)
        if case:
            return cases.erase(tx, case, now) or 1
        alone = cases.due_entries(tx, now, ERASE)
        for entry in alone:
            cases.withdraw(tx, entry)
    return len(alone)


def _added(tx: Tx, space: Space, rows: Iterable[changes.Row]) -> list[Stored]:
    """What was added, with the rest of its content: a batch may end between two frames of one."""
    ids = {row.signal_id for row in rows if row.space is space and row.change is Change.ADD}
    if space is Space.EXCLUDED:
        return banks.stored_of(tx, space, ids)
    return banks.whole_of(tx, space, ids)


def _near(
    context: Context, stored: list[Stored], others: Space, radius: int, turns: tuple[int, ...]
) -> list[_Hit]:
    """What is near in the other space. Only PDQ can be turned (service.matching.orientations)."""
    found = []
    for kind, ways in ((SignalType.PDQ, turns), (SignalType.PHASH, turns[:1])):
        of_kind = [one for one in stored if one.type == kind]
        every = orientations.oriented(codes_of(one.value for one in of_kind))
        codes = every[:, ways].reshape(-1, CODE_BYTES)
        if len(codes):
            hits = context.replica.searcher.search(others, kind, codes, radius)
            columns = (hits.queries // len(ways), hits.queries % len(ways), hits.ids)
            rows = zip(*(each.tolist() for each in (*columns, hits.distances)), strict=True)
            found += [_Hit(of_kind[at], turn, other, bits) for at, turn, other, bits in rows]
    return found


def _of_entries(context: Context, stored: list[Stored]) -> list[_Pair]:
    """As if every observation were turned: that is the entry, turned back."""
    near = _near(context, stored, Space.OBSERVED, policy.MATCH_DISTANCE, orientations.INVERSE)
    return [
        _Pair(hit.stored.id, hit.other, SignalType(hit.stored.type), hit.distance, hit.turn)
        for hit in near
    ]


def _of_seen(context: Context, stored: list[Stored]) -> list[_Pair]:
    near = _near(context, stored, Space.BANK, policy.MATCH_DISTANCE, _TURNS)
    return [
        _Pair(hit.other, hit.stored.id, SignalType(hit.stored.type), hit.distance, hit.turn)
        for hit in near
    ]


def _overtaken(context: Context, added: dict[Space, list[Stored]]) -> set[int]:
    """Signals of entries near the exclude bank, whichever of the two came first.

    Intake looks too, but in an index that another process's exclusion may not have reached.
    """
    radius = policy.EXCLUDE_DISTANCE
    later = _near(context, added[Space.EXCLUDED], Space.BANK, radius, _UPRIGHT)
    earlier = _near(context, added[Space.BANK], Space.EXCLUDED, radius, _UPRIGHT)
    return {hit.other for hit in later} | {hit.stored.id for hit in earlier}


def _not_excluded(context: Context, pairs: list[_Pair]) -> list[_Pair]:
    """Without what was seen, turned as it was found, near the exclude bank: it matches nothing."""
    with context.database.read() as tx:
        seen = banks.stored_of(tx, Space.OBSERVED, {pair.observed_id for pair in pairs})
    near = _near(context, seen, Space.EXCLUDED, policy.EXCLUDE_DISTANCE, _TURNS)
    plain = {(hit.stored.id, hit.turn) for hit in near}
    return [pair for pair in pairs if (pair.observed_id, pair.orientation) not in plain]


def _with_identical(tx: Tx, pairs: list[_Pair], added: dict[Space, list[Stored]]) -> list[_Pair]:
    """The pairs, and those of identical bytes, which no index holds."""
    found = list(pairs)
    for here, there in ((Space.BANK, Space.OBSERVED), (Space.OBSERVED, Space.BANK)):
        exact = [one for one in added[here] if not SignalType(one.type).perceptual]
        ids: defaultdict[Signal, list[int]] = defaultdict(list)
        for one in exact:
            ids[Signal(SignalType(one.type), one.value)].append(one.id)
        for signal, place in banks.identical(tx, there, ids):
            for mine in ids[signal]:
                of_bank = here is Space.BANK
                bank, seen = (mine, place.signal_id) if of_bank else (place.signal_id, mine)
                found.append(_Pair(bank, seen, signal.type, 0, 0))
    return found


def _record(context: Context, tx: Tx, pairs: list[_Pair]) -> None:
    """Judge each observation against the entries it is near, as a lookup would be judged."""
    hits_of = _hits(tx, pairs)
    known = sightings.observations_by_id(tx, hits_of)
    seen = banks.films(tx, Space.OBSERVED, hits_of)
    entry_ids = {hit.entry_id for hits in hits_of.values() for hit in hits if hit.asked}
    stored = banks.films(tx, Space.BANK, entry_ids)
    for observation_id, hits in hits_of.items():
        film = seen.get(observation_id, policy.NO_FILM)
        for found in policy.judge(hits, asked=film, stored=stored):
            _sighted(context, tx, found, known[observation_id])


def _hits(tx: Tx, pairs: list[_Pair]) -> dict[int, list[Hit]]:
    """The hits of each observation, on entries that are active in this transaction."""
    in_bank = banks.places(tx, Space.BANK, {pair.bank_id for pair in pairs})
    seen = banks.places(tx, Space.OBSERVED, {pair.observed_id for pair in pairs})
    filmed = {place.holder_id for place in seen.values() if place.span}
    frames = {one: {s: at for at, s in enumerate(banks.spans_of(tx, one))} for one in filmed}
    hits_of: dict[int, list[Hit]] = {}
    for pair in pairs:
        mine, theirs = in_bank.get(pair.bank_id), seen.get(pair.observed_id)
        if mine and theirs:
            hit = Hit(
                mine.holder_id,
                pair.type,
                pair.distance,
                asked_frame=frames[theirs.holder_id][theirs.span] if theirs.span else None,
                asked=theirs.span,
                orientation=pair.orientation,
                window=mine.window,
                stored=mine.span,
            )
            hits_of.setdefault(theirs.holder_id, []).append(hit)
    return hits_of


def _sighted(context: Context, tx: Tx, found: Found, observation: sightings.Observation) -> None:
    reference = context.seals.reference(observation.actor_id, found.entry_id)
    sightings.record(
        tx,
        Sighting(
            found.entry_id,
            observation.actor_id,
            observation.seen_on,
            Source.OBSERVATION,
            found.verdict,
            reference,
            observation.id,
        ),
    )


def _hold(tx: Tx, signal_ids: set[int]) -> None:
    """Hold the entries of these signals; of those that only a window tells, forget the window."""
    places = banks.places(tx, Space.BANK, signal_ids).values()
    holders = {place.holder_id for place in places if place.window is None}
    known = cases.entries_by_id(tx, {place.holder_id for place in places})
    held = [place for place in places if policy.may_hold(known[place.holder_id])]
    banks.forget_windows(tx, [place.signal_id for place in held if place.window])
    for entry in known.values():
        if entry.id in holders and policy.may_hold(entry):
            cases.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.EXCLUDED)
