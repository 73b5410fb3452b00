"""Messages that are due are sent, each claimed by one worker; what fails is tried again.

A message counts as sent once that is committed. A worker that is killed in between leaves it to be
sent again, with the same reference, by which the receiver knows it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random, SystemRandom
from typing import NamedTuple

from service.domain import contact as timing
from service.domain import wording
from service.domain.alert import (
    MOST_ATTEMPTS,
    MOST_TEST_ATTEMPTS,
    ChannelKind,
    ChannelStatus,
    Ending,
)
from service.domain.contact import Contact
from service.domain.outgoing import ABANDONED, Attempt, Outgoing
from service.domain.watch import Clock
from service.store import channels, deliveries
from service.store.channels import Channel
from service.store.database import Tx
from service.store.deliveries import Delivery
from service.transports import mail
from service.workflows import contacts_sealed
from service.workflows.store_context import StoreContext

log = logging.getLogger(__name__)

AT_ONCE = 20
"""Messages that a worker has in hand."""
CLAIM_PAUSES = 2
"""Pauses before a second attempt, 600 seconds, after which another worker may take what one has in
hand: it was killed."""
LEAST_CLAIM = 5
BATCH_PART = 0.8
"""Of a claim, for sending all of it: so the claim holds until that is recorded."""
CLOSING_SECONDS = 0.1
"""For connections with TLS to say goodbye, before their event loop is closed (aiohttp's manual,
"Graceful Shutdown")."""


_Send = Callable[[Sequence[Outgoing]], Awaitable[list[Attempt]]]


class _Claimed(NamedTuple):
    delivery: Delivery
    kind: ChannelKind
    contact: Contact
    message: Outgoing


def deliver(context: StoreContext, clock: Callable[[], Clock], draw: Random | None = None) -> int:
    """Send some messages that are due; return how many were in hand. 0 means that none is due."""
    draw = draw or SystemRandom()
    with context.database.read() as tx:
        if not deliveries.is_due(tx, clock().second):
            return 0  # nobody is kept from writing, each second, for nothing
    with context.database.write() as tx:
        now = clock()
        until = now.second + claim_seconds(context)
        taken = deliveries.claim(tx, now.second, until, AT_ONCE)
        prepared = [_prepared(context, tx, one, now, draw) for one in taken]
    claimed = [one for one in prepared if one is not None]
    for one, attempt in zip(claimed, _carried(context, claimed), strict=True):
        with context.database.write() as tx:
            _record(context, tx, one, attempt, clock(), draw)
    return len(taken)


def claim_seconds(context: StoreContext) -> int:
    """Return for how long a worker has what it took."""
    return max(LEAST_CLAIM, CLAIM_PAUSES * timing.timing_of(context.settings).pause)


def _prepared(
    context: StoreContext, tx: Tx, one: Delivery, now: Clock, draw: Random
) -> _Claimed | None:
    """Return what is to be sent now. Else it is put off, or forgotten if it is not wanted."""
    channel = channels.by_id(tx, one.channel_id)
    stored = None if channel is None else channels.contact(tx, channel.case_id)
    if channel is None or stored is None:
        deliveries.remove(tx, one)
        return None
    chosen = contacts_sealed.opened(context, channel.case_id, stored)
    if not one.test:
        if channel.status is not ChannelStatus.LIVE or chosen.is_muted(now.day):
            deliveries.remove(tx, one)
            return None
        due_at = _when(context, channel, chosen, now, draw)
        if due_at > now.second:
            deliveries.put_off(tx, one, due_at)
            return None
    return _Claimed(one, channel.kind, chosen, _message(context, channel, chosen, one))


def _when(
    context: StoreContext, channel: Channel, chosen: Contact, now: Clock, draw: Random
) -> int:
    """When an alert may be sent that is due: others may have waited, or it is night there."""
    spread = timing.timing_of(context.settings)
    if channel.last_at is not None and channel.last_at + spread.interval > now.second:
        return timing.due_at(now.second, channel.last_at, chosen, spread, draw)
    return timing.within(now.second, chosen.hours, draw)


def _message(context: StoreContext, channel: Channel, chosen: Contact, one: Delivery) -> Outgoing:
    said = wording.message(chosen.wording, chosen.language)
    if one.test and one.reference == channel.test_reference and channel.kind is ChannelKind.MAIL:
        said = wording.code_message(context.seals.code(one.reference), chosen.language)

    def opened(sealed: bytes | None) -> str:
        return "" if sealed is None else context.seals.unseal_contact(channel.case_id, sealed)

    return Outgoing(one.reference, opened(channel.address), said, opened(channel.secret))


def _carried(context: StoreContext, claimed: Sequence[_Claimed]) -> list[Attempt]:
    """Send what was claimed; return how each ended. A feed is read, not sent."""
    if all(one.kind is ChannelKind.FEED for one in claimed):
        return [Attempt(Ending.SENT)] * len(claimed)
    by_kind = asyncio.run(_carry(context, claimed))
    return [by_kind[one.kind].pop(0) for one in claimed]


async def _carry(
    context: StoreContext, claimed: Sequence[_Claimed]
) -> Mapping[ChannelKind, list[Attempt]]:
    of_kind = {kind: [one.message for one in claimed if one.kind is kind] for kind in ChannelKind}
    ended = {kind: [ABANDONED] * len(some) for kind, some in of_kind.items()}
    ended[ChannelKind.FEED] = [Attempt(Ending.SENT)] * len(of_kind[ChannelKind.FEED])

    async def carry(kind: ChannelKind, send: _Send) -> None:
        if not of_kind[kind]:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BATCH_PART * claim_seconds(context)):
                ended[kind] = await send(of_kind[kind])

    await asyncio.gather(
        carry(ChannelKind.MAIL, lambda some: _mail(context, some)),
        carry(
            ChannelKind.WEBHOOK,
            lambda some: _post(context, some),
        ),
    )
    await asyncio.sleep(CLOSING_SECONDS)
    return ended


async def _post(context: StoreContext, messages: Sequence[Outgoing]) -> list[Attempt]:
    from service.transports import posting  # noqa: PLC0415 (see there)

    return await posting.send(messages, loopback=context.settings.alert_loopback)


async def _mail(context: StoreContext, messages: Sequence[Outgoing]) -> list[Attempt]:
    server = mail.server_of(context.settings)
    if server is None:
        return [Attempt(Ending.FAILED, "mail is off")] * len(messages)
    return await mail.send(server, messages)


def _record(
    context: StoreContext, tx: Tx, one: _Claimed, attempt: Attempt, now: Clock, draw: Random
) -> None:
    """Record how an attempt ended. The channel is locked first, as whoever gathers does."""
    channel = channels.by_id(tx, one.delivery.channel_id, lock=True)
    if channel is None:
        return
    if attempt.ending is Ending.SENT:
        _record_sent(context, tx, one, channel, now)
    elif attempt.ending is Ending.REFUSED:
        log.warning("a channel is dead: its receiver refuses for good")
        deliveries.remove_waiting(tx, channel.id)
        if channel.status is not ChannelStatus.DEAD:
            channels.set_status(tx, channel, ChannelStatus.DEAD)
    else:
        _record_failed(context, tx, one, attempt, now, draw)


def _record_sent(
    context: StoreContext, tx: Tx, one: _Claimed, channel: Channel, now: Clock
) -> None:
    deliveries.record_sent(tx, one.delivery, now.day)
    if not one.delivery.test:
        channels.set_last(tx, channel.id, now.second)
    elif one.delivery.reference == channel.test_reference and one.kind is ChannelKind.WEBHOOK:
        channels.set_status(tx, channel, ChannelStatus.LIVE)
        channels.forget_tests(tx, context.seals.contact_hash(one.message.address))


def _record_failed(
    context: StoreContext, tx: Tx, one: _Claimed, attempt: Attempt, now: Clock, draw: Random
) -> None:
    delivery, chosen = one.delivery, one.contact
    if delivery.test and delivery.attempts >= MOST_TEST_ATTEMPTS:
        deliveries.remove(tx, delivery)
    elif delivery.attempts >= MOST_ATTEMPTS:
        log.warning("an alert could not be sent: see `python -m service alerts list`")
        deliveries.record_dead(tx, delivery, attempt.trouble, now.day)
    else:
        spread = timing.timing_of(context.settings)
        again = timing.retry_at(now.second, delivery.attempts, chosen, spread, draw)
        unsure = attempt.ending is Ending.UNKNOWN
        deliveries.record_failed(tx, delivery, again, attempt.trouble, unsure=unsure)
