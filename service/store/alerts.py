"""The outbox: that there is news for a case, written in the transaction that makes it so.

Only for cases with a live channel: for all others nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.alert import Cause, ChannelStatus
from service.domain.sighting import (
    Feedback,
    Sighting,
    Verdict,
    is_shown_to_owner,
    is_since_added,
)
from service.store import changes
from service.store.alert_schema import alerts, channels
from service.store.changes import WORKER
from service.store.database import Tx, batches, given
from service.store.schema import entries, feedback, sightings
from service.store.watch_schema import watch_requests


class Alert(NamedTuple):
    """That there is news for a case."""

    id: int
    case_id: int
    cause: Cause
    request_id: int | None
    visit_id: int | None


def listens(case_id: sa.ColumnElement[int]) -> sa.Exists:
    """Whether a case has a live channel, as part of another question."""
    return sa.exists().where(channels.c.case_id == case_id, channels.c.status == ChannelStatus.LIVE)


def record(tx: Tx, case_id: int, cause: Cause) -> None:
    """Record that there is news for a case."""
    row = sa.select(sa.literal(case_id, sa.BigInteger), sa.literal(cause.value, sa.String))
    _insert(tx, row.where(listens(sa.literal(case_id, sa.BigInteger))))


def record_of_entries(tx: Tx, entry_ids: Iterable[int], cause: Cause) -> None:
    """Record that there is news about entries, once for each case."""
    for batch in batches(entry_ids):
        of_cases = sa.select(entries.c.case_id, sa.literal(cause.value, sa.String)).distinct()
        _insert(tx, of_cases.where(entries.c.id.in_(batch), listens(entries.c.case_id)))


def record_looks(tx: Tx, request_ids: Iterable[int], visit_id: int) -> None:
    """Record that an address was looked at. What it shows is known once the worker has compared."""
    position = changes.last(tx)
    for batch in batches(request_ids):
        of_cases = sa.select(
            watch_requests.c.case_id,
            sa.literal(Cause.LOOK.value, sa.String),
            watch_requests.c.id,
            sa.literal(visit_id, sa.BigInteger),
            sa.literal(position, sa.BigInteger),
        ).where(watch_requests.c.id.in_(batch), listens(watch_requests.c.case_id))
        _insert(tx, of_cases, "request_id", "visit_id", "after_position")


def record_new(tx: Tx, seen: Iterable[Sighting]) -> None:
    """Record the news in sightings that are about to be recorded, in this transaction.

    What an owner has read before is none: the same platform on the same day. Nor is what was seen
    before an entry was added: that it was would tell anybody who has the same content.
    """
    every = list(seen)
    added_on = _listening(tx, {one.entry_id for one in every})
    of_listening = [
        one
        for one in every
        if one.entry_id in added_on and is_since_added(one, added_on[one.entry_id])
    ]
    if not of_listening:
        return
    listening = {one.entry_id for one in of_listening}
    blocked = _blocked(tx, listening)
    known = _shown(tx, listening, {one.seen_on for one in of_listening}, blocked)
    news = {_event(one) for one in of_listening if _is_shown(one, blocked)} - known
    record_of_entries(tx, {entry_id for entry_id, *_ in news}, Cause.SIGHTING)


def is_any(tx: Tx) -> bool:
    """Whether there is an alert that no delivery was made of."""
    return tx.execute(sa.select(alerts.c.id).limit(1)).first() is not None


def take(tx: Tx, limit: int) -> list[Alert]:
    """Return the oldest alerts that no other worker has in hand, of which everything is known."""
    reached = changes.reached(tx, WORKER)
    ready = alerts.c.after_position.is_(None) | (alerts.c.after_position <= reached)
    query = sa.select(alerts).where(ready).order_by(alerts.c.id).limit(limit)
    rows = tx.execute(query.with_for_update(skip_locked=True)).all()
    return [
        Alert(row.id, row.case_id, Cause(row.cause), row.request_id, row.visit_id) for row in rows
    ]


def delete(tx: Tx, ids: Iterable[int]) -> None:
    """Delete alerts that deliveries were made of."""
    for batch in batches(ids):
        tx.execute(sa.delete(alerts).where(alerts.c.id.in_(batch)))


def remove_all(tx: Tx, case_id: int) -> None:
    """Delete the alerts of a case."""
    tx.execute(sa.delete(alerts).where(alerts.c.case_id == case_id))


def count(tx: Tx) -> int:
    """Return how many alerts no delivery was made of."""
    return tx.scalar(sa.select(sa.func.count()).select_from(alerts)) or 0


_Event = tuple[int, int, date, str]
"""What an owner reads as one: entry, platform, day, source."""


def _insert(tx: Tx, rows: sa.SelectBase, *more: str) -> None:
    tx.execute(sa.insert(alerts).from_select(["case_id", "cause", *more], rows))


def _listening(tx: Tx, entry_ids: set[int]) -> dict[int, date]:
    """Those of some entries whose case has a live channel, and when they were added."""
    return {
        row.id: row.added_on
        for part in batches(entry_ids)
        for row in tx.execute(_LISTENING, {"entries": part})
    }


def _event(one: Sighting) -> _Event:
    return (one.entry_id, one.actor_id, one.seen_on, one.source)


def _is_shown(one: Sighting, blocked: set[tuple[int, int]]) -> bool:
    outcome = Feedback.BLOCKED if (one.entry_id, one.actor_id) in blocked else None
    return is_shown_to_owner(one.verdict, outcome)


def _blocked(tx: Tx, entry_ids: set[int]) -> set[tuple[int, int]]:
    """Entries and platforms which have blocked what was only near."""
    columns = sa.select(feedback.c.entry_id, feedback.c.actor_id)
    near = (feedback.c.verdict == Verdict.NEAR) & (feedback.c.value == Feedback.BLOCKED)
    return {
        (entry_id, actor_id)
        for part in batches(entry_ids)
        for entry_id, actor_id in tx.execute(columns.where(near, feedback.c.entry_id.in_(part)))
    }


def _shown(
    tx: Tx, entry_ids: set[int], days: set[date], blocked: set[tuple[int, int]]
) -> set[_Event]:
    """What owners read already of some entries, on some days."""
    table = sightings.c
    columns = sa.select(
        table.entry_id, table.actor_id, table.seen_on, table.source, table.verdict
    ).distinct()
    on_days = table.seen_on.in_(days)
    return {
        (row.entry_id, row.actor_id, row.seen_on, row.source)
        for part in batches(entry_ids, 800)
        for row in tx.execute(columns.where(table.entry_id.in_(part), on_days))
        if row.verdict == Verdict.MATCH or (row.entry_id, row.actor_id) in blocked
    }


_LISTENING = sa.select(entries.c.id, entries.c.added_on).where(
    entries.c.id.in_(given("entries")), listens(entries.c.case_id)
)
