"""A person decides on entries that are held for review, without seeing content."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.case import Entry, EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Feedback
from service.store import entries, feedback
from service.store.database import Tx
from service.workflows.context import Context


@dataclass(frozen=True, slots=True)
class Held:
    """An entry in quarantine, why it is there, and what platforms have said."""

    entry: Entry
    reason: HoldReason
    feedback: list[Feedback]


def held(context: Context) -> list[Held]:
    """Return the entries that wait for review, oldest first."""
    with context.database.read() as tx:
        return [
            Held(entry, reason, feedback.on_entry(tx, entry.id))
            for entry, reason in entries.quarantined(tx)
        ]


def release(context: Context, entry_id: int) -> None:
    """Match an entry again. From now on only a person can hold it."""
    with context.database.write_changes() as tx:
        entry = _entry(tx, entry_id)
        entries.set_status(tx, entry, EntryStatus.ACTIVE, reviewed=True)
    context.replica.catch_up()


def keep(context: Context, entry_id: int) -> None:
    """Leave an entry held for good, and take it off the list of those that wait."""
    with context.database.write() as tx:
        entries.mark_reviewed(tx, _entry(tx, entry_id))


def _entry(tx: Tx, entry_id: int) -> Entry:
    entry = entries.by_id(tx, [entry_id]).get(entry_id)
    if entry is None or entry.status is not EntryStatus.QUARANTINED:
        raise NotFound("There is no entry with this number that waits for review.")
    return entry
