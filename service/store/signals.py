"""Stored signals: of entries (the bank), of the exclude bank, of observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from hashing.signals import ContentSignals, FrameSignal, Signal, SignalType, ViewSignals
from service.domain.admission import is_matchable
from service.domain.case import EntryStatus
from service.domain.match_policy import COMMON_VIEWS
from service.store import changes
from service.store.changes import Change, Space
from service.store.database import Tx, batches, given
from service.store.schema import entries, excluded_signals, observed_signals, signals

TABLES = {
    Space.BANK: signals,
    Space.EXCLUDED: excluded_signals,
    Space.OBSERVED: observed_signals,
}


class StoredSignal(NamedTuple):
    """One stored signal: its id, the name of its type, its value."""

    id: int
    type: str
    value: bytes


class EntrySignal(NamedTuple):
    """One signal of an entry: of the whole, or of a frame of it."""

    type: SignalType
    value: bytes
    of_frame: bool


def rows_of(content: ContentSignals) -> list[dict[str, Any]]:
    """Return the rows of every signal of one piece of content, without the id of its owner.

    Of the views only those that count in full, and of these the upright value: a later view has
    a shorter radius, and a row does not record which view it was. Unmatchable signals are left out.
    """
    parts: list[tuple[Signal, str | None, FrameSignal | None]] = [
        *((signal, None, None) for signal in content.signals),
        *((one.signal, one.window, None) for one in content.windows),
        *((_upright(view), view.view, None) for view in content.views[:COMMON_VIEWS]),
    ]
    for frame in content.frames:
        parts.append((frame.signal, None, frame))
        parts += ((_upright(view), view.view, frame) for view in frame.views)
    return [row(*part) for part in parts if is_matchable(part[0])]


def insert(
    tx: Tx, space: Space, rows: Sequence[dict[str, Any]], *, searchable: bool = True
) -> Sequence[int]:
    """Insert rows of signals; return their ids. Searchable ones are announced to every index."""
    if not rows:
        return []
    table = TABLES[space]
    ids = tx.scalars(sa.insert(table).returning(table.c.id), list(rows)).all()
    if searchable:
        changes.append(tx, space, Change.ADD, ids)
    return ids


def delete_parts(tx: Tx, ids: Iterable[int]) -> None:
    """Delete those of some signals of entries that are windows or frames, and announce it."""
    is_part = signals.c.window.is_not(None) | signals.c.at_ms.is_not(None)
    for batch in batches(ids):
        gone = tx.scalars(sa.select(signals.c.id).where(signals.c.id.in_(batch), is_part)).all()
        changes.append(tx, Space.BANK, Change.REMOVE, gone)
        tx.execute(sa.delete(signals).where(signals.c.id.in_(gone)))


def searchable(tx: Tx, space: Space, chunk: int) -> Iterator[list[StoredSignal]]:
    """Yield every perceptual signal that an index must hold, in chunks."""
    query = _perceptual(space).execution_options(yield_per=chunk)
    for part in tx.execute(query).partitions():
        yield [StoredSignal(*row) for row in part]


def searchable_by_id(tx: Tx, space: Space, ids: Iterable[int]) -> list[StoredSignal]:
    """Return those of some signals that an index must hold now."""
    return _by_id(tx, _perceptual(space).where(TABLES[space].c.id.in_(given("ids"))), ids)


def of_entry(tx: Tx, entry_id: int) -> list[EntrySignal]:
    """Return the signals of an entry, whatever its status is; of its windows none."""
    columns = (signals.c.type, signals.c.value, signals.c.at_ms)
    of_parts = (signals.c.entry_id == entry_id) & signals.c.window.is_(None)
    rows = tx.execute(sa.select(*columns).where(of_parts).order_by(signals.c.id))
    return [EntrySignal(SignalType(r.type), bytes(r.value), r.at_ms is not None) for r in rows]


def by_id(tx: Tx, space: Space, ids: Iterable[int]) -> list[StoredSignal]:
    """Return signals by id, exact ones too; of the bank only those of active entries."""
    return _by_id(tx, _known(space), ids)


def _by_id(tx: Tx, query: sa.Select[Any], ids: Iterable[int]) -> list[StoredSignal]:
    return [
        StoredSignal(*row) for batch in batches(ids) for row in tx.execute(query, {"ids": batch})
    ]


@cache
def _known(space: Space) -> sa.Select[Any]:
    table = TABLES[space]
    columns = sa.select(table.c.id, table.c.type, table.c.value)
    return only_active(space, columns).where(table.c.id.in_(given("ids")))


def only_active(space: Space, query: sa.Select[Any]) -> sa.Select[Any]:
    """Restrict a query on the bank to the signals of active entries."""
    if space is Space.BANK:
        return query.join(entries).where(_unindexed(entries.c.status) == EntryStatus.ACTIVE)
    return query


def row(signal: Signal, window: str | None, frame: FrameSignal | None) -> dict[str, Any]:
    """Return the row of one signal, of the whole unless a window or frame is given."""
    return {
        "type": signal.type,
        "value": signal.value,
        "quality": signal.quality,
        "at_ms": None if frame is None else frame.at_ms,
        "until_ms": None if frame is None else frame.until_ms,
        "window": window,
    }


def _upright(view: ViewSignals) -> Signal:
    return Signal(SignalType.PDQ, view.values[0], view.quality)


def _perceptual(space: Space) -> sa.Select[Any]:
    table = TABLES[space]
    kinds = [kind for kind in SignalType if kind.perceptual]
    of_kind = _unindexed(table.c.type).in_(kinds)
    return only_active(space, sa.select(table.c.id, table.c.type, table.c.value).where(of_kind))


def _unindexed(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The column in an expression that no index covers.

    SQLite's planner assumes that few rows have one type or status, and would scan all that do
    (nearly the whole bank) rather than fetch the few whose ids are given.
    """
    return sa.func.coalesce(column, "")
