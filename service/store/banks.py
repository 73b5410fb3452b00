"""Signals at rest: of entries, of the exclude bank, of observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from hashing.signals import ContentSignals, FrameSignal, Signal, SignalType, ViewSignals
from service.domain import policy
from service.domain.alignment import Span
from service.domain.case import EntryStatus
from service.domain.policy import Film
from service.store import changes
from service.store.changes import Change, Space
from service.store.database import Tx
from service.store.schema import entries, excluded_signals, observed_signals, signals

TABLES = {
    Space.BANK: signals,
    Space.EXCLUDED: excluded_signals,
    Space.OBSERVED: observed_signals,
}
_PARAMETERS = 900
"""Values in one statement: SQLite's historical limit is 999."""


class Stored(NamedTuple):
    """One stored signal: its id, its type's name and its value."""

    id: int
    type: str
    value: bytes


class Place(NamedTuple):
    """What a stored signal belongs to, an entry or an observation, and which part of it it tells.

    `span` is a frame's, `window` names a part or view of a picture or frame.
    """

    signal_id: int
    holder_id: int
    type: SignalType
    span: Span | None
    window: str | None


def rows_of(content: ContentSignals) -> list[dict[str, Any]]:
    """Return the rows of every signal of one piece of content, without what they belong to.

    Of the views that count in full, the upright values: a later one must be nearer, and a row
    does not tell its place. What is not fit to be found is left out.
    """
    parts: list[tuple[Signal, str | None, FrameSignal | None]] = [
        *((signal, None, None) for signal in content.signals),
        *((one.signal, one.window, None) for one in content.windows),
        *((_upright(view), view.view, None) for view in content.views[: policy.COMMON_VIEWS]),
    ]
    for frame in content.frames:
        parts.append((frame.signal, None, frame))
        parts += ((_upright(view), view.view, frame) for view in frame.views)
    return [_row(signal, window, frame) for signal, window, frame in parts if policy.fit(signal)]


def add(tx: Tx, space: Space, rows: Sequence[dict[str, Any]], *, findable: bool = True) -> None:
    """Insert rows of signals; findable ones are told to every index."""
    if not rows:
        return
    table = TABLES[space]
    ids = tx.scalars(sa.insert(table).returning(table.c.id), list(rows)).all()
    if findable:
        changes.append(tx, space, Change.ADD, ids)


def forget_windows(tx: Tx, ids: Iterable[int]) -> None:
    """Erase those of some signals of entries that are windows, and tell every index."""
    for part in parts(ids):
        of_window = signals.c.id.in_(part) & signals.c.window.is_not(None)
        gone = tx.scalars(sa.select(signals.c.id).where(of_window)).all()
        changes.append(tx, Space.BANK, Change.REMOVE, gone)
        tx.execute(sa.delete(signals).where(of_window))


def add_excluded(tx: Tx, found: Iterable[Signal], now: date) -> int:
    """Add perceptual signals to the exclude bank; return how many were new."""
    fresh = 0
    for signal in found:
        table = excluded_signals
        same = (table.c.type == signal.type) & (table.c.value == signal.value)
        if tx.scalar(sa.select(table.c.id).where(same)) is None:
            add(tx, Space.EXCLUDED, [{**_row(signal), "added_on": now}])
            fresh += 1
    return fresh


def findable(tx: Tx, space: Space, chunk: int) -> Iterator[list[Stored]]:
    """Yield every perceptual signal that an index must hold, in chunks."""
    query = _perceptual(space).execution_options(yield_per=chunk)
    for part in tx.execute(query).partitions():
        yield [Stored(*row) for row in part]


def findable_of(tx: Tx, space: Space, ids: Iterable[int]) -> list[Stored]:
    """Return those of some signals that an index must hold now."""
    table = TABLES[space]
    return [
        Stored(*row)
        for part in parts(ids)
        for row in tx.execute(_perceptual(space).where(table.c.id.in_(part)))
    ]


def stored_of(tx: Tx, space: Space, ids: Iterable[int]) -> list[Stored]:
    """Return signals by id, exact ones too; of the bank only what is active now."""
    table = TABLES[space]
    query = _active(space, sa.select(table.c.id, table.c.type, table.c.value))
    return [
        Stored(*row) for part in parts(ids) for row in tx.execute(query.where(table.c.id.in_(part)))
    ]


def whole_of(tx: Tx, space: Space, ids: Iterable[int]) -> list[Stored]:
    """Return signals by id with all others of the same entries or observations."""
    table = TABLES[space]
    holder = _holder(space)
    query = _active(space, sa.select(table.c.id, table.c.type, table.c.value))
    found: set[Stored] = set()
    for part in parts(ids):
        holders = sa.select(holder).where(table.c.id.in_(part))
        found.update(Stored(*row) for row in tx.execute(query.where(holder.in_(holders))))
    return sorted(found)


def films(tx: Tx, space: Space, holder_ids: Iterable[int]) -> dict[int, Film]:
    """Return how much of a video each entry or observation is; of pictures, nothing."""
    table, holder = TABLES[space], _holder(space)
    begin, end = sa.func.min(table.c.at_ms), sa.func.max(table.c.until_ms)
    count = sa.func.count(table.c.at_ms.distinct())
    frames = table.c.at_ms.is_not(None)
    query = sa.select(holder, count, begin, end).where(frames).group_by(holder)
    return {
        holder_id: Film(many, last - first)
        for part in parts(holder_ids)
        for holder_id, many, first, last in tx.execute(query.where(holder.in_(part)))
    }


def spans_of(tx: Tx, observation_id: int) -> list[Span]:
    """Return the spans of the frames of an observation, in time order."""
    table = observed_signals
    frames = (table.c.observation_id == observation_id) & table.c.at_ms.is_not(None)
    query = sa.select(table.c.at_ms, table.c.until_ms).where(frames).distinct()
    return sorted(Span(*row) for row in tx.execute(query))


def places(tx: Tx, space: Space, ids: Iterable[int]) -> dict[int, Place]:
    """Return what each signal belongs to; of the bank only what is active now."""
    table = TABLES[space]
    return {
        row.id: _place(row)
        for part in parts(ids)
        for row in tx.execute(_held(space).where(table.c.id.in_(part)))
    }


def identical(tx: Tx, space: Space, values: Iterable[Signal]) -> list[tuple[Signal, Place]]:
    """Return every stored signal of the same exact type and value, with what it belongs to."""
    table = TABLES[space]
    asked = {(signal.type, signal.value): signal for signal in values}
    found: list[tuple[Signal, Place]] = []
    for signal_type in {signal.type for signal in asked.values()}:
        of_type = [value for kind, value in asked if kind is signal_type]
        for part in parts(of_type):
            query = _held(space).where(table.c.type == signal_type, table.c.value.in_(part))
            rows = tx.execute(query.add_columns(table.c.value))
            found += [(asked[signal_type, bytes(row.value)], _place(row)) for row in rows]
    return found


def _row(
    signal: Signal, window: str | None = None, frame: FrameSignal | None = None
) -> dict[str, Any]:
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


def _place(row: Any) -> Place:  # noqa: ANN401 (a row of `_held`)
    span = None if row.at_ms is None else Span(row.at_ms, row.until_ms)
    return Place(row.id, row.holder, SignalType(row.type), span, row.window)


def _perceptual(space: Space) -> sa.Select[Any]:
    table = TABLES[space]
    kinds = [kind for kind in SignalType if kind.perceptual]
    of_kind = _unindexed(table.c.type).in_(kinds)
    return _active(space, sa.select(table.c.id, table.c.type, table.c.value).where(of_kind))


def _active(space: Space, query: sa.Select[Any]) -> sa.Select[Any]:
    """Of the bank, only the signals of active entries."""
    if space is Space.BANK:
        return query.join(entries).where(_unindexed(entries.c.status) == EntryStatus.ACTIVE)
    return query


def _unindexed(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The column as no index has it.

    SQLite guesses that few rows are of one type or status, and would read all that are (nearly
    the whole bank) rather than the few whose ids are asked for.
    """
    return sa.func.coalesce(column, "")


def _held(space: Space) -> sa.Select[Any]:
    table = TABLES[space]
    of = (_holder(space).label("holder"), table.c.type)
    columns = (table.c.id, *of, table.c.at_ms, table.c.until_ms, table.c.window)
    return _active(space, sa.select(*columns))


def _holder(space: Space) -> sa.Column[Any]:
    """The column that says what a signal belongs to. The exclude bank has none."""
    return TABLES[space].c.observation_id if space is Space.OBSERVED else signals.c.entry_id


def parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield values as lists that fit into one statement."""
    remaining = iter(values)
    return iter(lambda: list(islice(remaining, _PARAMETERS)), [])
