"""Signals at rest: of entries, of the exclude bank, of observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from hashing.signals import ContentSignals, Signal, SignalType
from service.domain.case import EntryStatus
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
    """What a stored signal belongs to: an entry or an observation, and whether it is a frame's."""

    signal_id: int
    holder_id: int
    is_frame: bool
    type: SignalType


def rows_of(content: ContentSignals) -> list[dict[str, Any]]:
    """Return the rows of every signal of one piece of content, without what they belong to."""
    whole = [_row(signal) for signal in content.signals]
    frames = [
        {**_row(frame.signal), "at_ms": frame.at_ms, "until_ms": frame.until_ms}
        for frame in content.frames
    ]
    return whole + frames


def add(tx: Tx, space: Space, rows: Sequence[dict[str, Any]], *, findable: bool = True) -> None:
    """Insert rows of signals; findable ones are told to every index."""
    if not rows:
        return
    table = TABLES[space]
    ids = tx.scalars(sa.insert(table).returning(table.c.id), list(rows)).all()
    if findable:
        changes.append(tx, space, Change.ADD, ids)


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


def frames_of(tx: Tx, observation_id: int) -> int:
    """Return how many frame signals an observation has."""
    of_this = observed_signals.c.observation_id == observation_id
    frames = of_this & observed_signals.c.at_ms.is_not(None)
    return tx.scalar(sa.select(sa.func.count()).select_from(observed_signals).where(frames)) or 0


def places(tx: Tx, space: Space, ids: Iterable[int]) -> dict[int, Place]:
    """Return what each signal belongs to; of the bank only what is active now."""
    table = TABLES[space]
    return {
        row.id: Place(row.id, row.holder, row.at_ms is not None, SignalType(row.type))
        for part in parts(ids)
        for row in tx.execute(_held(space).where(table.c.id.in_(part)))
    }


def identical(tx: Tx, space: Space, values: Iterable[Signal]) -> list[tuple[Signal, Place]]:
    """Return every stored signal of the same exact type and value, with what it belongs to."""
    table = TABLES[space]
    asked = {(signal.type, signal.value): signal for signal in values}
    found = []
    for signal_type in {signal.type for signal in asked.values()}:
        of_type = [value for kind, value in asked if kind is signal_type]
        for part in parts(of_type):
            query = _held(space).where(table.c.type == signal_type, table.c.value.in_(part))
            for row in tx.execute(query.add_columns(table.c.value)):
                place = Place(row.id, row.holder, is_frame=False, type=signal_type)
                found.append((asked[signal_type, bytes(row.value)], place))
    return found


def _row(signal: Signal) -> dict[str, Any]:
    return {
        "type": signal.type,
        "value": signal.value,
        "quality": signal.quality,
        "at_ms": None,
        "until_ms": None,
    }


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
    columns = (table.c.id, _holder(space).label("holder"), table.c.at_ms, table.c.type)
    return _active(space, sa.select(*columns))


def _holder(space: Space) -> sa.Column[Any]:
    """The column that says what a signal belongs to. The exclude bank has none."""
    return TABLES[space].c.observation_id if space is Space.OBSERVED else signals.c.entry_id


def parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield values as lists that fit into one statement."""
    remaining = iter(values)
    return iter(lambda: list(islice(remaining, _PARAMETERS)), [])
