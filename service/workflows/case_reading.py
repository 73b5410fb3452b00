"""A member reads what was granted to her: her cases, one of them by day, and counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from urllib.parse import urlsplit

from service.domain import advocacy
from service.domain.advocacy import HeldCase, Layer
from service.domain.audit import Audited
from service.domain.case import Entry, EntryStatus
from service.domain.grant import GrantScope
from service.domain.member import Member, MemberRole, folded
from service.domain.sighting import SeenEvent
from service.domain.watch import Clock, History, Presence, history
from service.store import caseworks, entries, grants, memberships, sightings, visits, watches
from service.store.caseworks import Casework, LastLook, SealedNote
from service.store.database import Tx
from service.workflows.opened_case import all_opened, opened
from service.workflows.recording import case as as_object
from service.workflows.recording import record
from service.workflows.store_context import StoreContext, Today


class Colleague(NamedTuple):
    """A member of the same organisation."""

    id: int
    name: str


class Place(NamedTuple):
    """An address that is looked at for a case, as an advocate reads it."""

    n: int
    shown: str
    """The address, or its host alone, by the scope of the grant."""
    asked_on: date
    withheld: bool
    history: History


class Note(NamedTuple):
    """A note, unsealed. Hidden from `repr`."""

    organisation: str
    by: str
    layer: Layer
    title: str
    body: str
    written_on: date

    def __repr__(self) -> str:
        return f"Note({self.layer})"


class Found(NamedTuple):
    """Where a copy was observed, shown because the owner is confirmed to be who is shown."""

    day: date
    address: str


@dataclass(frozen=True, slots=True)
class Row:
    """A case in the list of a member."""

    case: HeldCase
    new: int
    """How much she has not read yet."""
    looked_on: date | None
    assigned_to: str | None
    due_on: date | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as a member reads it."""

    case: HeldCase
    entries: list[Entry]
    events: list[SeenEvent]
    places: list[Place]
    found: list[Found]
    notes: list[Note]
    assigned_to: int | None
    tags: tuple[str, ...]
    due_on: date | None
    colleagues: list[Colleague]

    @property
    def days(self) -> list[date]:
        """Every day on which something happened, the newest first."""
        of_places = {change.day for place in self.places for change in place.history.changes}
        return sorted({event.seen_on for event in self.events} | of_places, reverse=True)


class Counts(NamedTuple):
    """Statistics without persons; None stands for a number too small to be shown."""

    cases: int | None
    unassigned: int | None
    with_copies: int | None
    addresses: int | None
    gone: int | None


def my_cases(context: StoreContext, member: Member, now: Today, search: str = "") -> list[Row]:
    """Return the cases that a member may see, those with something new first. Raises Forbidden.

    `search` is looked for in their numbers and tags, and in the titles of her own notes.
    """
    with context.database.read() as tx:
        known = all_opened(tx, member, now)
        looks = caseworks.last_looks(tx, member.id)
        names = {one.id: one.name for one in colleagues(context, tx, member)}
        rows = [_row(context, tx, one, kept, looks, names) for one, kept in known]
        titles = caseworks.titles_by(tx, member.id, [one.case_id for one, _ in known])
    sought = folded(search)
    if sought:
        noted = {
            case_id
            for case_id, title in titles
            if sought in folded(context.seals.unseal_note(title))
        }
        rows = [one for one in rows if _is_about(one, sought) or one.case.case_id in noted]
    return sorted(rows, key=lambda one: (one.new == 0, one.due_on or date.max, one.case.grant_id))


def _is_about(row: Row, sought: str) -> bool:
    digits = row.case.case_number.replace("-", "")
    typed = sought.replace("-", "").replace(" ", "")
    return (typed.isdigit() and typed in digits) or any(sought in folded(tag) for tag in row.tags)


def _row(
    context: StoreContext,
    tx: Tx,
    case: HeldCase,
    kept: Casework,
    looks: dict[int, LastLook],
    names: dict[int, str],
) -> Row:
    last = looks.get(case.case_id)
    return Row(
        case,
        max(0, _items(tx, case) - (last.items if last else 0)),
        last.looked_on if last else None,
        names.get(kept.assigned_to or 0),
        kept.due_on,
        tags_of(context, kept),
    )


def read(context: StoreContext, member: Member, reference: str, now: Clock) -> CaseView:
    """Return a case, and record that the member looks at it. Raises NotFound or Forbidden."""
    with context.database.read() as tx:
        case = opened(tx, member, reference, now.day)
        view = _view(context, tx, member, case)
        look = LastLook(now.day, _items(tx, case))
        last = caseworks.last_looks(tx, member.id).get(case.case_id)
    if look != last:
        _note_look(context, member, reference, look, now)
    return view


def _note_look(
    context: StoreContext, member: Member, reference: str, look: LastLook, now: Clock
) -> None:
    """The owner reads one line for each day: more would push older acts out of what is shown."""
    with context.database.write() as tx:
        case = opened(tx, member, reference, now.day)
        last = caseworks.last_looks(tx, member.id).get(case.case_id)
        caseworks.note_look(tx, member.id, case.case_id, look)
        if last is None or last.looked_on != now.day:
            about = as_object(case.case_id)
            record(context, tx, member.at(now), now.day, Audited.CASE_READ, about)


def export(context: StoreContext, member: Member, reference: str, now: Clock) -> CaseView:
    """Return a case to be carried away; the owner reads that it was."""
    with context.database.write() as tx:
        case = opened(tx, member, reference, now.day)
        view = _view(context, tx, member, case)
        record(context, tx, member.at(now), now.day, Audited.CASE_EXPORTED, as_object(case.case_id))
    return view


def counts(context: StoreContext, member: Member, now: Today) -> Counts:
    """Return counts of all cases of a member's organisation."""
    with context.database.read() as tx:
        held = grants.held_by(tx, member.organisation_id, now)
        kept = caseworks.of_cases(tx, member.organisation_id, [one.case_id for one in held])
        assigned = {case_id for case_id, one in kept.items() if one.assigned_to}
        seen = [one for one in held if _events(tx, one)]
        pasts = [past for one in held for past in _histories(tx, one.case_id).values()]
    numbers = (
        len(held),
        sum(one.case_id not in assigned for one in held),
        len(seen),
        len(pasts),
        sum(past.presence is Presence.GONE for past in pasts),
    )
    return Counts(*map(advocacy.shown_count, numbers))


def for_owner(context: StoreContext, case_id: int, now: Today) -> tuple[list[Note], list[Found]]:
    """Return the notes that were shared with an owner; and addresses, if she is confirmed."""
    with context.database.read() as tx:
        notes = [_note(context, one) for one in caseworks.notes_for_owner(tx, case_id)]
        found = _found(context, tx, case_id) if grants.is_confirmed(tx, case_id, now) else []
    return notes, found


def colleagues(context: StoreContext, tx: Tx, member: Member) -> list[Colleague]:
    """Return the members of the same organisation who may have cases."""
    return [
        Colleague(one.id, context.seals.unseal(one.name))
        for one in memberships.all_members(tx)
        if one.organisation_id == member.organisation_id
        and one.disabled_on is None
        and one.role is not MemberRole.OBSERVER
    ]


def tags_of(context: StoreContext, kept: Casework) -> tuple[str, ...]:
    """Return the tags of a case, unsealed."""
    return tuple(context.seals.unseal_note(kept.tags).split(",")) if kept.tags else ()


def _view(context: StoreContext, tx: Tx, member: Member, case: HeldCase) -> CaseView:
    kept = caseworks.of_case(tx, member.organisation_id, case.case_id)
    full = GrantScope.SIGHTINGS in case.scopes
    return CaseView(
        case,
        [
            one
            for one in entries.of_case(tx, case.case_id)
            if one.status is not EntryStatus.WITHDRAWN
        ],
        _events(tx, case),
        list(_places(context, tx, case, full=full)),
        _found(context, tx, case.case_id) if full and case.confirmed_on else [],
        [
            _note(context, one)
            for one in caseworks.notes_of(tx, case.case_id, member.organisation_id)
        ],
        kept.assigned_to,
        tags_of(context, kept),
        kept.due_on,
        colleagues(context, tx, member),
    )


def _places(context: StoreContext, tx: Tx, case: HeldCase, *, full: bool) -> Iterable[Place]:
    pasts = _histories(tx, case.case_id)
    for one in watches.of_case(tx, case.case_id):
        address = context.seals.unseal(one.target.address)
        shown = address if full else urlsplit(address).hostname or ""
        yield Place(one.n, shown, one.asked_on, one.withheld, pasts[one.id])


def _histories(tx: Tx, case_id: int) -> dict[int, History]:
    looks = visits.looks_of(tx, case_id)
    return {one.id: history(looks.get(one.id, ())) for one in watches.of_case(tx, case_id)}


def _found(context: StoreContext, tx: Tx, case_id: int) -> list[Found]:
    return [
        Found(day, context.seals.unseal(address))
        for day, address in sightings.addresses(tx, case_id)
    ]


def _items(tx: Tx, case: HeldCase) -> int:
    """How much there is to read. Notes of the team itself are nothing new."""
    pasts = list(_histories(tx, case.case_id).values())
    return advocacy.items(_events(tx, case), pasts)


def _events(tx: Tx, case: HeldCase) -> list[SeenEvent]:
    return sightings.events(tx, case.case_id, confirmed=case.confirmed_on is not None)


def _note(context: StoreContext, sealed: SealedNote) -> Note:
    seals = context.seals
    return Note(
        sealed.organisation,
        seals.unseal(sealed.member),
        sealed.layer,
        seals.unseal_note(sealed.title),
        seals.unseal_note(sealed.body),
        sealed.written_on,
    )
