"""The log of what became searchable or ceased to be, and how far each worker has processed it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from service.store.database import Tx, batches, may_append_changes
from service.store.schema import changes, progress


class Space(StrEnum):
    """Which set of signals changed."""

    BANK = "bank"
    EXCLUDED = "excluded"
    OBSERVED = "observed"


class Change(StrEnum):
    """What happened to a signal."""

    ADD = "add"
    REMOVE = "remove"


class Row(NamedTuple):
    """One change."""

    position: int
    space: Space
    change: Change
    signal_id: int


def append(tx: Tx, space: Space, change: Change, signal_ids: Iterable[int]) -> None:
    """Append changes, in a transaction opened by `Database.write_changes`."""
    if not may_append_changes(tx):
        raise RuntimeError("changes are appended in Database.write_changes only")
    rows = [{"space": space, "change": change, "signal_id": one} for one in signal_ids]
    if rows:
        tx.execute(sa.insert(changes), rows)


def after(tx: Tx, position: int, limit: int) -> list[Row]:
    """Return the next changes after a position, oldest first."""
    query = sa.select(changes).where(changes.c.position > position)
    found = tx.execute(query.order_by(changes.c.position).limit(limit))
    return [Row(r.position, Space(r.space), Change(r.change), r.signal_id) for r in found]


def touched(tx: Tx, space: Space, signal_ids: Iterable[int], position: int) -> set[int]:
    """Return those of some signals that have a change after a position."""
    found: set[int] = set()
    for batch in batches(signal_ids):
        query = sa.select(changes.c.signal_id).where(
            changes.c.space == space,
            changes.c.position > position,
            changes.c.signal_id.in_(batch),
        )
        found.update(tx.scalars(query))
    return found


def last(tx: Tx) -> int:
    """Return the position of the newest change, 0 when there is none."""
    return tx.scalar(sa.select(sa.func.max(changes.c.position))) or 0


def reached(tx: Tx, name: str) -> int:
    """Return the position that a worker has processed, 0 when it never ran."""
    return tx.scalar(sa.select(progress.c.position).where(progress.c.name == name)) or 0


def set_reached(tx: Tx, name: str, position: int) -> None:
    """Record the position that a worker has processed; it never goes back."""
    forward = (progress.c.name == name) & (progress.c.position < position)
    if not tx.execute(sa.update(progress).where(forward).values(position=position)).rowcount and (
        tx.scalar(sa.select(progress.c.position).where(progress.c.name == name)) is None
    ):
        tx.execute(sa.insert(progress).values(name=name, position=position))
