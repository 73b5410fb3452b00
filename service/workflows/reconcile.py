"""What new entries, observations and exclusions mean for what was there before.

The worker follows `changes` in the order they were committed. So of an entry and an observation
the later one always finds the earlier, whichever process took them, and wherever one of them was
killed in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from service.domain import admission
from service.domain.case import EntryStatus, HoldReason
from service.domain.sighting import Sighting, Source, Verdict
from service.search import exclusion, matcher
from service.search.matcher import ObservationVerdict
from service.store import changes, entries, observations, provenance, sightings, signals
from service.store.changes import Change, Space
from service.store.database import Tx
from service.workflows.context import Context

WORKER = "sightings"
"""Name under which the worker's position in `changes` is recorded."""
BATCH = 500
"""Changes reconciled in one transaction, and as many more as belong to the last content."""


class _Batch(NamedTuple):
    """What the next changes added. Nobody's content is cut in two."""

    changes: int
    upto: int
    """Position of the last of them."""
    entry_ids: list[int]
    observation_ids: list[int]
    excluded_ids: set[int]


def reconcile(context: Context) -> int:
    """Record the sightings and hold the entries that the next changes bring about.

    Returns how many changes were processed; 0 means that none is left.
    """
    context.replica.catch_up()
    batch = _next(context)
    if batch is None:
        return 0
    found = matcher.match_observations(context.replica, batch.observation_ids)
    found += matcher.match_entries(context.replica, batch.entry_ids)
    excluded = exclusion.excluded_signals(
        context.replica, entry_ids=batch.entry_ids, excluded_ids=batch.excluded_ids
    )
    database = context.database
    with database.write_changes() if excluded else database.write() as tx:
        _record(context, tx, found)
        _hold(tx, excluded)
        changes.set_reached(tx, WORKER, batch.upto)
    if excluded:
        context.replica.catch_up()
    return batch.changes


def _next(context: Context) -> _Batch | None:
    with context.database.read() as tx:
        rows = changes.after(tx, changes.reached(tx, WORKER), BATCH)
        rows = [row for row in rows if row.position <= context.replica.position]
        if not rows:
            return None
        added = {space: _added(rows, space) for space in Space}
        contents = {
            space: {one.content_id for one in provenance.by_signal(tx, space, ids).values()}
            for space, ids in added.items()
            if space is not Space.EXCLUDED
        }
        more = _rest_of_last(tx, rows[-1])
    rows += [row for row in more if row.position <= context.replica.position]
    return _Batch(
        len(rows),
        rows[-1].position,
        sorted(contents[Space.BANK]),
        sorted(contents[Space.OBSERVED]),
        added[Space.EXCLUDED],
    )


def _added(rows: Iterable[changes.Row], space: Space) -> set[int]:
    return {row.signal_id for row in rows if row.space is space and row.change is Change.ADD}


def _rest_of_last(tx: Tx, last: changes.Row) -> list[changes.Row]:
    """The changes that follow a batch and belong to the same content as its last change."""
    if last.change is not Change.ADD or last.space is Space.EXCLUDED:
        return []
    content = provenance.by_signal(tx, last.space, [last.signal_id]).get(last.signal_id)
    rest: list[changes.Row] = []
    while content:
        more = changes.after(tx, rest[-1].position if rest else last.position, BATCH)
        ids = [row.signal_id for row in more]
        origins = provenance.by_signal(tx, last.space, ids)
        for row in more:
            origin = origins.get(row.signal_id)
            same = origin is not None and origin.content_id == content.content_id
            if not same or (row.space, row.change) != (last.space, last.change):
                return rest
            rest.append(row)
        if len(more) < BATCH:
            break
    return rest


def _record(context: Context, tx: Tx, found: Sequence[ObservationVerdict]) -> None:
    """Record the sightings on entries that are active in this transaction."""
    known = entries.by_id(tx, {one.verdict.entry_id for one in found})
    active = {entry.id for entry in known.values() if entry.status is EntryStatus.ACTIVE}
    seen = observations.by_id(tx, {one.observation_id for one in found})
    sightings.record(
        tx,
        [
            _sighting(context, one, seen[one.observation_id])
            for one in _best(found)
            if one.verdict.entry_id in active and one.observation_id in seen
        ],
    )


def _best(found: Iterable[ObservationVerdict]) -> Iterable[ObservationVerdict]:
    """One verdict a pair: both may have been added by this batch, and found in both directions."""
    best: dict[tuple[int, int], ObservationVerdict] = {}
    for one in found:
        key = (one.observation_id, one.verdict.entry_id)
        if key not in best or one.verdict.verdict is Verdict.MATCH:
            best[key] = one
    return best.values()


def _sighting(
    context: Context, found: ObservationVerdict, seen: observations.Observation
) -> Sighting:
    entry_id = found.verdict.entry_id
    return Sighting(
        entry_id,
        seen.actor_id,
        seen.seen_on,
        Source.OBSERVATION,
        found.verdict.verdict,
        context.seals.reference(seen.actor_id, entry_id),
        seen.id,
    )


def _hold(tx: Tx, signal_ids: set[int]) -> None:
    """Hold the entries of these signals. Where only a window is excluded, delete the window."""
    origins = provenance.by_signal(tx, Space.BANK, signal_ids).values()
    whole = {origin.content_id for origin in origins if origin.window is None}
    known = entries.by_id(tx, {origin.content_id for origin in origins})
    held = [origin for origin in origins if admission.may_hold(known[origin.content_id])]
    signals.delete_windows(tx, [origin.signal_id for origin in held if origin.window])
    for entry in known.values():
        if entry.id in whole and admission.may_hold(entry):
            entries.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.EXCLUDED)
