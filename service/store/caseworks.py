"""What organisations keep about cases: whose each is, tags, notes, and when each was read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.advocacy import Layer
from service.domain.member import MemberRole
from service.store.database import Tx, batches, upsert
from service.store.grant_schema import case_looks, case_notes, casework
from service.store.member_schema import members, organisations


class Casework(NamedTuple):
    """What an organisation keeps about a case. The tags are sealed."""

    assigned_to: int | None = None
    tags: bytes | None = None
    due_on: date | None = None


class SealedNote(NamedTuple):
    """A note as it is stored."""

    id: int
    organisation: str
    member_id: int
    member: bytes
    layer: Layer
    title: bytes
    body: bytes
    written_on: date


class LastLook(NamedTuple):
    """When a member last looked at a case, and how much there was to read."""

    looked_on: date
    items: int


def of_cases(tx: Tx, organisation_id: int, case_ids: Iterable[int]) -> dict[int, Casework]:
    """Return what an organisation keeps about some cases.

    One whose member is disabled, or may see no case any more, is nobody's: nobody else would.
    """
    able = members.c.disabled_on.is_(None) & (members.c.role != MemberRole.OBSERVER)
    joined = casework.outerjoin(members, (members.c.id == casework.c.assigned_to) & able)
    found = {}
    for some in batches(case_ids):
        query = sa.select(casework, members.c.id.label("able")).select_from(joined)
        query = query.where(casework.c.organisation_id == organisation_id)
        for row in tx.execute(query.where(casework.c.case_id.in_(some))):
            tags = None if row.tags is None else bytes(row.tags)
            found[row.case_id] = Casework(row.able, tags, row.due_on)
    return found


def of_case(tx: Tx, organisation_id: int, case_id: int) -> Casework:
    """Return what an organisation keeps about a case."""
    return of_cases(tx, organisation_id, [case_id]).get(case_id, Casework())


def put(tx: Tx, organisation_id: int, case_id: int, kept: Casework) -> None:
    """Store what an organisation keeps about a case, instead of what it kept before."""
    key = {"case_id": case_id, "organisation_id": organisation_id}
    values = kept._asdict()
    new = upsert(tx, casework).values(**key, **values)
    tx.execute(new.on_conflict_do_update(index_elements=list(key), set_=values))


class NewNote(NamedTuple):
    """What is inserted of a note; title and text are sealed."""

    case_id: int
    organisation_id: int
    member_id: int
    layer: Layer
    title: bytes
    body: bytes
    written_on: date


def write_note(tx: Tx, new: NewNote) -> None:
    """Insert a note."""
    tx.execute(sa.insert(case_notes).values(new._asdict()))


def notes_of(tx: Tx, case_id: int, organisation_id: int) -> list[SealedNote]:
    """Return the notes of one organisation about a case, the newest first."""
    return _notes(tx, case_notes.c.organisation_id == organisation_id, case_id)


def notes_for_owner(tx: Tx, case_id: int) -> list[SealedNote]:
    """Return the notes that were shared with the owner of a case, the newest first."""
    return _notes(tx, case_notes.c.layer == Layer.OWNER, case_id)


def titles_by(tx: Tx, member_id: int, case_ids: Iterable[int]) -> list[tuple[int, bytes]]:
    """Return (case, sealed title) of each note that a member wrote about some cases."""
    query = sa.select(case_notes.c.case_id, case_notes.c.title)
    of_her = query.where(case_notes.c.member_id == member_id)
    return [
        (row.case_id, bytes(row.title))
        for some in batches(case_ids)
        for row in tx.execute(of_her.where(case_notes.c.case_id.in_(some)))
    ]


def last_looks(tx: Tx, member_id: int) -> dict[int, LastLook]:
    """Return when a member last looked at each case."""
    rows = tx.execute(sa.select(case_looks).where(case_looks.c.member_id == member_id))
    return {row.case_id: LastLook(row.looked_on, row.items) for row in rows}


def note_look(tx: Tx, member_id: int, case_id: int, look: LastLook) -> None:
    """Note that a member looks at a case."""
    values = look._asdict()
    new = upsert(tx, case_looks).values(member_id=member_id, case_id=case_id, **values)
    tx.execute(new.on_conflict_do_update(index_elements=["member_id", "case_id"], set_=values))


def _notes(tx: Tx, which: sa.ColumnElement[bool], case_id: int) -> list[SealedNote]:
    joined = case_notes.join(members, members.c.id == case_notes.c.member_id).join(
        organisations, organisations.c.id == case_notes.c.organisation_id
    )
    columns = (
        case_notes.c.id,
        organisations.c.name.label("organisation"),
        case_notes.c.member_id,
        members.c.name.label("member"),
        case_notes.c.layer,
        case_notes.c.title,
        case_notes.c.body,
        case_notes.c.written_on,
    )
    query = sa.select(*columns).select_from(joined).where(which, case_notes.c.case_id == case_id)
    return [
        SealedNote(
            row.id,
            row.organisation,
            row.member_id,
            bytes(row.member),
            Layer(row.layer),
            bytes(row.title),
            bytes(row.body),
            row.written_on,
        )
        for row in tx.execute(query.order_by(case_notes.c.id.desc()))
    ]
