"""Owners who are told: channels that are live, and what is on its way there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from service.domain.actor import Owner
from service.domain.alert import Cause, ChannelKind, ChannelStatus
from service.domain.contact import Contact, Hours
from service.domain.watch import Clock
from service.domain.wording import Wording
from service.store import channels
from service.store.alert_schema import alerts, deliveries
from service.workflows import feed, gather, safe_contact
from service.workflows.context import Context

if TYPE_CHECKING:
    from tests.server.conftest import World

DAY = 86_400


def contact(
    today: date, *, hours: Hours | None = None, read_by_others: bool = False, **more: Any
) -> Contact:
    asked = today + timedelta(days=90)
    return Contact(Wording.NEWS, "en", hours, read_by_others, asked, **more)


def clock(day: date, second: int = 12 * 3600) -> Clock:
    """So many seconds after the beginning of a day."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Clock(day, int(start.timestamp()) + second)


def listen(world: World, owner: Owner, **more: Any) -> str:
    """Let an owner have a feed that is live; return the secret part of its address."""
    shown = safe_contact.set_up(
        world.context,
        owner,
        contact(world.day, **more),
        ChannelKind.FEED,
        "",
        clock(world.day),
    )
    assert shown.feed_token
    feed.read(world.context, shown.feed_token)
    return shown.feed_token


def make_live(context: Context, owner: Owner, kind: ChannelKind) -> None:
    """As if the test had been confirmed."""
    with context.database.write() as tx:
        for one in channels.of_case(tx, owner.case_id):
            if one.kind is kind:
                channels.set_status(tx, one, ChannelStatus.LIVE)


def causes(world: World, owner: Owner) -> list[Cause]:
    """The alerts of a case that no message was made of."""
    with world.context.database.read() as tx:
        of_case = sa.select(alerts.c.cause).where(alerts.c.case_id == owner.case_id)
        return [Cause(one) for one in tx.scalars(of_case.order_by(alerts.c.id))]


def rows(context: Context) -> list[Any]:
    """Every message."""
    with context.database.read() as tx:
        return list(tx.execute(sa.select(deliveries).order_by(deliveries.c.id)))


def gathered(world: World, now: Clock | None = None, seed: int = 1) -> list[Any]:
    """Make messages of all alerts; return every message."""
    while gather.gather(world.context, now or clock(world.day), Random(seed)):
        pass
    return rows(world.context)
