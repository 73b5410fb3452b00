"""A platform says what it did about a match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.actor import Actor
from service.domain.alert import Cause
from service.domain.errors import NotFound
from service.domain.sighting import Feedback, Verdict, is_shown_to_owner
from service.store import alerts, feedback, sightings
from service.store.database import Tx
from service.workflows.context import Context, Today


@dataclass(frozen=True, slots=True)
class Response:
    """A platform's feedback on one match reference."""

    reference: str
    value: Feedback


def respond(context: Context, actor: Actor, responses: Sequence[Response], now: Today) -> None:
    """Record a platform's feedback.

    Where it says `not_blocked` of a match, its own lookups are answered `near` from now on, and the
    entry concerns a reviewer; nothing changes for anybody else. What it says of something that was
    only near is told to the owner where it blocked that, and changes no answer. Of several
    responses to one reference the last one counts. Raises NotFound for a reference that this actor
    was never given; then nothing is recorded.
    """
    with context.database.write() as tx:
        latest = _by_entry(context, tx, actor, responses)
        _alert(tx, actor, latest)
        for of_entry in sorted(latest):  # in one order, so that two requests cannot deadlock
            entry_id, verdict = of_entry
            feedback.record(tx, entry_id, actor.id, latest[of_entry], now, verdict=verdict)


def _alert(tx: Tx, actor: Actor, latest: Mapping[tuple[int, Verdict], Feedback]) -> None:
    """Record that there is news where a platform decides otherwise than it had, and it is read.

    That a person there will look is no decision.
    """
    before = feedback.words_of(tx, actor.id, {entry_id for entry_id, _ in latest})
    decided = {
        entry_id
        for (entry_id, verdict), value in latest.items()
        if value is not Feedback.PENDING_REVIEW
        and value is not before.get((entry_id, verdict))
        and is_shown_to_owner(verdict, value)
    }
    alerts.record_of_entries(tx, decided, Cause.DECISION)


def _by_entry(
    context: Context, tx: Tx, actor: Actor, responses: Sequence[Response]
) -> Mapping[tuple[int, Verdict], Feedback]:
    latest: dict[tuple[int, Verdict], Feedback] = {}
    waiting = context.journal.references(actor.id)
    for each in responses:
        seen = sightings.of_reference(tx, actor.id, each.reference)
        seen |= waiting.get(each.reference, set())
        if not seen:
            raise NotFound(
                "One of the match references is not one that you were given. If you got it just "
                "now, wait for a few seconds and send this again."
            )
        latest.update(dict.fromkeys(seen, each.value))
    return latest
