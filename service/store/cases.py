"""Cases, without their entries."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.store import audit_log, channels, grants, notices, watches
from service.store.database import Tx
from service.store.schema import cases


class Case(NamedTuple):
    """One case, without its entries."""

    id: int
    number: str
    access_hash: bytes
    document_hash: bytes
    opened_on: date
    withdrawn_on: date | None
    erase_on: date | None = None
    """The day until which the withdrawal can be undone. None afterwards, and without one."""
    undone_on: date | None = None
    """The last day on which a withdrawal of it or its entries was undone."""
    undone: int = 0
    """How many entries were brought back on that day."""

    def undone_today(self, now: date) -> int:
        """Return how many entries were brought back on this day."""
        return self.undone if self.undone_on == now else 0


def get(tx: Tx, number: str) -> Case | None:
    """Return the case with a number."""
    return _one(tx, cases.c.number == number)


def by_access(tx: Tx, access_hash: bytes) -> Case | None:
    """Return the case that an access key opens."""
    return _one(tx, cases.c.access_hash == access_hash)


def is_withdrawn(tx: Tx, case_id: int) -> bool:
    """Whether a case is withdrawn, for good or not yet."""
    day = tx.scalar(sa.select(cases.c.withdrawn_on).where(cases.c.id == case_id))
    return day is not None


def lock(tx: Tx, case_id: int) -> Case:
    """Return a case, and keep every other writer from it until this transaction ends."""
    query = sa.select(cases).where(cases.c.id == case_id).with_for_update()
    return _case(tx.execute(query).one())


def insert(tx: Tx, values: dict[str, Any]) -> int:
    """Insert a case; return its id."""
    return int(tx.scalars(sa.insert(cases).values(values).returning(cases.c.id)).one())


def close(tx: Tx, case_id: int, now: date, erase_on: date) -> None:
    """Mark a case as withdrawn, and end its grants. The note is kept until it becomes final.

    What no platform has fetched yet, none will.
    """
    grants.end_all(tx, case_id, now)
    notices.take_back(tx, case_id)
    _update(tx, case_id, {"withdrawn_on": now, "erase_on": erase_on})


def reopen(tx: Tx, case_id: int) -> None:
    """Undo the withdrawal of a case."""
    _update(tx, case_id, {"withdrawn_on": None, "erase_on": None})


def count_undone(tx: Tx, case: Case, number: int, now: date) -> None:
    """Add to the entries that were brought back on this day."""
    _update(tx, case.id, {"undone_on": now, "undone": case.undone_today(now) + number})


def close_for_good(tx: Tx, case: Case, now: date) -> None:
    """Make the withdrawal of a case final; erase all that was said of it, and whom it named.

    The day of the withdrawal stays the first one, if the case was withdrawn already.
    """
    day = case.withdrawn_on or now
    _update(tx, case.id, {"withdrawn_on": day, "erase_on": None, "note": None})
    watches.remove_all(tx, case.id)
    channels.remove_all(tx, case.id)
    notices.remove_all(tx, case.id)
    grants.erase_case(tx, case.id)
    audit_log.forget_case(tx, case.id)


def due(tx: Tx, now: date) -> Case | None:
    """Return a case whose withdrawal becomes final by this day and is not final yet, if any."""
    over = sa.select(cases).where(cases.c.erase_on <= now).order_by(cases.c.erase_on).limit(1)
    row = tx.execute(over).one_or_none()
    return None if row is None else _case(row)


def _update(tx: Tx, case_id: int, values: dict[str, Any]) -> None:
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
        row.erase_on,
        row.undone_on,
        row.undone or 0,
    )
