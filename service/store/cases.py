"""Cases and their entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from hashing.signals import ContentKind, ContentSignals
from service.domain.case import Entry, EntryStatus, HoldReason
from service.domain.errors import IllegalTransition
from service.store import banks, changes
from service.store.changes import Change, Space
from service.store.database import Tx
from service.store.schema import cases, entries, signals


class Case(NamedTuple):
    """One case, without what it holds."""

    id: int
    number: str
    access_hash: bytes
    document_hash: bytes
    opened_on: date
    withdrawn_on: date | None
    erase_on: date | None = None
    """Until when the withdrawal can be undone. None after that, and if there is none."""


class NewEntry(NamedTuple):
    """An entry as intake has decided it."""

    content: ContentSignals
    document_hash: bytes
    reason: HoldReason | None

    @property
    def status(self) -> EntryStatus:
        """Active, unless there is a reason to hold it."""
        return EntryStatus.QUARANTINED if self.reason else EntryStatus.ACTIVE


def get(tx: Tx, number: str) -> Case | None:
    """Return the case of a number."""
    return _one(tx, cases.c.number == number)


def by_access(tx: Tx, access_hash: bytes) -> Case | None:
    """Return the case that an access key opens."""
    return _one(tx, cases.c.access_hash == access_hash)


def lock(tx: Tx, case_id: int) -> Case:
    """Return a case, and keep every other writer from it until this transaction ends."""
    query = sa.select(cases).where(cases.c.id == case_id).with_for_update()
    return _case(tx.execute(query).one())


def open_case(tx: Tx, values: dict[str, Any]) -> int:
    """Insert a case; return its id."""
    return int(tx.scalars(sa.insert(cases).values(values).returning(cases.c.id)).one())


def add_entries(tx: Tx, case_id: int, new: Sequence[NewEntry], now: date) -> None:
    """Insert entries after those the case has, with their signals."""
    highest = sa.select(sa.func.max(entries.c.n)).where(entries.c.case_id == case_id)
    first = (tx.scalar(highest) or 0) + 1
    for n, entry in enumerate(new, first):
        row = {
            "case_id": case_id,
            "n": n,
            "kind": entry.content.kind,
            "status": entry.status,
            "reason": entry.reason,
            "reviewed": False,
            "added_on": now,
            "document_hash": entry.document_hash,
        }
        entry_id = tx.scalars(sa.insert(entries).values(row).returning(entries.c.id)).one()
        rows = [{**each, "entry_id": entry_id} for each in banks.rows_of(entry.content)]
        banks.add(tx, Space.BANK, rows, findable=entry.reason is None)


def entries_of(tx: Tx, case_id: int) -> list[Entry]:
    """Return the entries of a case, in their order."""
    query = sa.select(entries).where(entries.c.case_id == case_id).order_by(entries.c.n)
    return [_entry(row) for row in tx.execute(query)]


def entry_hashes(tx: Tx, case_id: int) -> set[bytes]:
    """Return what tells the entries of a case apart, without those that are withdrawn."""
    kept = entries.c.document_hash.is_not(None) & (entries.c.status != EntryStatus.WITHDRAWING)
    query = sa.select(entries.c.document_hash).where(entries.c.case_id == case_id, kept)
    return {bytes(one) for one in tx.scalars(query)}


def withdrawing_of(tx: Tx, case_id: int, hashes: Iterable[bytes]) -> list[Entry]:
    """Return the entries of a case that are withdrawing and hold the content of these hashes."""
    same = (entries.c.case_id == case_id) & entries.c.document_hash.in_(hashes)
    query = sa.select(entries).where(same, entries.c.status == EntryStatus.WITHDRAWING)
    return [_entry(row) for row in tx.execute(query)]


def entries_by_id(tx: Tx, ids: Iterable[int]) -> dict[int, Entry]:
    """Return entries by id."""
    return {
        row.id: _entry(row)
        for part in banks.parts(ids)
        for row in tx.execute(sa.select(entries).where(entries.c.id.in_(part)))
    }


def quarantined(tx: Tx) -> list[tuple[Entry, HoldReason]]:
    """Return every entry that waits for review, with the reason, oldest first."""
    held = (entries.c.status == EntryStatus.QUARANTINED) & entries.c.reviewed.is_(False)
    rows = tx.execute(sa.select(entries).where(held).order_by(entries.c.id))
    return [(_entry(row), HoldReason(row.reason)) for row in rows]


def set_status(
    tx: Tx,
    entry: Entry,
    to: EntryStatus,
    *,
    reason: HoldReason | None = None,
    reviewed: bool = False,
) -> None:
    """Take an entry to another status, and tell every index. Raises IllegalTransition."""
    _step(tx, entry, to, {"reason": reason, "reviewed": entry.reviewed or reviewed})


def mark_reviewed(tx: Tx, entry: Entry) -> None:
    """Note that a person has decided on an entry."""
    tx.execute(sa.update(entries).where(entries.c.id == entry.id).values(reviewed=True))


def begin_withdrawal(tx: Tx, entry: Entry, erase_on: date | None) -> None:
    """Take an entry out of every index and keep all that an undo needs; None: as its case's day."""
    _step(tx, entry, EntryStatus.WITHDRAWING, {"undo_to": entry.status, "erase_on": erase_on})


def undo_withdrawal(tx: Tx, entry: Entry) -> Entry:
    """Take an entry that is withdrawing back to what it was, and return it.

    A reason to hold it, and that a person has reviewed it, were never let go. Raises
    IllegalTransition for an entry that is not withdrawing.
    """
    if entry.undo_to is None:
        raise IllegalTransition
    _step(tx, entry, entry.undo_to, {"undo_to": None, "erase_on": None})
    return replace(entry, status=entry.undo_to, undo_to=None, erase_on=None)


def withdraw(tx: Tx, entry: Entry) -> None:
    """Withdraw an entry and erase its signals, and what would tell the same content again."""
    gone = {"reason": None, "document_hash": None, "undo_to": None, "erase_on": None}
    _step(tx, entry, EntryStatus.WITHDRAWN, gone)
    tx.execute(sa.delete(signals).where(signals.c.entry_id == entry.id))


def close(tx: Tx, case_id: int, now: date, erase_on: date) -> None:
    """Mark a case withdrawn; the note is kept until the withdrawal can be undone no more."""
    values = {"withdrawn_on": now, "erase_on": erase_on}
    tx.execute(sa.update(cases).where(cases.c.id == case_id).values(values))


def reopen(tx: Tx, case_id: int) -> None:
    """Undo that a case is withdrawn."""
    values = {"withdrawn_on": None, "erase_on": None}
    tx.execute(sa.update(cases).where(cases.c.id == case_id).values(values))


def erase(tx: Tx, case: Case, withdrawn_on: date) -> int:
    """Withdraw a case for good with all it has; return how many entries were not so before.

    The day stays the first one, if it was withdrawn already.
    """
    left = [one for one in entries_of(tx, case.id) if one.status is not EntryStatus.WITHDRAWN]
    for entry in left:
        withdraw(tx, entry)
    day = case.withdrawn_on or withdrawn_on
    values = {"withdrawn_on": day, "erase_on": None, "note": None}
    tx.execute(sa.update(cases).where(cases.c.id == case.id).values(values))
    return len(left)


def due(tx: Tx, now: date) -> Case | None:
    """Return a case whose withdrawal can be undone no more and is not final yet, if any is."""
    over = sa.select(cases).where(cases.c.erase_on <= now).order_by(cases.c.erase_on).limit(1)
    row = tx.execute(over).one_or_none()
    return None if row is None else _case(row)


def due_entries(tx: Tx, now: date, limit: int) -> list[Entry]:
    """Return some entries, withdrawn by themselves, of which the same is true."""
    over = (entries.c.status == EntryStatus.WITHDRAWING) & (entries.c.erase_on <= now)
    rows = tx.execute(sa.select(entries).where(over).order_by(entries.c.id).limit(limit))
    return [_entry(row) for row in rows]


def _step(tx: Tx, entry: Entry, to: EntryStatus, values: dict[str, Any]) -> None:
    changed = {"status": entry.step(to), **values}
    tx.execute(sa.update(entries).where(entries.c.id == entry.id).values(changed))
    of_entry = sa.select(signals.c.id).where(signals.c.entry_id == entry.id)
    if to is EntryStatus.ACTIVE:
        changes.append(tx, Space.BANK, Change.ADD, tx.scalars(of_entry).all())
    elif entry.status is not EntryStatus.WITHDRAWING:  # of those, every index was told before
        changes.append(tx, Space.BANK, Change.REMOVE, tx.scalars(of_entry).all())


def _one(tx: Tx, condition: sa.ColumnElement[bool]) -> Case | None:
    row = tx.execute(sa.select(cases).where(condition)).one_or_none()
    return None if row is None else _case(row)


def _case(row: sa.Row[Any]) -> Case:
    return Case(
        row.id,
        row.number,
        bytes(row.access_hash),
        bytes(row.document_hash),
        row.opened_on,
        row.withdrawn_on,
        row.erase_on,
    )


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        case_id=row.case_id,
        n=row.n,
        kind=ContentKind(row.kind),
        status=EntryStatus(row.status),
        added_on=row.added_on,
        reviewed=row.reviewed,
        hold=HoldReason(row.reason) if row.reason else None,
        undo_to=EntryStatus(row.undo_to) if row.undo_to else None,
        erase_on=row.erase_on,
    )
