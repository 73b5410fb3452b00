"""Where and how each owner may be told. Addresses and preferences are sealed before they come."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.alert import (
    CHANNEL_TRANSITIONS,
    TEST_DAYS,
    UNCONFIRMED_DAYS,
    ChannelKind,
    ChannelStatus,
)
from service.domain.errors import IllegalTransition
from service.store import alerts
from service.store.alert_schema import channels, contact_tests, contacts
from service.store.database import Tx, upsert


class SealedContact(NamedTuple):
    """What an owner has chosen, as it is stored."""

    preferences: bytes
    ask_on: date
    muted_until: date | None


class Channel(NamedTuple):
    """Where alerts of a case go."""

    id: int
    case_id: int
    kind: ChannelKind
    status: ChannelStatus
    address: bytes | None
    """Sealed, of mail and webhooks."""
    secret: bytes | None
    """Sealed, of webhooks."""
    test_reference: str | None
    guesses: int
    set_on: date
    last_at: int | None


class NewChannel(NamedTuple):
    """What a channel is set up with."""

    kind: ChannelKind
    address: bytes | None = None
    token_hash: bytes | None = None
    secret: bytes | None = None


def contact(tx: Tx, case_id: int) -> SealedContact | None:
    """Return how the owner of a case may be told, if she has said so."""
    row = tx.execute(sa.select(contacts).where(contacts.c.case_id == case_id)).one_or_none()
    return (
        None if row is None else SealedContact(bytes(row.preferences), row.ask_on, row.muted_until)
    )


def set_contact(tx: Tx, case_id: int, new: SealedContact) -> None:
    """Record how the owner of a case may be told, in place of what was there."""
    rest = new._asdict()
    made = upsert(tx, contacts).values(case_id=case_id, **rest)
    tx.execute(made.on_conflict_do_update(index_elements=["case_id"], set_=rest))


def of_case(tx: Tx, case_id: int, *, lock: bool = False) -> list[Channel]:
    """Return the channels of a case; `lock` keeps other writers from them."""
    query = sa.select(channels).where(channels.c.case_id == case_id).order_by(channels.c.id)
    return [_channel(row) for row in tx.execute(query.with_for_update() if lock else query)]


def by_id(tx: Tx, channel_id: int, *, lock: bool = False) -> Channel | None:
    """Return a channel, None if it was removed; `lock` keeps other writers from it."""
    query = sa.select(channels).where(channels.c.id == channel_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _channel(row)


def by_token(tx: Tx, token_hash: bytes) -> Channel | None:
    """Return the feed that an address opens."""
    row = tx.execute(_BY_TOKEN, {"token_hash": token_hash}).one_or_none()
    return None if row is None else _channel(row)


def replace(tx: Tx, case_id: int, new: NewChannel, now: date) -> int:
    """Set up a channel, in place of the one of its kind; return its id."""
    remove(tx, case_id, new.kind)
    row = {
        "case_id": case_id,
        **new._asdict(),
        "status": ChannelStatus.UNCONFIRMED,
        "guesses": 0,
        "set_on": now,
    }
    return int(tx.scalars(sa.insert(channels).values(row).returning(channels.c.id)).one())


def set_status(tx: Tx, channel: Channel, to: ChannelStatus) -> None:
    """Change the status of a channel. Raises IllegalTransition."""
    if to not in CHANNEL_TRANSITIONS[channel.status]:
        raise IllegalTransition
    values: dict[str, Any] = {"status": to, "test_reference": None}
    if to is ChannelStatus.DEAD:
        values |= {"address": None, "secret": None}  # nothing is sent there again
    _update(tx, channel.id, values)


def set_test(tx: Tx, channel_id: int, reference: str) -> None:
    """Record which test has to be confirmed."""
    _update(tx, channel_id, {"test_reference": reference, "guesses": 0})


def count_guess(tx: Tx, channel: Channel) -> None:
    """Count a wrong code."""
    _update(tx, channel.id, {"guesses": channel.guesses + 1})


def set_last(tx: Tx, channel_id: int, second: int) -> None:
    """Record when an alert was sent."""
    _update(tx, channel_id, {"last_at": second})


def remove(tx: Tx, case_id: int, kind: ChannelKind) -> bool:
    """Remove a channel with what waits for it; return whether there was one."""
    this = (channels.c.case_id == case_id) & (channels.c.kind == kind)
    return tx.execute(sa.delete(channels).where(this)).rowcount > 0


def remove_all(tx: Tx, case_id: int) -> None:
    """Erase all that is known of how an owner may be told."""
    alerts.remove_all(tx, case_id)  # in this order, as the worker: so the two cannot deadlock
    tx.execute(sa.delete(channels).where(channels.c.case_id == case_id))
    tx.execute(sa.delete(contacts).where(contacts.c.case_id == case_id))


def may_test(tx: Tx, address_hash: bytes, now: date, most: int) -> bool:
    """Count a test that is to be sent to an address; return whether it may be."""
    old = contact_tests.c.since <= now - timedelta(days=TEST_DAYS)
    this = contact_tests.c.address_hash == address_hash
    tx.execute(sa.delete(contact_tests).where(this, old))
    new = upsert(tx, contact_tests).values(address_hash=address_hash, since=now, count=1)
    more = {"count": contact_tests.c.count + 1}
    counted = new.on_conflict_do_update(
        index_elements=["address_hash"], set_=more, where=contact_tests.c.count <= most
    )
    number = tx.scalars(counted.returning(contact_tests.c.count)).one_or_none()
    return number is not None and number <= most


def forget_tests(tx: Tx, address_hash: bytes) -> None:
    """Count no longer what was sent to an address: whoever asked has shown that it is theirs."""
    tx.execute(sa.delete(contact_tests).where(contact_tests.c.address_hash == address_hash))


def purge(tx: Tx, now: date, limit: int) -> int:
    """Forget some channels that nobody confirmed, and old counts of tests; return how many."""
    unconfirmed = channels.c.status == ChannelStatus.UNCONFIRMED
    late = channels.c.set_on < now - timedelta(days=UNCONFIRMED_DAYS)
    some = sa.select(channels.c.id).where(unconfirmed, late).limit(limit)
    forgotten = tx.execute(sa.delete(channels).where(channels.c.id.in_(some))).rowcount
    old = contact_tests.c.since <= now - timedelta(days=TEST_DAYS)
    several = sa.select(contact_tests.c.address_hash).where(old).limit(limit)
    this = contact_tests.c.address_hash.in_(several)
    return forgotten + tx.execute(sa.delete(contact_tests).where(this)).rowcount


_BY_TOKEN = sa.select(channels).where(channels.c.token_hash == sa.bindparam("token_hash"))


def _update(tx: Tx, channel_id: int, values: dict[str, Any]) -> None:
    tx.execute(sa.update(channels).where(channels.c.id == channel_id).values(values))


def _channel(row: sa.Row[Any]) -> Channel:
    return Channel(
        row.id,
        row.case_id,
        ChannelKind(row.kind),
        ChannelStatus(row.status),
        None if row.address is None else bytes(row.address),
        None if row.secret is None else bytes(row.secret),
        row.test_reference,
        row.guesses,
        row.set_on,
        row.last_at,
    )
