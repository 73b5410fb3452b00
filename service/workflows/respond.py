"""A platform says what it did about a match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain import admission
from service.domain.actor import Actor
from service.domain.case import EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Feedback
from service.store import entries, feedback, sightings
from service.store.database import Tx
from service.workflows.context import Context, Today


@dataclass(frozen=True, slots=True)
class Response:
    """A platform's feedback on one match reference."""

    reference: str
    value: Feedback


def respond(context: Context, actor: Actor, responses: Sequence[Response], now: Today) -> None:
    """Record a platform's feedback, and hold the entries that enough platforms dispute.

    Of several responses to one reference the last one counts. Raises NotFound for a reference that
    this actor was never given; then nothing is recorded.
    """
    disputing = any(each.value is Feedback.NOT_BLOCKED for each in responses)
    database = context.database
    with database.write_changes() if disputing else database.write() as tx:
        latest = _by_entry(context, tx, actor, responses)
        for entry_id in sorted(latest):  # in one order, so that two requests cannot deadlock
            feedback.record(tx, entry_id, actor.id, latest[entry_id], now)
        if disputing:
            _hold_disputed(tx, latest)
    if disputing:
        context.replica.catch_up()


def _by_entry(
    context: Context, tx: Tx, actor: Actor, responses: Sequence[Response]
) -> Mapping[int, Feedback]:
    latest: dict[int, Feedback] = {}
    for each in responses:
        entry_ids = sightings.entries_of_reference(tx, actor.id, each.reference)
        if not entry_ids:  # perhaps its sighting still waits for the store
            entry_ids = sorted(context.journal.entries_of_reference(actor.id, each.reference))
        if not entry_ids:
            raise NotFound("One of the match references is not one that you were given.")
        latest.update(dict.fromkeys(entry_ids, each.value))
    return latest


def _hold_disputed(tx: Tx, responses: Mapping[int, Feedback]) -> None:
    every = feedback.on_entries(tx, responses)
    for entry_id, entry in entries.by_id(tx, responses).items():
        if admission.may_hold(entry) and admission.disputed(every.get(entry_id, ())):
            entries.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.DISPUTED)
