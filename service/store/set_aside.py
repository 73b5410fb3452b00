"""Contents that the worker could not reconcile: which, since when, why, and how often it tried."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.store.changes import Space
from service.store.database import Tx, batches, upsert
from service.store.schema import set_aside

DIED = "died"
"""Instead of an error's name: the process ended while it tried."""


class Subject(NamedTuple):
    """What is reconciled: an entry of the bank, an observation, or an excluded signal, by id."""

    space: Space
    id: int


class SetAside(NamedTuple):
    """A content that is to be tried again."""

    subject: Subject
    day: date
    """Of the last attempt."""
    error: str
    """Name of the error's type, never its text."""
    attempts: int


def begin(tx: Tx, subject: Subject, now: date) -> None:
    """Record that a content is tried, before it is: if the process dies, it is set aside."""
    row = {"space": subject.space, "content_id": subject.id, "day": now, "error": DIED}
    new = upsert(tx, set_aside).values({**row, "attempts": 1, "again": False})
    tried = {"day": now, "error": DIED, "attempts": set_aside.c.attempts + 1, "again": False}
    tx.execute(new.on_conflict_do_update(index_elements=["space", "content_id"], set_=tried))


def explain(tx: Tx, subject: Subject, error: str) -> None:
    """Record the error with which an attempt ended."""
    tx.execute(sa.update(set_aside).where(_is(subject)).values(error=error))


def take_back(tx: Tx, subject: Subject) -> None:
    """Undo `begin`: the attempt came to no end, through no fault of the content's.

    A content that had been set aside before is tried again soon.
    """
    tx.execute(sa.delete(set_aside).where(_is(subject), set_aside.c.attempts <= 1))
    fewer = {"attempts": set_aside.c.attempts - 1, "again": True}
    tx.execute(sa.update(set_aside).where(_is(subject)).values(fewer))


def remove(tx: Tx, space: Space, ids: Iterable[int]) -> None:
    """Forget contents that are reconciled, or erased."""
    for batch in batches(ids):
        of_these = (set_aside.c.space == space) & set_aside.c.content_id.in_(batch)
        tx.execute(sa.delete(set_aside).where(of_these))


def listed(tx: Tx) -> list[SetAside]:
    """Return every content that is set aside, the longest waiting first."""
    rows = tx.execute(sa.select(set_aside).order_by(set_aside.c.day, set_aside.c.content_id))
    return [_set_aside(row) for row in rows]


def count(tx: Tx) -> int:
    """Return how many contents are set aside."""
    return int(tx.scalar(sa.select(sa.func.count()).select_from(set_aside)) or 0)


def request(tx: Tx) -> int:
    """Have every content that is set aside tried again soon; return how many."""
    return tx.execute(sa.update(set_aside).values(again=True)).rowcount


def due(tx: Tx, now: date, most_attempts: int) -> SetAside | None:
    """Return a content to be tried again: one that was asked for, or not tried on this day yet."""
    waits = (set_aside.c.day < now) & (set_aside.c.attempts < most_attempts)
    query = sa.select(set_aside).where(waits | set_aside.c.again)
    row = tx.execute(query.order_by(set_aside.c.day, set_aside.c.content_id).limit(1)).one_or_none()
    return None if row is None else _set_aside(row)


def _is(subject: Subject) -> sa.ColumnElement[bool]:
    return (set_aside.c.space == subject.space) & (set_aside.c.content_id == subject.id)


def _set_aside(row: sa.Row[tuple[object, ...]]) -> SetAside:
    subject = Subject(Space(row.space), row.content_id)
    return SetAside(subject, row.day, row.error, row.attempts)
