"""Safe contact: how, when and in which words an owner may be told; and when a message is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from service.domain.errors import InvalidRequest
from service.domain.wording import Wording
from service.settings import Settings

ASK_DAYS = (30, 90, 180)
"""After which an owner may have us ask again whether all of this is still safe."""
_HOURS = 24
_REGIONS = frozenset(
    "Africa America Antarctica Asia Atlantic Australia Europe Indian Pacific".split()  # noqa: SIM905 (a list of names)
)
_FIRST_PAUSE_GROWS = 2
_MOST_PAUSES = 144
"""As many of the first pause between two attempts, at most: 12 hours."""


class Hours(NamedTuple):
    """Local hours in which a message may arrive: from the first, before the second."""

    begin: int
    end: int
    zone: str


@dataclass(frozen=True, slots=True)
class Contact:
    """What an owner has chosen. Stored sealed, but for the two days."""

    wording: Wording
    language: str
    hours: Hours | None
    """None: at any time."""
    read_by_others: bool
    """Whether somebody else may read what arrives."""
    ask_on: date
    muted_until: date | None = None

    def is_muted(self, today: date) -> bool:
        """Whether nothing is sent on a day."""
        return self.muted_until is not None and today < self.muted_until


class Timing(NamedTuple):
    """How alerts are spread over time, in seconds."""

    delay: int
    """The longest, from an event to its alert. The shortest is a 24th of it."""
    interval: int
    """From one alert of a channel to the next, at least."""
    pause: int
    """From the first attempt to the second; later ones are longer."""


def timing_of(settings: Settings) -> Timing:
    """Return how the operator spreads alerts over time."""
    return Timing(
        60 * settings.alert_delay_minutes,
        3600 * settings.alert_interval_hours,
        settings.alert_retry_seconds,
    )


def hours(begin: int, end: int, zone: str) -> Hours:
    """Return hours in which messages may arrive. Raises InvalidRequest."""
    if not (0 <= begin < _HOURS and 0 < end <= _HOURS) or begin == end % _HOURS:
        raise InvalidRequest("Hours are from 0 to 23, until 1 to 24, and not all or none of them.")
    if zone not in zones():
        raise InvalidRequest("There is no such time zone. They are like Europe/Madrid.")
    return Hours(begin, end, zone)


@cache
def zones() -> tuple[str, ...]:
    """Return the names of time zones that may be chosen (IANA)."""
    regional = (one for one in available_timezones() if one.partition("/")[0] in _REGIONS)
    return ("UTC", *sorted(regional))


def due_at(now: int, last_at: int | None, contact: Contact, timing: Timing, draw: Random) -> int:
    """Return the second at which the next alert of a channel is due.

    `last_at` is that of the one before. The time between an event and its alert is drawn once, and
    each as likely as another: so when it arrives tells no more than that something happened within
    the longest delay, or since the alert before.
    """
    earliest = now if last_at is None else max(now, last_at + timing.interval)
    drawn = draw.uniform(timing.delay / 24, timing.delay)
    return within(earliest + int(drawn), contact.hours, draw)


def retry_at(now: int, attempts: int, contact: Contact, timing: Timing, draw: Random) -> int:
    """Return the second at which to try again, after so many attempts."""
    grown = timing.pause * _FIRST_PAUSE_GROWS ** (attempts - 1)
    pause = min(grown, _MOST_PAUSES * timing.pause) * draw.uniform(0.8, 1.2)
    return within(now + max(1, int(pause)), contact.hours, draw)


def within(second: int, allowed: Hours | None, draw: Random) -> int:
    """Return a second if a message may arrive then, else one drawn from the next hours."""
    if allowed is None:
        return second
    zone = ZoneInfo(allowed.zone)
    day = datetime.fromtimestamp(second, zone).date() - timedelta(days=1)
    for _ in range(4):  # yesterday's hours may go on; in the spring an hour may be missing
        opens, closes = _span(day, allowed, zone)
        if opens <= second < closes:
            return second
        if second < opens < closes:
            return opens + int(draw.random() * (closes - opens))
        day += timedelta(days=1)
    return second


def _span(day: date, allowed: Hours, zone: ZoneInfo) -> tuple[int, int]:
    """The first second of the hours that begin on a day, and the first one after them."""
    ends_on = day if allowed.begin < allowed.end < _HOURS else day + timedelta(days=1)
    opens = datetime.combine(day, time(allowed.begin), zone)
    closes = datetime.combine(ends_on, time(allowed.end % _HOURS), zone)
    return int(opens.timestamp()), int(closes.timestamp())
