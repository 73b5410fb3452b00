"""Alerts: what causes one, and the states of a channel and of a delivery."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why an alert is due. No receiver is told: an alert says that there is news."""

    SIGHTING = "sighting"
    """Something new that the owner reads."""
    DECISION = "decision"
    """A platform has blocked a match, or has decided not to."""
    LOOK = "look"
    """An address of hers was looked at. It is news if something is gone or has come back, which is
    known once the worker has compared what was seen."""
    HELD = "held"
    RELEASED = "released"
    WITHDRAWAL = "withdrawal"
    """One has begun; perhaps it was somebody else, and it can be undone."""


class ChannelKind(StrEnum):
    """What carries alerts to an owner."""

    FEED = "feed"
    WEBHOOK = "webhook"
    MAIL = "mail"


class ChannelStatus(StrEnum):
    """The state of a channel."""

    UNCONFIRMED = "unconfirmed"
    """Nobody has shown yet that what is sent there arrives with whoever set it up."""
    LIVE = "live"
    DEAD = "dead"
    """The other side says that nothing will ever arrive there."""


CHANNEL_TRANSITIONS = {
    ChannelStatus.UNCONFIRMED: {ChannelStatus.LIVE, ChannelStatus.DEAD},
    ChannelStatus.LIVE: {ChannelStatus.DEAD},
    ChannelStatus.DEAD: set[ChannelStatus](),
}
"""Every legal transition. A channel that is set up again is a new one."""


class DeliveryState(StrEnum):
    """The state of one message on one channel."""

    WAITING = "waiting"
    """For its time, or to be tried again."""
    SENT = "sent"
    DEAD = "dead"
    """Tried as often as may be. The operator reads of it, and may have it tried again."""


DELIVERY_TRANSITIONS = {
    DeliveryState.WAITING: {DeliveryState.SENT, DeliveryState.DEAD},
    DeliveryState.SENT: set[DeliveryState](),
    DeliveryState.DEAD: {DeliveryState.WAITING},
}


class Ending(StrEnum):
    """How an attempt to deliver ended."""

    SENT = "sent"
    REFUSED = "refused"
    """For good: nothing will ever arrive there."""
    FAILED = "failed"
    """It was certainly not received."""
    UNKNOWN = "unknown"
    """It may have been received: the answer did not come."""


MOST_ATTEMPTS = 16
"""Of an alert: four to five days, as mail servers have it (RFC 5321, 4.5.4.1)."""
MOST_TEST_ATTEMPTS = 3
"""Of a test: whoever waits for it asks again."""
CODE_DIGITS = 6
MOST_GUESSES = 5
"""Wrong codes, after which a new one has to be asked for: one chance in 200,000."""
KEPT_DAYS = 30
"""Days for which a delivery is kept that was sent: a feed shows them. No time of day is kept."""
DEAD_DAYS = 30
"""Days for which one is kept that could not be sent."""
UNCONFIRMED_DAYS = 2
"""Whole days after which a channel is forgotten that nobody confirmed."""
TESTS_OF_ADDRESS = 5
TEST_DAYS = 7
"""So many tests are sent to one address in so many days, whoever asks, until one is confirmed: it
may be a stranger's."""
