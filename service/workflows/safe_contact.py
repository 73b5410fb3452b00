"""An owner chooses whether, how and when she is told. Until she does, nobody is told anything."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from service.domain.actor import Owner
from service.domain.alert import (
    MOST_GUESSES,
    TESTS_OF_ADDRESS,
    ChannelKind,
    ChannelStatus,
)
from service.domain.case import refusal
from service.domain.contact import Contact
from service.domain.errors import ChannelRefused, InvalidRequest, NotFound, WrongCode
from service.domain.watch import Clock
from service.store import cases, channels, deliveries
from service.store.channels import Channel, NewChannel
from service.store.database import Tx
from service.transports import mail, webhook
from service.workflows import contacts_sealed
from service.workflows.store_context import StoreContext, Today
from service.workflows.targets import new_token

_TOKEN_BYTES = 20
"""160 bits, which are 32 characters of base32: nobody guesses the address of a feed."""
_CHOOSE_FIRST = "Say first how and when you may be told, and whether somebody else may read it."
_READ = (
    "Somebody else may read what arrives there, so we send no mail. A feed is read only where you "
    "open it; or come back by yourself."
)
_MAIL_OFF = "This service sends no mail. Use a feed, or come back by yourself."
LONGEST_MUTE_DAYS = 365


class OwnerChannel(NamedTuple):
    """A channel as its owner reads it: never where it leads."""

    kind: ChannelKind
    status: ChannelStatus
    set_on: date


class SafeContact(NamedTuple):
    """How the owner of a case may be told. Without a contact: she comes back by herself."""

    contact: Contact | None
    channels: list[OwnerChannel]
    offered: list[ChannelKind]

    def asks(self, today: date) -> bool:
        """Whether it is time to ask whether all of this is still safe."""
        return bool(self.channels and self.contact and today >= self.contact.ask_on)

    @property
    def is_dead(self) -> bool:
        """Whether a channel cannot be used any more."""
        return any(one.status is ChannelStatus.DEAD for one in self.channels)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an owner is shown once, when a channel is set up. Hidden from `repr`."""

    feed_token: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    has_ended_mail: bool = False
    """Whether mail has ended, because somebody else may read it."""


def of_case(context: StoreContext, owner: Owner) -> SafeContact:
    """Return how an owner may be told."""
    with context.database.read() as tx:
        return _read(context, tx, owner.case_id)


def choose(context: StoreContext, owner: Owner, chosen: Contact) -> SafeContact:
    """Record how an owner may be told. If somebody else may read it, mail ends at once."""
    with context.database.write() as tx:
        _open(tx, owner)
        _choose(context, tx, owner, chosen)
        return _read(context, tx, owner.case_id)


def set_up(
    context: StoreContext,
    owner: Owner,
    chosen: Contact,
    kind: ChannelKind,
    untrusted: str,
    now: Clock,
) -> Shown:
    """Set up a channel, in place of the one of its kind, and have it tested.

    It begins once the test is confirmed. Raises InvalidRequest, ChannelRefused or Withdrawn.
    """
    _require_safe(context, kind, chosen)
    address = _address(context, kind, untrusted)
    token = _new_token() if kind is ChannelKind.FEED else None
    secret = webhook.new_secret() if kind is ChannelKind.WEBHOOK else None
    with context.database.write() as tx:
        _open(tx, owner)
        has_ended_mail = _choose(context, tx, owner, chosen)
        sealed = context.seals.seal_contact
        new = NewChannel(
            kind,
            None if address is None else sealed(owner.case_id, address),
            None if token is None else context.seals.feed_hash(token),
            None if secret is None else sealed(owner.case_id, secret),
        )
        channel_id = channels.replace(tx, owner.case_id, new, now.day)
        if address is not None:
            _test(context, tx, channel_id, address, now, confirms=True)
    return Shown(token, secret, has_ended_mail)


def test(context: StoreContext, owner: Owner, kind: ChannelKind, now: Clock) -> None:
    """Send a test: of a channel that is not confirmed yet, one that confirms it.

    Whether it is sent does not show: too many tests to one address are not. Raises NotFound.
    """
    with context.database.write() as tx:
        _open(tx, owner)
        channel = _channel(tx, owner, kind)
        if channel.address is None:
            raise NotFound("There is nothing to test. A feed is tested by reading it.")
        address = context.seals.unseal_contact(owner.case_id, channel.address)
        confirms = channel.status is ChannelStatus.UNCONFIRMED
        _test(context, tx, channel.id, address, now, confirms=confirms)


def confirm(context: StoreContext, owner: Owner, untrusted: str) -> None:
    """Begin to use a mail address, by the code that was sent there. Raises WrongCode, NotFound."""
    with context.database.write() as tx:
        _open(tx, owner)
        channel = _channel(tx, owner, ChannelKind.MAIL)
        if channel.status is ChannelStatus.LIVE:
            return
        known = context.seals.code(channel.test_reference or new_token())
        right = hmac.compare_digest(known.encode(), untrusted.strip().encode())
        is_wrong = not right or channel.test_reference is None or channel.guesses >= MOST_GUESSES
        if is_wrong:
            channels.count_guess(tx, channel)
        else:
            assert channel.address is not None  # noqa: S101 (of every mail channel that is not dead)
            channels.set_status(tx, channel, ChannelStatus.LIVE)
            address = context.seals.unseal_contact(owner.case_id, channel.address)
            channels.forget_tests(tx, _hash(context, ChannelKind.MAIL, address))
    if is_wrong:
        raise WrongCode


def is_address(context: StoreContext, owner: Owner, kind: ChannelKind, untrusted: str) -> bool:
    """Whether a channel leads to this address: it is never shown. Raises NotFound."""
    with context.database.read() as tx:
        channel = _channel(tx, owner, kind)
    if channel.address is None:
        return False
    try:
        offered = _address(context, kind, untrusted) or ""
    except (InvalidRequest, ChannelRefused):
        return False
    known = context.seals.unseal_contact(owner.case_id, channel.address)
    return hmac.compare_digest(known.encode(), offered.encode())


def remove(context: StoreContext, owner: Owner, kind: ChannelKind | None = None) -> None:
    """Tell an owner no more by one channel, or by none. What waits for it is forgotten."""
    with context.database.write() as tx:
        cases.lock(tx, owner.case_id)
        if kind is None:
            channels.remove_all(tx, owner.case_id)
        elif not channels.remove(tx, owner.case_id, kind):
            raise NotFound


def mute(context: StoreContext, owner: Owner, until: date | None, now: Today) -> None:
    """Send nothing before a day; None ends that. What happens meanwhile is told by no channel."""
    if until is not None and not now < until <= now + timedelta(days=LONGEST_MUTE_DAYS):
        raise InvalidRequest("Choose a day within the next year.")
    with context.database.write() as tx:
        _open(tx, owner)
        stored = channels.contact(tx, owner.case_id)
        if stored is None:
            raise NotFound(_CHOOSE_FIRST)
        channels.set_contact(tx, owner.case_id, stored._replace(muted_until=until))


def ask_again(context: StoreContext, owner: Owner, on: date) -> None:
    """Ask on another day whether all of this is still safe."""
    with context.database.write() as tx:
        _open(tx, owner)
        stored = channels.contact(tx, owner.case_id)
        if stored is not None:
            channels.set_contact(tx, owner.case_id, stored._replace(ask_on=on))


def _open(tx: Tx, owner: Owner) -> None:
    """Lock a case. Raises Withdrawn unless it is open."""
    case = cases.lock(tx, owner.case_id)
    if case.withdrawn_on:
        raise refusal(case.erase_on)


def _read(context: StoreContext, tx: Tx, case_id: int) -> SafeContact:
    stored = channels.contact(tx, case_id)
    offered = [
        kind
        for kind in ChannelKind
        if kind is not ChannelKind.MAIL or mail.server_of(context.settings)
    ]
    return SafeContact(
        None if stored is None else contacts_sealed.opened(context, case_id, stored),
        [OwnerChannel(one.kind, one.status, one.set_on) for one in channels.of_case(tx, case_id)],
        offered,
    )


def _choose(context: StoreContext, tx: Tx, owner: Owner, chosen: Contact) -> bool:
    """Record what was chosen; return whether mail has ended by it."""
    sealed = contacts_sealed.sealed(context, owner.case_id, chosen)
    channels.set_contact(tx, owner.case_id, sealed)
    return chosen.read_by_others and channels.remove(tx, owner.case_id, ChannelKind.MAIL)


def _require_safe(context: StoreContext, kind: ChannelKind, chosen: Contact) -> None:
    if kind is not ChannelKind.MAIL:
        return
    if mail.server_of(context.settings) is None:
        raise ChannelRefused(_MAIL_OFF)
    if chosen.read_by_others:
        raise ChannelRefused(_READ)


def _address(context: StoreContext, kind: ChannelKind, untrusted: str) -> str | None:
    if kind is ChannelKind.FEED:
        return None
    if kind is ChannelKind.MAIL:
        return mail.address(untrusted)
    return webhook.address(untrusted, loopback=context.settings.alert_loopback)


def _test(
    context: StoreContext, tx: Tx, channel_id: int, address: str, now: Clock, *, confirms: bool
) -> None:
    """Have a test sent, unless as many as may be were sent to this address, by whomever.

    That must not show: it would tell that somebody else has named the address.
    """
    kind = ChannelKind.WEBHOOK if "://" in address else ChannelKind.MAIL
    reference = new_token()
    if confirms:
        channels.set_test(tx, channel_id, reference)
    if channels.may_test(tx, _hash(context, kind, address), now.day, TESTS_OF_ADDRESS):
        deliveries.add(tx, channel_id, reference, now.second, test=True)


def _hash(context: StoreContext, kind: ChannelKind, address: str) -> bytes:
    same = mail.mailbox(address) if kind is ChannelKind.MAIL else address
    return context.seals.contact_hash(same)


def _channel(tx: Tx, owner: Owner, kind: ChannelKind) -> Channel:
    found = (one for one in channels.of_case(tx, owner.case_id) if one.kind is kind)
    channel = next(found, None)
    if channel is None:
        raise NotFound("There is no such channel.")
    return channel


def _new_token() -> str:
    return base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().lower()
