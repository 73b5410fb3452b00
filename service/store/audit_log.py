"""The audit: rows are appended in order, read, and pruned from the beginning. Nothing changes one.

Append last in a transaction: from then on every other append waits for its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa

from service.domain.audit import SERVICE, Audited, Deed, Head, Of, Row, details, following
from service.store.audit_schema import audit, audit_cases, audit_chain
from service.store.database import Tx, upsert
from service.store.schema import cases

KEY_BYTES = 32
_READ_AT_ONCE = 1_000
_COLUMNS = tuple(audit.c)


def append(tx: Tx, deed: Deed) -> None:
    """Append an act to the audit, in the transaction of the act."""
    row = following(deed, _locked_head(tx))
    tx.execute(sa.insert(audit).values(row._asdict()))
    values = {"head_n": row.n, "head_digest": row.digest}
    tx.execute(sa.update(audit_chain).values(values))


def case_key(tx: Tx, case_id: int, new: bytes) -> tuple[bytes, str]:
    """Return a case's key, which is `new` if it had none, and the case's number."""
    added = upsert(tx, audit_cases).values(case_id=case_id, key=new)
    tx.execute(added.on_conflict_do_nothing())
    found = existing_case_key(tx, case_id)
    assert found is not None  # noqa: S101 (it was inserted above)
    return found


def existing_case_key(tx: Tx, case_id: int) -> tuple[bytes, str] | None:
    """Return the key of a case and the case's number; None if nothing was done about it."""
    query = sa.select(audit_cases.c.key, cases.c.number).select_from(audit_cases.join(cases))
    row = tx.execute(query.where(cases.c.id == case_id)).one_or_none()
    return None if row is None else (bytes(row.key), row.number)


def forget_case(tx: Tx, case_id: int) -> None:
    """Erase the key of a case: from now on nothing says which rows are about it."""
    tx.execute(sa.delete(audit_cases).where(audit_cases.c.case_id == case_id))


def head(tx: Tx) -> Head:
    """Return the last row, as the store says."""
    row = tx.execute(sa.select(audit_chain)).one()
    return Head(row.head_n, bytes(row.head_digest))


def pruned(tx: Tx) -> Head:
    """Return the last row that was pruned, or what is before the first one."""
    row = tx.execute(sa.select(audit_chain)).one()
    return Head(row.pruned_n, bytes(row.pruned_digest))


def rows(tx: Tx) -> Iterator[Row]:
    """Yield every row in order, as it is stored, whatever is in it."""
    after: int | None = None
    while True:
        query = sa.select(*(_raw(tx, column) for column in _COLUMNS)).order_by(audit.c.n)
        if after is not None:
            query = query.where(audit.c.n > after)
        read = [_row(row) for row in tx.execute(query.limit(_READ_AT_ONCE))]
        yield from read
        if len(read) < _READ_AT_ONCE:
            return
        after = read[-1].n


def last(tx: Tx, most: int) -> list[Row]:
    """Return the newest rows, the newest first."""
    query = sa.select(*_COLUMNS).order_by(audit.c.n.desc()).limit(most)
    return [_row(row) for row in tx.execute(query)]


def of_case(tx: Tx, tag: bytes, most: int) -> list[Row]:
    """Return the newest rows about a case, the newest first."""
    query = sa.select(*_COLUMNS).where(audit.c.case_tag == tag)
    return [_row(row) for row in tx.execute(query.order_by(audit.c.n.desc()).limit(most))]


def prune(tx: Tx, before: date, now: date, most: int) -> int:
    """Delete the oldest rows, of days before one; return how many. What is left still verifies.

    That, and up to where, becomes a row itself: who removes the beginning otherwise is found out.
    """
    newest = _locked_head(tx).n
    begin = pruned(tx).n
    newer = sa.select(sa.func.min(audit.c.n)).where(audit.c.day >= before.isoformat())
    kept_from = tx.scalar(newer)
    last_n = min(newest if kept_from is None else kept_from - 1, begin + most)
    if last_n <= begin:
        return 0
    end = tx.execute(sa.select(audit.c.n, audit.c.digest).where(audit.c.n == last_n)).one()
    tx.execute(sa.delete(audit).where(audit.c.n <= last_n))
    values = {"pruned_n": last_n, "pruned_digest": end.digest}
    tx.execute(sa.update(audit_chain).values(values))
    said = details(Audited.PRUNED, {"up_to": last_n})
    upto = bytes(end.digest).hex()
    append(tx, Deed(SERVICE, now, Audited.PRUNED, Of.AUDIT, upto, details=said))
    return last_n - begin


def _locked_head(tx: Tx) -> Head:
    """Return the last row, and keep every other transaction from appending until this one ends.

    SQLite has one writer at a time anyway, and ignores the lock.
    """
    row = tx.execute(sa.select(audit_chain).with_for_update()).one()
    return Head(row.head_n, bytes(row.head_digest))


def _raw(tx: Tx, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Read bytes: SQLite takes anything for text, and then cannot return it."""
    if tx.dialect.name == "sqlite" and not isinstance(column.type, sa.Integer):
        return sa.cast(column, sa.LargeBinary).label(column.name)
    return column


def _row(stored: sa.Row[Any]) -> Row:
    values: dict[str, Any] = {
        name: _text(value) if isinstance(audit.c[name].type, sa.String) else value
        for name, value in stored._mapping.items()  # noqa: SLF001 (its public name)
    }
    tag = values["case_tag"]
    values["case_tag"] = None if tag is None else bytes(tag)
    values |= {name: bytes(values[name]) for name in ("previous", "digest")}
    return Row(**values)


def _text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "surrogateescape")
    return str(value)
