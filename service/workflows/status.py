"""What an owner reads about their case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from service.domain.actor import Owner
from service.domain.case import Entry
from service.domain.sighting import SeenEvent
from service.store import cases, entries, grants, sightings
from service.workflows.context import Context, Today


class EntryHistory(NamedTuple):
    """One entry, and its sightings that the owner may see."""

    entry: Entry
    events: list[SeenEvent]


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """A case as its owner reads it: days only, no address, nothing about any other case."""

    number: str
    opened_on: date
    withdrawn_on: date | None
    erase_on: date | None
    """The day until which the withdrawal can be undone."""
    entries: list[Entry]
    events: list[SeenEvent]

    @property
    def histories(self) -> list[EntryHistory]:
        """Each entry with its own events, both in the order of the case."""
        return [
            EntryHistory(entry, [event for event in self.events if event.n == entry.n])
            for entry in self.entries
        ]


def of_case(context: Context, owner: Owner, now: Today | None = None) -> CaseStatus:
    """Return everything that happened to a case.

    What was seen before an entry was added is part of it only if a member who may see the case on
    this day has confirmed that its owner is who is shown.
    """
    with context.database.read() as tx:
        case = cases.get(tx, owner.case_number)
        assert case is not None  # noqa: S101 (cases are never deleted, and this one just authenticated)
        confirmed = now is not None and grants.is_confirmed(tx, case.id, now)
        return CaseStatus(
            case.number,
            case.opened_on,
            case.withdrawn_on,
            case.erase_on,
            [_dated(entry, case.erase_on) for entry in entries.of_case(tx, case.id)],
            sightings.events(tx, case.id, confirmed=confirmed),
        )


def _dated(entry: Entry, of_case: date | None) -> Entry:
    """With the case's day if it was withdrawn with its case."""
    day = (entry.erase_on or of_case) if entry.undo_to else entry.erase_on
    return replace(entry, erase_on=day)
