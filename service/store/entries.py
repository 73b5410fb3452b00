"""Entries of cases, their status, and the signals that come and go with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from hashing.signals import ContentKind, ContentSignals
from service.domain.alert import Cause
from service.domain.case import Entry, EntryStatus, HoldReason
from service.domain.errors import IllegalTransition
from service.store import alerts, changes, concerns, set_aside, visits
from service.store import signals as stored_signals
from service.store.changes import Change, Space
from service.store.database import Tx, batches, given
from service.store.schema import entries, signals


class NewEntry(NamedTuple):
    """An entry as intake has decided on it."""

    content: ContentSignals
    document_hash: bytes
    reason: HoldReason | None

    @property
    def status(self) -> EntryStatus:
        """Active, unless there is a reason to hold it."""
        return EntryStatus.QUARANTINED if self.reason else EntryStatus.ACTIVE


def insert(tx: Tx, case_id: int, new: Sequence[NewEntry], now: date) -> None:
    """Insert entries after those that the case has, with their signals."""
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
            "sealed_label": entry.content.sealed_label,
        }
        entry_id = tx.scalars(sa.insert(entries).values(row).returning(entries.c.id)).one()
        rows = [{**each, "entry_id": entry_id} for each in stored_signals.rows_of(entry.content)]
        stored_signals.insert(tx, Space.BANK, rows, searchable=entry.reason is None)


def of_case(tx: Tx, case_id: int) -> list[Entry]:
    """Return the entries of a case, in their order."""
    query = sa.select(entries).where(entries.c.case_id == case_id).order_by(entries.c.n)
    return [_entry(row) for row in tx.execute(query)]


def by_id(tx: Tx, ids: Iterable[int]) -> dict[int, Entry]:
    """Return entries by id."""
    return {
        row.id: _entry(row) for batch in batches(ids) for row in tx.execute(_BY_ID, {"ids": batch})
    }


_BY_ID = sa.select(entries, alerts.listens(entries.c.case_id).label("listens")).where(
    entries.c.id.in_(given("ids"))
)


def locked(tx: Tx, entry_id: int) -> Entry | None:
    """Return an entry that no other transaction changes before this one is over."""
    row = tx.execute(sa.select(entries).where(entries.c.id == entry_id).with_for_update()).first()
    return _entry(row) if row else None


def reviewed_on(tx: Tx, entry_id: int) -> date | None:
    """Return the day on which a person last decided on an entry."""
    day: date | None = tx.scalar(sa.select(entries.c.reviewed_on).where(entries.c.id == entry_id))
    return day


def document_hashes(tx: Tx, case_id: int) -> dict[bytes, EntryStatus]:
    """Return the document hashes of a case's entries that are active or held, with the status."""
    kept = entries.c.document_hash.is_not(None) & (entries.c.status != EntryStatus.WITHDRAWING)
    columns = (entries.c.document_hash, entries.c.status)
    rows = tx.execute(sa.select(*columns).where(entries.c.case_id == case_id, kept))
    return {bytes(one): EntryStatus(status) for one, status in rows}


def relabel(tx: Tx, case_id: int, sealed_labels: Mapping[bytes, bytes]) -> None:
    """Replace the labels of a case's entries that are active or held, by their document hash.

    In the order of their ids, as all that changes several entries does: so none can deadlock.
    """
    of_case = (entries.c.case_id == case_id) & (entries.c.status != EntryStatus.WITHDRAWING)
    named = of_case & entries.c.document_hash.in_(sealed_labels)
    query = sa.select(entries.c.id, entries.c.document_hash).where(named).order_by(entries.c.id)
    for entry_id, document_hash in tx.execute(query).all():
        sealed = sealed_labels[bytes(document_hash)]
        tx.execute(sa.update(entries).where(entries.c.id == entry_id).values(sealed_label=sealed))


def set_label(tx: Tx, entry: Entry, sealed_label: bytes | None) -> None:
    """Replace the label of one entry, or take it away."""
    of_entry = sa.update(entries).where(entries.c.id == entry.id)
    tx.execute(of_entry.values(sealed_label=sealed_label))


def withdrawing(tx: Tx, case_id: int, hashes: Iterable[bytes]) -> list[Entry]:
    """Return the entries of a case that are withdrawing and have one of these document hashes."""
    same = (entries.c.case_id == case_id) & entries.c.document_hash.in_(hashes)
    waiting = entries.c.status == EntryStatus.WITHDRAWING
    query = sa.select(entries).where(same, waiting).order_by(entries.c.id)
    return [_entry(row) for row in tx.execute(query)]


def held(tx: Tx) -> list[Entry]:
    """Return every held entry that no person has reviewed, oldest first."""
    unreviewed = (entries.c.status == EntryStatus.QUARANTINED) & entries.c.reviewed.is_(False)
    rows = tx.execute(sa.select(entries).where(unreviewed).order_by(entries.c.id))
    return [_entry(row) for row in rows]


def held_before_withdrawal(tx: Tx) -> list[Entry]:
    """Return every entry that is withdrawing and was held, and not reviewed, before."""
    waiting = (entries.c.status == EntryStatus.WITHDRAWING) & entries.c.reviewed.is_(False)
    before = entries.c.undo_to == EntryStatus.QUARANTINED
    rows = tx.execute(sa.select(entries).where(waiting, before).order_by(entries.c.id))
    return [_entry(row) for row in rows]


def due(tx: Tx, now: date, limit: int) -> list[Entry]:
    """Return some entries, withdrawn by themselves, whose withdrawal becomes final by this day."""
    over = (entries.c.status == EntryStatus.WITHDRAWING) & (entries.c.erase_on <= now)
    rows = tx.execute(sa.select(entries).where(over).order_by(entries.c.id).limit(limit))
    return [_entry(row) for row in rows]


def set_status(tx: Tx, entry: Entry, to: EntryStatus, *, reason: HoldReason | None = None) -> None:
    """Hold or release an entry, announce it to every index, and tell its owner.

    Raises IllegalTransition.
    """
    _change(tx, entry, to, {"reason": reason})
    cause = Cause.RELEASED if to is EntryStatus.ACTIVE else Cause.HELD
    alerts.record(tx, entry.case_id, cause)


def mark_reviewed(tx: Tx, entry: Entry, now: date) -> None:
    """Record that a person has decided on an entry; it concerns reviewers no more."""
    of_entry = sa.update(entries).where(entries.c.id == entry.id)
    tx.execute(of_entry.values(reviewed=True, reviewed_on=now))
    concerns.settle(tx, entry.id)


def hold_no_more_after_undo(tx: Tx, entry: Entry) -> None:
    """Let an undo of an entry that is withdrawing, and was held before, make it active."""
    of_entry = sa.update(entries).where(entries.c.id == entry.id)
    tx.execute(of_entry.values(undo_to=EntryStatus.ACTIVE, reason=None))


def begin_withdrawal(tx: Tx, entry: Entry, erase_on: date | None) -> None:
    """Remove an entry from every index, and keep all that an undo needs.

    `erase_on` is None if the entry is withdrawn with its case, which then has the day.
    """
    _change(tx, entry, EntryStatus.WITHDRAWING, {"undo_to": entry.status, "erase_on": erase_on})


def undo_withdrawal(tx: Tx, entry: Entry) -> Entry:
    """Give an entry that is withdrawing its former status back, and return it.

    The reason of a hold and the mark of a review have been kept. Raises IllegalTransition for an
    entry that is not withdrawing.
    """
    if entry.undo_to is None:
        raise IllegalTransition
    _change(tx, entry, entry.undo_to, {"undo_to": None, "erase_on": None})
    return replace(entry, status=entry.undo_to, undo_to=None, erase_on=None)


def erase(tx: Tx, entry: Entry) -> None:
    """Withdraw an entry for good: erase its signals, its label and what recognises its content."""
    names = ("reason", "document_hash", "sealed_label", "undo_to", "erase_on")
    cleared: dict[str, Any] = dict.fromkeys(names)
    _change(tx, entry, EntryStatus.WITHDRAWN, cleared)
    tx.execute(sa.delete(signals).where(signals.c.entry_id == entry.id))
    concerns.settle(tx, entry.id)
    visits.erase_findings(tx, entry.id)
    set_aside.remove(tx, Space.BANK, [entry.id])


def erase_all(tx: Tx, case_id: int) -> int:
    """Withdraw every entry of a case for good; return how many were not so before.

    In the order of their ids, as sightings of them are recorded: so the two cannot deadlock.
    """
    left = [one for one in of_case(tx, case_id) if one.status is not EntryStatus.WITHDRAWN]
    for entry in left:
        erase(tx, entry)
    return len(left)


def _change(tx: Tx, entry: Entry, to: EntryStatus, values: dict[str, Any]) -> None:
    changed = {"status": entry.step(to), **values}
    tx.execute(sa.update(entries).where(entries.c.id == entry.id).values(changed))
    if to is EntryStatus.ACTIVE:
        changes.append_runs(tx, Space.BANK, Change.ADD, _runs(tx, entry))
    elif entry.status is not EntryStatus.WITHDRAWING:  # those were removed from the indexes before
        changes.append_runs(tx, Space.BANK, Change.REMOVE, _runs(tx, entry))


def _runs(tx: Tx, entry: Entry) -> list[tuple[int, int]]:
    """First and last id of each run of an entry's signals: one, unless a window was deleted."""
    own = signals.c.entry_id == entry.id
    extremes = (sa.func.min(signals.c.id), sa.func.max(signals.c.id), sa.func.count())
    first, last, number = tx.execute(sa.select(*extremes).where(own)).one()
    if number and number == last - first + 1:
        return [(first, last)]
    return changes.runs(tx.scalars(sa.select(signals.c.id).where(own)))


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
        sealed_label=bytes(row.sealed_label) if row.sealed_label else None,
        listens=bool(getattr(row, "listens", False)),
    )
