"""What new entries, observations and exclusions mean for what was there before.

The worker follows `changes` in the order they were committed. So of an entry and an observation
the later one always finds the earlier, whichever process took them, and wherever one of them was
killed in between.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from service.domain import admission
from service.domain.case import Concern, Entry, EntryStatus, HoldReason
from service.domain.errors import NotReady, StoreFull
from service.domain.sighting import Sighting, Source, Verdict
from service.search import exclusion, matcher, surroundings
from service.search.matcher import ObservationVerdict
from service.store import (
    alerts,
    changes,
    concerns,
    entries,
    observations,
    provenance,
    set_aside,
    sightings,
    signals,
    visits,
)
from service.store.changes import TRYING, WORKER, Change, Space
from service.store.database import Tx
from service.store.observations import Observation
from service.store.set_aside import Subject
from service.workflows.context import Context, Today
from service.workflows.progress import Ending

BATCH = 500
"""Most signals reconciled in one transaction, and as many more as belong to the last content.
There are fewer if these take long (`Progress`)."""
MOST_ATTEMPTS = 5
"""After which a content is tried again only if an operator asks."""
_ERROR_NAME = 80

log = logging.getLogger(__name__)


class _Batch(NamedTuple):
    """What the next changes added. Nobody's content is cut in two."""

    changes: int
    upto: int
    """Position of the last of them."""
    subjects: list[Subject]


def reconcile(context: Context, now: Today) -> int:
    """Record the sightings and hold the entries that the next changes bring about.

    Returns how many changes were processed; 0 means that none is left, or that the process ends.
    A batch that fails is tried again in halves, and a content that fails alone is set aside: none
    keeps the others from being reconciled. Raises NotReady or StoreFull when the store cannot be
    used; then nothing has moved.
    """
    try:
        _take_back(context)
        context.replica.catch_up()
        batch = _next(context)
        return 0 if batch is None else _reconcile_batch(context, batch, now)
    except Ending:
        return 0


def retry_set_aside(context: Context, now: Today) -> int:
    """Try one content that was set aside again; return 0 if none is due, or the process ends."""
    _take_back(context)
    with context.database.read() as tx:
        due = set_aside.due(tx, now, MOST_ATTEMPTS)
    if due is None:
        return 0
    context.replica.catch_up()
    try:
        _try_alone(context, due.subject, now)
    except Ending:
        return 0
    return 1


def leave(context: Context) -> None:
    """Have the worker stop, and record that it did not die, whatever it is at.

    What it has begun is done again after the next start. Raises NotReady if another process keeps
    the store from being written; then the next start tries each content of the batch alone.
    """
    context.progress.end()
    with context.database.write(patient=False) as tx:
        changes.forget_reached(tx, TRYING)
    _take_back(context)


def _take_back(context: Context) -> None:
    """Set aside no longer what was only tried when the store failed, or when the process ends."""
    subject = context.progress.tried
    if subject is not None:
        with context.database.write(patient=False) as tx:
            set_aside.take_back(tx, subject)
        context.progress.tried = None


def _reconcile_batch(context: Context, batch: _Batch, now: Today) -> int:
    progress, began = context.progress, time.monotonic()
    with context.database.write() as tx:
        progress.require_going_on()
        reached = changes.reached(tx, TRYING)
        died = reached > changes.reached(tx, WORKER) and reached != progress.begun
        changes.set_reached(tx, TRYING, batch.upto)
        known = {one.subject for one in set_aside.listed(tx)} if died else set()
    progress.begun = batch.upto
    if died:
        for subject in batch.subjects:
            if subject not in known:  # perhaps it is what the process died of
                _try_alone(context, subject, now)
    elif _error_of(context, batch.subjects, now, batch.upto) is None:
        progress.took(time.monotonic() - began, BATCH)
        return batch.changes
    else:
        _try_halves(context, batch.subjects, now)
    with context.database.write() as tx:
        changes.set_reached(tx, WORKER, batch.upto)
    return batch.changes


def _try_halves(context: Context, subjects: Sequence[Subject], now: Today) -> None:
    """Reconcile each half of some contents; of one that fails, each half, down to one content."""
    if len(subjects) <= 1:
        for subject in subjects:
            _try_alone(context, subject, now)
        return
    middle = len(subjects) // 2
    for half in (subjects[:middle], subjects[middle:]):
        context.progress.require_going_on()
        if _error_of(context, half, now) is not None:
            _try_halves(context, half, now)


def _try_alone(context: Context, subject: Subject, now: Today) -> None:
    """Reconcile one content, or leave it set aside, also if this process dies of it."""
    with context.database.write() as tx:
        context.progress.require_going_on()
        context.progress.tried = subject
        set_aside.begin(tx, subject, now)
    error = _error_of(context, [subject], now)
    with context.database.write() as tx:
        if error is None:
            set_aside.remove(tx, subject.space, [subject.id])
        else:
            set_aside.explain(tx, subject, error)
    context.progress.tried = None
    if error is None:
        return
    log.error("content set aside: see `python -m service set-aside list`", extra={"error": error})


def _error_of(
    context: Context, subjects: Sequence[Subject], now: Today, upto: int | None = None
) -> str | None:
    """Reconcile some contents; return the name of the error that kept it from being done.

    The error itself is not kept: what it refers to may be what there was too much of.
    """
    try:
        _reconcile(context, subjects, now, upto)
    except (NotReady, StoreFull):  # of the store, not of the contents
        raise
    except Exception as err:  # noqa: BLE001 (whatever it is, others must be reconciled)
        return type(err).__name__[:_ERROR_NAME]
    return None


def _reconcile(context: Context, subjects: Sequence[Subject], now: Today, upto: int | None) -> None:
    """Reconcile some contents, and move the worker's position to `upto` in one transaction."""
    ids = {space: [one.id for one in subjects if one.space is space] for space in Space}
    found = matcher.match_observations(context.replica, ids[Space.OBSERVED])
    found += matcher.match_entries(context.replica, ids[Space.BANK])
    excluded = exclusion.excluded_signals(
        context.replica, entry_ids=ids[Space.BANK], excluded_ids=ids[Space.EXCLUDED]
    )
    crowded = _in_many_cases(context, ids[Space.BANK])
    database = context.database
    with database.write_changes() if excluded else database.write() as tx:
        _record(context, tx, found)
        concerns.record(tx, crowded, Concern.MANY_CASES, now)
        _hold(tx, excluded)
        if upto is not None:
            changes.set_reached(tx, WORKER, upto)
    if excluded:
        context.replica.catch_up()


def _in_many_cases(context: Context, entry_ids: Iterable[int]) -> list[int]:
    """The entries whose content is in so many other cases that a person should look.

    Here and not where they are added, so that no answer takes longer for it.
    """
    most = context.settings.cases_per_signal
    return [
        entry_id
        for entry_id in entry_ids
        if admission.is_in_many_cases(
            surroundings.other_cases(context.replica, entry_id, earlier=True), most=most
        )
    ]


def _next(context: Context) -> _Batch | None:
    with context.database.read() as tx:
        most = min(BATCH, context.progress.signals)
        rows = changes.after(tx, changes.reached(tx, WORKER), BATCH, most_signals=most)
        rows = [row for row in rows if row.position <= context.replica.position]
        if not rows:
            return None
        subjects = [Subject(space, one) for space in Space for one in _subjects(tx, rows, space)]
        more = _rest_of_last(tx, rows[-1])
    rows += [row for row in more if row.position <= context.replica.position]
    return _Batch(len(rows), rows[-1].position, subjects)


def _subjects(tx: Tx, rows: Sequence[changes.Row], space: Space) -> list[int]:
    """What the signals of a space belong to that were added, by id."""
    added = _added(rows, space)
    if space is Space.EXCLUDED:
        return sorted(added)
    return sorted({one.content_id for one in provenance.by_signal(tx, space, added).values()})


def _added(rows: Iterable[changes.Row], space: Space) -> set[int]:
    added = (row.ids for row in rows if row.space is space and row.change is Change.ADD)
    return {one for ids in added for one in ids}


def _rest_of_last(tx: Tx, last: changes.Row) -> list[changes.Row]:
    """The changes that follow a batch and belong to the same content as its last change."""
    if last.change is not Change.ADD or last.space is Space.EXCLUDED:
        return []
    content = _content_of(tx, last)
    rest: list[changes.Row] = []
    while content:
        more = changes.after(tx, rest[-1].position if rest else last.position, BATCH)
        for row in more:
            same = (row.space, row.change) == (last.space, last.change)
            if not same or _content_of(tx, row) != content:
                return rest
            rest.append(row)
        if len(more) < BATCH:
            break
    return rest


def _content_of(tx: Tx, row: changes.Row) -> int | None:
    """The content that the signals of a change belong to; None if it is there no more."""
    origin = provenance.by_signal(tx, row.space, [row.last_id]).get(row.last_id)
    return None if origin is None else origin.content_id


def _record(context: Context, tx: Tx, found: Sequence[ObservationVerdict]) -> None:
    """Record the sightings on entries that are active in this transaction.

    What was seen on a visit that only owners asked for, only their own entries read of. Otherwise
    whoever publishes a picture at an address that one owner knows could learn that she asked.
    """
    known = entries.by_id(tx, {one.verdict.entry_id for one in found})
    active = {entry.id: entry for entry in known.values() if entry.status is EntryStatus.ACTIVE}
    seen = observations.by_id(tx, {one.observation_id for one in found})
    audience = visits.audience(tx, {each.visit_id for each in seen.values() if each.visit_id})
    heard = [
        (one, observation)
        for one in _best(found)
        if (entry := active.get(one.verdict.entry_id))
        and (observation := seen.get(one.observation_id))
        and _may_read(audience, observation, entry)
    ]
    new = [_sighting(context, one, observation) for one, observation in heard]
    alerts.record_new(tx, new)
    sightings.record(tx, new)
    visits.record_findings(
        tx,
        [
            (observation.visit_id, one.verdict.entry_id)
            for one, observation in heard
            if observation.visit_id and one.verdict.verdict is Verdict.MATCH
        ],
    )


def _may_read(
    audience: Mapping[int, set[int] | None], observation: Observation, entry: Entry
) -> bool:
    if observation.visit_id is None:
        return True
    cases_of_visit = audience.get(observation.visit_id, set())
    return cases_of_visit is None or entry.case_id in cases_of_visit


def _best(found: Iterable[ObservationVerdict]) -> Iterable[ObservationVerdict]:
    """One verdict a pair: both may have been added by this batch, and found in both directions."""
    best: dict[tuple[int, int], ObservationVerdict] = {}
    for one in found:
        key = (one.observation_id, one.verdict.entry_id)
        if key not in best or one.verdict.verdict is Verdict.MATCH:
            best[key] = one
    return best.values()


def _sighting(context: Context, found: ObservationVerdict, seen: Observation) -> Sighting:
    entry_id = found.verdict.entry_id
    return Sighting(
        entry_id,
        seen.actor_id,
        seen.seen_on,
        Source.DECLARED if seen.declared else Source.OBSERVATION,
        found.verdict.verdict,
        context.seals.reference(
            seen.actor_id,
            found.verdict.basis.signal_id,
            near=found.verdict.verdict is Verdict.NEAR,
        ),
        seen.id,
    )


def _hold(tx: Tx, signal_ids: set[int]) -> None:
    """Hold the entries of these signals. Where only a part is excluded, delete the part."""
    origins = provenance.by_signal(tx, Space.BANK, signal_ids).values()
    excluded = provenance.mostly(tx, origins)
    known = entries.by_id(tx, {origin.content_id for origin in origins})
    free = {entry.id for entry in known.values() if admission.may_hold(entry)}
    parts = [
        origin.signal_id
        for origin in origins
        if origin.content_id in free and (origin.window or origin.content_id not in excluded)
    ]
    signals.delete_parts(tx, parts)
    for entry_id in sorted(free & excluded):
        entries.set_status(tx, known[entry_id], EntryStatus.QUARANTINED, reason=HoldReason.EXCLUDED)
