"""Messages on their way: claimed by one worker at a time, tried again, and kept for a while."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.alert import (
    DEAD_DAYS,
    DELIVERY_TRANSITIONS,
    KEPT_DAYS,
    ChannelKind,
    DeliveryState,
)
from service.store.alert_schema import channels, deliveries
from service.store.database import Tx


class Delivery(NamedTuple):
    """One message on one channel."""

    id: int
    channel_id: int
    reference: str
    test: bool
    attempts: int
    """With the one that this claim is for."""
    claimed_until: int
    unsure: bool
    """Whether an attempt before may have been received."""


class DeadLetter(NamedTuple):
    """A message that could not be sent, without whose."""

    id: int
    kind: ChannelKind
    attempts: int
    trouble: str
    ended_on: date


class Published(NamedTuple):
    """A message of a feed."""

    reference: str
    day: date


def add(tx: Tx, channel_id: int, reference: str, due_at: int, *, test: bool = False) -> None:
    """Add a message that is to be sent at a second."""
    row = {
        "channel_id": channel_id,
        "reference": reference,
        "test": test,
        "state": DeliveryState.WAITING,
        "due_at": due_at,
        "attempts": 0,
        "unsure": False,
    }
    tx.execute(sa.insert(deliveries).values(row))


def is_coming(tx: Tx, channel_id: int, now: int) -> bool:
    """Whether an alert waits that has certainly not been received: so later news is in it too.

    It is locked, so that nobody sends it before this transaction ends.
    """
    this = (deliveries.c.channel_id == channel_id) & ~deliveries.c.test & ~deliveries.c.unsure
    query = sa.select(deliveries.c.id).where(this, _is_waiting(), _is_free(now)).limit(1)
    return tx.execute(query.with_for_update()).first() is not None


def latest_due(tx: Tx, channel_id: int) -> int | None:
    """Return the second at which the last of the alerts is due that wait on a channel."""
    this = (deliveries.c.channel_id == channel_id) & ~deliveries.c.test & _is_waiting()
    latest: int | None = tx.scalar(sa.select(sa.func.max(deliveries.c.due_at)).where(this))
    return latest


def is_due(tx: Tx, now: int) -> bool:
    """Whether a message is due that no worker has."""
    due = sa.select(deliveries.c.id).where(_is_waiting(), deliveries.c.due_at <= now)
    return tx.execute(due.where(_is_free(now)).limit(1)).first() is not None


def claim(tx: Tx, now: int, until: int, limit: int) -> list[Delivery]:
    """Take messages that are due and that no other worker has, those that wait for longest first.

    From the claim on they count as tried, and as perhaps received: this process may be killed.
    """
    query = (
        sa.select(deliveries)
        .where(_is_waiting(), deliveries.c.due_at <= now, _is_free(now))
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = tx.execute(query).all()
    more = {"claimed_until": until, "attempts": deliveries.c.attempts + 1, "unsure": True}
    if ids := [row.id for row in rows]:
        tx.execute(sa.update(deliveries).where(deliveries.c.id.in_(ids)).values(more))
    return [
        Delivery(
            row.id, row.channel_id, row.reference, row.test, row.attempts + 1, until, row.unsure
        )
        for row in rows
    ]


def put_off(tx: Tx, one: Delivery, due_at: int) -> None:
    """Give a message back that is not to be sent now, as if it had not been claimed."""
    before = {"attempts": one.attempts - 1, "unsure": one.unsure}
    _end_claim(tx, one, {"due_at": due_at, **before})


def record_sent(tx: Tx, one: Delivery, now: date) -> bool:
    """Record that a message was sent; return whether the claim still held."""
    return _end_claim(
        tx, one, {"state": DeliveryState.SENT, "due_at": None, "ended_on": now, "trouble": None}
    )


def record_failed(tx: Tx, one: Delivery, due_at: int, trouble: str, *, unsure: bool) -> None:
    """Record an attempt that failed, and when to try again."""
    _end_claim(tx, one, {"due_at": due_at, "trouble": trouble, "unsure": one.unsure or unsure})


def record_dead(tx: Tx, one: Delivery, trouble: str, now: date) -> None:
    """Record that a message is tried no more."""
    dead = {"state": DeliveryState.DEAD, "due_at": None, "ended_on": now, "trouble": trouble}
    _end_claim(tx, one, dead)


def remove(tx: Tx, one: Delivery) -> None:
    """Forget a message that is not to be sent."""
    tx.execute(sa.delete(deliveries).where(deliveries.c.id == one.id))


def remove_waiting(tx: Tx, channel_id: int) -> None:
    """Forget what waits on a channel: nothing is sent there again."""
    tx.execute(sa.delete(deliveries).where(deliveries.c.channel_id == channel_id, _is_waiting()))


def published(tx: Tx, channel_id: int, limit: int) -> list[Published]:
    """Return the newest messages that were sent on a channel, tests left out."""
    sent = (deliveries.c.channel_id == channel_id) & (deliveries.c.state == DeliveryState.SENT)
    query = sa.select(deliveries.c.reference, deliveries.c.ended_on).where(sent, ~deliveries.c.test)
    newest = query.order_by(deliveries.c.id.desc()).limit(limit)
    return [Published(reference, day) for reference, day in tx.execute(newest)]


def dead(tx: Tx) -> list[DeadLetter]:
    """Return what could not be sent, oldest first."""
    query = sa.select(deliveries, channels.c.kind).join(channels).where(_is_dead())
    return [
        DeadLetter(row.id, ChannelKind(row.kind), row.attempts, row.trouble or "", row.ended_on)
        for row in tx.execute(query.order_by(deliveries.c.id))
    ]


def retry_dead(tx: Tx, now: int, ids: Iterable[int] = ()) -> int:
    """Have messages tried again that could not be sent, all or some; return how many."""
    again = {"state": DeliveryState.WAITING, "due_at": now, "ended_on": None, "attempts": 0}
    these = _chosen(ids) & _may_become(DeliveryState.WAITING) & ~_is_waiting()
    return tx.execute(sa.update(deliveries).where(these).values(again)).rowcount


def drop_dead(tx: Tx, ids: Iterable[int] = ()) -> int:
    """Forget messages that could not be sent, all or some; return how many."""
    return tx.execute(sa.delete(deliveries).where(_chosen(ids), _is_dead())).rowcount


def counts(tx: Tx, now: int) -> dict[str, int]:
    """Return how many messages wait, are late (due for an hour), and could not be sent."""
    late = _is_waiting() & (deliveries.c.due_at <= now - 3600)
    of = {"waiting": _is_waiting(), "late": late, "dead": _is_dead()}
    number = sa.select(sa.func.count()).select_from(deliveries)
    return {name: tx.scalar(number.where(these)) or 0 for name, these in of.items()}


def purge(tx: Tx, now: date, limit: int) -> int:
    """Delete some messages that ended long ago; return how many."""
    sent = (deliveries.c.state == DeliveryState.SENT) & (
        deliveries.c.ended_on < now - timedelta(days=KEPT_DAYS)
    )
    dead = _is_dead() & (deliveries.c.ended_on < now - timedelta(days=DEAD_DAYS))
    some = sa.select(deliveries.c.id).where(sent | dead).limit(limit)
    return tx.execute(sa.delete(deliveries).where(deliveries.c.id.in_(some))).rowcount


def _end_claim(tx: Tx, one: Delivery, values: dict[str, Any]) -> bool:
    """Change a message if this worker still has it: else another one has it by now."""
    ours = (deliveries.c.id == one.id) & (deliveries.c.claimed_until == one.claimed_until)
    to = values.get("state", DeliveryState.WAITING)
    this = ours & (deliveries.c.attempts == one.attempts) & _may_become(to)
    ended = sa.update(deliveries).where(this).values(claimed_until=None, **values)
    return tx.execute(ended).rowcount > 0


def _chosen(ids: Iterable[int]) -> sa.ColumnElement[bool]:
    chosen = list(ids)
    return deliveries.c.id.in_(chosen) if chosen else sa.true()


def _may_become(to: DeliveryState) -> sa.ColumnElement[bool]:
    """Whether a message is in that state, or may go there."""
    return deliveries.c.state.in_(
        [each for each, following in DELIVERY_TRANSITIONS.items() if to in {each, *following}]
    )


def _is_waiting() -> sa.ColumnElement[bool]:
    return deliveries.c.state == DeliveryState.WAITING


def _is_dead() -> sa.ColumnElement[bool]:
    return deliveries.c.state == DeliveryState.DEAD


def _is_free(now: int) -> sa.ColumnElement[bool]:
    return deliveries.c.claimed_until.is_(None) | (deliveries.c.claimed_until <= now)
