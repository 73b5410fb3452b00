"""What stored signals belong to: which entry or observation, and which part of its content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from hashing.signals import Signal, SignalType
from service.domain.admission import is_mostly_excluded
from service.domain.alignment import Span, VideoExtent
from service.store.changes import Space
from service.store.database import Tx, batches, given
from service.store.schema import signals
from service.store.signals import TABLES, only_active


class Provenance(NamedTuple):
    """Where a stored signal comes from.

    `content_id` is an entry's id in the bank, and an observation's among what was observed.
    `span` is that of a frame; `window` names the part or view of a picture or frame.
    """

    signal_id: int
    content_id: int
    type: SignalType
    span: Span | None
    window: str | None


class ContentSignal(NamedTuple):
    """A stored signal with its provenance."""

    provenance: Provenance
    value: bytes


def by_signal(tx: Tx, space: Space, signal_ids: Iterable[int]) -> dict[int, Provenance]:
    """Return the provenance of signals; of the bank only those of active entries."""
    return {
        row.id: _provenance(row)
        for batch in batches(signal_ids)
        for row in tx.execute(_by_signal(space), {"ids": batch})
    }


def of_contents(tx: Tx, space: Space, content_ids: Iterable[int]) -> list[ContentSignal]:
    """Return every signal of some entries or observations, by id; of entries only active ones."""
    query = _select(space).add_columns(TABLES[space].c.value)
    rows = [
        row
        for batch in batches(content_ids)
        for row in tx.execute(query.where(_content(space).in_(batch)))
    ]
    return [
        ContentSignal(_provenance(row), bytes(row.value))
        for row in sorted(rows, key=lambda row: row.id)
    ]


def identical(tx: Tx, space: Space, exact: Iterable[Signal]) -> list[tuple[Signal, Provenance]]:
    """Return every stored signal of the same exact type and value, with its provenance."""
    wanted = {(signal.type, signal.value): signal for signal in exact}
    matches: list[tuple[Signal, Provenance]] = []
    for signal_type in {signal.type for signal in wanted.values()}:
        values = [value for kind, value in wanted if kind is signal_type]
        for batch in batches(values):
            rows = tx.execute(_identical(space), {"type": signal_type, "values": batch})
            matches += [(wanted[signal_type, bytes(row.value)], _provenance(row)) for row in rows]
    return matches


def ranges(tx: Tx, space: Space, signal_ids: Iterable[int]) -> list[tuple[int, int, int]]:
    """Return first signal, last signal and id of each content, active or not, of some signals.

    The signals of a content are inserted in one transaction, beside which no other inserts any.
    So their ids are in a row, and ranges of contents never overlap.
    """
    table, content = TABLES[space], _content(space)
    rows: list[tuple[int, int, int]] = []
    for batch in batches(signal_ids):
        wanted = sa.select(content).where(table.c.id.in_(batch))
        query = sa.select(sa.func.min(table.c.id), sa.func.max(table.c.id), content)
        rows += [
            tuple(row) for row in tx.execute(query.where(content.in_(wanted)).group_by(content))
        ]
    return rows


def extents(tx: Tx, space: Space, content_ids: Iterable[int]) -> dict[int, VideoExtent]:
    """Return how much video each entry or observation has. Pictures are left out."""
    return {
        content_id: VideoExtent(number, last - first)
        for batch in batches(content_ids)
        for content_id, number, first, last in tx.execute(_extents(space), {"contents": batch})
    }


def mostly(tx: Tx, excluded: Collection[Provenance]) -> set[int]:
    """Return the entries of which a whole, or most frames, are among some excluded signals."""
    frames = Counter(one.content_id for one in excluded if one.span)
    every = extents(tx, Space.BANK, frames)
    found = {one.content_id for one in excluded if not one.span and not one.window}
    return found | {
        one for one, number in frames.items() if is_mostly_excluded(number, every[one].frames)
    }


def frame_spans(tx: Tx, space: Space, content_ids: Iterable[int]) -> dict[int, list[Span]]:
    """Return the spans of the frames of each entry or observation, in time order."""
    table, content = TABLES[space], _content(space)
    query = sa.select(content, table.c.at_ms, table.c.until_ms).where(table.c.at_ms.is_not(None))
    spans: dict[int, list[Span]] = {}
    for batch in batches(content_ids):
        rows = tx.execute(query.where(content.in_(batch)).distinct())
        for content_id, at_ms, until_ms in rows:
            spans.setdefault(content_id, []).append(Span(at_ms, until_ms))
    return {content_id: sorted(of_content) for content_id, of_content in spans.items()}


@cache
def _by_signal(space: Space) -> sa.Select[Any]:
    return _select(space).where(TABLES[space].c.id.in_(given("ids")))


@cache
def _identical(space: Space) -> sa.Select[Any]:
    table = TABLES[space]
    same = (table.c.type == sa.bindparam("type")) & table.c.value.in_(given("values"))
    return _select(space).where(same).add_columns(table.c.value)


@cache
def _extents(space: Space) -> sa.Select[Any]:
    table, content = TABLES[space], _content(space)
    begin, end = sa.func.min(table.c.at_ms), sa.func.max(table.c.until_ms)
    count = sa.func.count(table.c.at_ms.distinct())
    frames = table.c.at_ms.is_not(None) & content.in_(given("contents"))
    return sa.select(content, count, begin, end).where(frames).group_by(content)


def _select(space: Space) -> sa.Select[Any]:
    table = TABLES[space]
    content = _content(space).label("content_id")
    columns = (table.c.id, content, table.c.type, table.c.at_ms, table.c.until_ms, table.c.window)
    return only_active(space, sa.select(*columns))


def _provenance(row: Any) -> Provenance:  # noqa: ANN401 (a row of `_select`)
    span = None if row.at_ms is None else Span(row.at_ms, row.until_ms)
    return Provenance(row.id, row.content_id, SignalType(row.type), span, row.window)


def _content(space: Space) -> sa.Column[Any]:
    """The column that tells what a signal belongs to. The exclude bank has none."""
    return TABLES[space].c.observation_id if space is Space.OBSERVED else signals.c.entry_id
