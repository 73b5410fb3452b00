"""The log of what became searchable or ceased to be, and how far each worker has processed it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from service.store.database import Tx, may_append_changes, upsert
from service.store.schema import changes, followers, progress

WORKER = "sightings"
"""Name under which the worker's position is recorded."""
TRYING = "trying"
"""Name under which the worker records, before a batch, how far it goes."""
PRUNED = "pruned"
"""Name under which the position of the newest deleted change is recorded."""


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
    """One change, of signals whose ids are in a row: mostly all those of one content."""

    position: int
    space: Space
    change: Change
    first_id: int
    last_id: int

    @property
    def ids(self) -> range:
        """The signals."""
        return range(self.first_id, self.last_id + 1)


def append(tx: Tx, space: Space, change: Change, signal_ids: Iterable[int]) -> None:
    """Append changes, in a transaction opened by `Database.write_changes`.

    The ids of one content are in a row, as one transaction at a time inserts signals. So this is
    one row for each content, however many signals it has.
    """
    append_runs(tx, space, change, runs(signal_ids))


def append_runs(tx: Tx, space: Space, change: Change, of_ids: Iterable[tuple[int, int]]) -> None:
    """Append changes of runs of ids, each given by its first and last."""
    if not may_append_changes(tx):
        raise RuntimeError("changes are appended in Database.write_changes only")
    rows = [
        {"space": space, "change": change, "signal_id": first, "last_id": last}
        for first, last in of_ids
    ]
    if rows:
        tx.execute(sa.insert(changes), rows)


def runs(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and last of each run of consecutive ids."""
    found: list[tuple[int, int]] = []
    for one in sorted(ids):
        if found and one <= found[-1][1] + 1:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found


def after(tx: Tx, position: int, limit: int, *, most_signals: int | None = None) -> list[Row]:
    """Return the next changes after a position, oldest first.

    With `most_signals`, only as many as concern that many signals, but one at least.
    """
    query = sa.select(changes).where(changes.c.position > position)
    found = tx.execute(query.order_by(changes.c.position).limit(limit))
    rows: list[Row] = []
    signals = 0
    for r in found:
        last_id = r.signal_id if r.last_id is None else r.last_id
        row = Row(r.position, Space(r.space), Change(r.change), r.signal_id, last_id)
        signals += len(row.ids)
        if rows and most_signals is not None and signals > most_signals:
            break
        rows.append(row)
    return rows


def touched(tx: Tx, space: Space, signal_ids: Iterable[int], position: int) -> set[int]:
    """Return those of some signals that have a change after a position."""
    ids = set(signal_ids)
    if not ids:
        return set()
    last_id = sa.func.coalesce(changes.c.last_id, changes.c.signal_id)
    query = sa.select(changes.c.signal_id, last_id).where(
        changes.c.space == space,
        changes.c.position > position,
        changes.c.signal_id <= max(ids),
        last_id >= min(ids),
    )
    found: set[int] = set()
    for first, last in tx.execute(query):
        found.update(ids.intersection(range(first, last + 1)))
    return found


def last(tx: Tx) -> int:
    """Return the position of the newest change, 0 when there never was one."""
    newest = tx.scalar(sa.select(sa.func.max(changes.c.position))) or 0
    return max(newest, reached(tx, PRUNED))


def prune(tx: Tx, limit: int) -> int:
    """Delete the oldest changes that every follower has passed, at most `limit`; return how many.

    Whoever begins anew reads the store itself. A follower that was not known here finds by
    `is_pruned` that it has to begin anew.
    """
    passed = min([reached(tx, WORKER), *tx.scalars(sa.select(followers.c.position))])
    oldest = sa.select(changes.c.position).where(changes.c.position <= passed)
    gone = tx.scalars(oldest.order_by(changes.c.position).limit(limit)).all()
    if gone:
        tx.execute(sa.delete(changes).where(changes.c.position <= gone[-1]))
        set_reached(tx, PRUNED, gone[-1])
    return len(gone)


def is_pruned(tx: Tx, position: int) -> bool:
    """Whether changes after a position are deleted already."""
    return reached(tx, PRUNED) > position


def set_followed(tx: Tx, name: str, position: int, now: date) -> None:
    """Record the position that a replica, and its segments on disk, have reached for certain."""
    row = {"name": name, "position": position, "seen_on": now}
    new = upsert(tx, followers).values(row)
    tx.execute(new.on_conflict_do_update(index_elements=["name"], set_=row))


def forget_followers(tx: Tx, before: date) -> int:
    """Forget the replicas that were last heard of before a day; return how many."""
    return tx.execute(sa.delete(followers).where(followers.c.seen_on < before)).rowcount


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


def forget_reached(tx: Tx, name: str) -> None:
    """Forget a recorded position: it is 0 then."""
    tx.execute(sa.delete(progress).where(progress.c.name == name))
