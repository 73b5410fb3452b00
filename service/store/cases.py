"""Cases and their entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from hashing.signals import ContentKind, ContentSignals
from service.domain.case import Entry, EntryStatus, HoldReason
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
    """Return what tells the entries of a case apart; withdrawn ones have nothing of the kind."""
    query = sa.select(entries.c.document_hash).where(entries.c.case_id == case_id)
    return {bytes(one) for one in tx.scalars(query.where(entries.c.document_hash.is_not(None)))}


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
    entry.step(to)
    values = {"status": to, "reason": reason, "reviewed": entry.reviewed or reviewed}
    tx.execute(sa.update(entries).where(entries.c.id == entry.id).values(values))
    of_entry = sa.select(signals.c.id).where(signals.c.entry_id == entry.id)
    change = Change.ADD if to is EntryStatus.ACTIVE else Change.REMOVE
    changes.append(tx, Space.BANK, change, tx.scalars(of_entry).all())


def mark_reviewed(tx: Tx, entry: Entry) -> None:
    """Note that a person has decided on an entry."""
    tx.execute(sa.update(entries).where(entries.c.id == entry.id).values(reviewed=True))


def withdraw(tx: Tx, entry: Entry) -> None:
    """Withdraw an entry and erase its signals, and what would tell the same content again."""
    set_status(tx, entry, EntryStatus.WITHDRAWN)
    tx.execute(sa.update(entries).where(entries.c.id == entry.id).values(document_hash=None))
    tx.execute(sa.delete(signals).where(signals.c.entry_id == entry.id))


def close(tx: Tx, case_id: int, now: date) -> None:
    """Mark a case withdrawn and erase its note."""
    values = {"withdrawn_on": now, "note": None}
    tx.execute(sa.update(cases).where(cases.c.id == case_id).values(values))


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
    )
