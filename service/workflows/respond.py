"""A platform says what it did about a match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.actor import Actor
from service.domain.errors import NotFound
from service.domain.sighting import Feedback
from service.store import feedback, sightings
from service.store.database import Tx
from service.workflows.context import Context, Today


@dataclass(frozen=True, slots=True)
class Response:
    """A platform's feedback on one match reference."""

    reference: str
    value: Feedback


def respond(context: Context, actor: Actor, responses: Sequence[Response], now: Today) -> None:
    """Record a platform's feedback.

    Where it says `not_blocked`, its own lookups are answered `near` from now on, and the entry
    concerns a reviewer; nothing changes for anybody else. Of several responses to one reference the
    last one counts. Raises NotFound for a reference that this actor was never given; then nothing
    is recorded.
    """
    with context.database.write() as tx:
        latest = _by_entry(context, tx, actor, responses)
        for entry_id in sorted(latest):  # in one order, so that two requests cannot deadlock
            feedback.record(tx, entry_id, actor.id, latest[entry_id], now)


def _by_entry(
    context: Context, tx: Tx, actor: Actor, responses: Sequence[Response]
) -> Mapping[int, Feedback]:
    latest: dict[int, Feedback] = {}
    for each in responses:
        entry_ids = sightings.entries_of_reference(tx, actor.id, each.reference)
        if not entry_ids:  # perhaps its sighting still waits for the store
            entry_ids = sorted(context.journal.entries_of_reference(actor.id, each.reference))
        if not entry_ids:
            raise NotFound(
                "One of the match references is not one that you were given. If you got it just "
                "now, wait for a few seconds and send this again."
            )
        latest.update(dict.fromkeys(entry_ids, each.value))
    return latest
