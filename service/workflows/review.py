"""A person decides on what is held for review, without seeing content."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.case import Entry, EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Feedback
from service.store import cases, sightings
from service.store.database import Tx
from service.workflows.context import Context


@dataclass(frozen=True, slots=True)
class Held:
    """An entry in quarantine, why it is there, and what platforms have said."""

    entry: Entry
    reason: HoldReason
    feedback: list[Feedback]


def held(context: Context) -> list[Held]:
    """Return what waits for review, oldest first."""
    with context.database.read() as tx:
        return [
            Held(entry, reason, sightings.feedback_on(tx, entry.id))
            for entry, reason in cases.quarantined(tx)
        ]


def release(context: Context, entry_id: int) -> None:
    """Match an entry again, and let nothing but a person hold it from now on."""
    with context.database.write() as tx:
        entry = _entry(tx, entry_id)
        cases.set_status(tx, entry, EntryStatus.ACTIVE, reviewed=True)
    context.replica.catch_up()


def keep(context: Context, entry_id: int) -> None:
    """Leave an entry held for good, and take it off the list of what waits."""
    with context.database.write() as tx:
        cases.mark_reviewed(tx, _entry(tx, entry_id))


def _entry(tx: Tx, entry_id: int) -> Entry:
    entry = cases.entries_by_id(tx, [entry_id]).get(entry_id)
    if entry is None or entry.status is not EntryStatus.QUARANTINED:
        raise NotFound("There is no entry with this number that waits for review.")
    return entry
