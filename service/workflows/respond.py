"""A platform says what it did about a match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain import policy
from service.domain.actor import Actor
from service.domain.case import EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Feedback
from service.store import cases, sightings
from service.workflows.context import Context, Today


@dataclass(frozen=True, slots=True)
class Response:
    """A platform's word on one match reference."""

    reference: str
    value: Feedback


def respond(context: Context, actor: Actor, responses: Sequence[Response], now: Today) -> None:
    """Keep what a platform said; hold an entry that enough platforms dispute.

    Raises NotFound for a reference this actor was never given; then nothing is kept.
    """
    with context.database.write() as tx:
        for each in responses:
            entry_id = sightings.entry_of_reference(tx, actor.id, each.reference)
            if entry_id is None:
                raise NotFound("One of the match references is not one that you were given.")
            sightings.say(tx, entry_id, actor.id, each.value, now)
            entry = cases.entries_by_id(tx, [entry_id])[entry_id]
            if policy.may_hold(entry) and policy.disputed(sightings.feedback_on(tx, entry_id)):
                cases.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.DISPUTED)
    context.replica.catch_up()
