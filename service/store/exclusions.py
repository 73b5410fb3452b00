"""The exclude bank: exclusions, each with the signals of one content."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from hashing.signals import Signal
from service.store import changes, signals
from service.store.changes import Change, Space
from service.store.database import Tx, batches
from service.store.schema import excluded_signals


class Exclusion(NamedTuple):
    """One content of the exclude bank."""

    id: int
    added_on: date
    signals: int
    """How many it has."""


def insert(tx: Tx, perceptual: Iterable[Signal], now: date) -> int:
    """Exclude the perceptual signals of one content; return how many were new."""
    table = excluded_signals
    new: list[int] = []
    for signal in perceptual:
        same = (table.c.type == signal.type) & (table.c.value == signal.value)
        if tx.scalar(sa.select(table.c.id).where(same)) is None:
            row = {**signals.row(signal, None, None), "added_on": now}
            new += signals.insert(tx, Space.EXCLUDED, [row])
    for batch in batches(new):
        of_these = sa.update(table).where(table.c.id.in_(batch))
        tx.execute(of_these.values(exclusion_id=new[0]))
    return len(new)


def listed(tx: Tx) -> list[Exclusion]:
    """Return every exclusion, oldest first."""
    table = excluded_signals
    columns = (table.c.exclusion_id, sa.func.min(table.c.added_on), sa.func.count())
    query = sa.select(*columns).group_by(table.c.exclusion_id).order_by(table.c.exclusion_id)
    return [Exclusion(*row) for row in tx.execute(query)]


def signal_ids(tx: Tx, exclusion_id: int) -> list[int]:
    """Return the ids of an exclusion's signals; none if there is no such exclusion."""
    of_exclusion = excluded_signals.c.exclusion_id == exclusion_id
    return list(tx.scalars(sa.select(excluded_signals.c.id).where(of_exclusion)))


def of_signal(tx: Tx, signal_id: int) -> int | None:
    """Return the exclusion of a signal; None if it was removed meanwhile."""
    query = sa.select(excluded_signals.c.exclusion_id).where(excluded_signals.c.id == signal_id)
    return tx.scalar(query)


def delete(tx: Tx, exclusion_id: int) -> int:
    """Delete an exclusion, and announce it to every index; return how many signals it had."""
    gone = signal_ids(tx, exclusion_id)
    changes.append(tx, Space.EXCLUDED, Change.REMOVE, gone)
    of_exclusion = excluded_signals.c.exclusion_id == exclusion_id
    tx.execute(sa.delete(excluded_signals).where(of_exclusion))
    return len(gone)
