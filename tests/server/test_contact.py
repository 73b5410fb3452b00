"""When a message is due: never at night, never twice a day, and no sooner for having news."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import contact, wording
from service.domain.alert import CHANNEL_TRANSITIONS, DELIVERY_TRANSITIONS
from service.domain.contact import Contact, Hours, Timing
from service.domain.errors import InvalidRequest
from service.domain.wording import Wording
from service.web import languages
from tests.examples import examples

HOUR, DAY = 3600, 86_400
DEFAULT = Timing(delay=4 * HOUR, interval=DAY, pause=300)
ZONES = ("UTC", "Europe/Madrid", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe")
"""With and without summer time, and some whose clocks differ by half an hour."""

seconds = st.integers(1_700_000_000, 1_900_000_000)
allowed = st.builds(Hours, st.integers(0, 23), st.integers(1, 24), st.sampled_from(ZONES)).filter(
    lambda one: one.begin != one.end % 24
)
randoms = st.integers(0, 2**32).map(Random)


def chosen(hours: Hours | None = None) -> Contact:
    return Contact(Wording.NEWS, "en", hours, read_by_others=False, ask_on=date(2027, 1, 1))


def is_allowed(second: int, hours: Hours) -> bool:
    hour = datetime.fromtimestamp(second, ZoneInfo(hours.zone)).hour
    if hours.begin < hours.end:
        return hours.begin <= hour < hours.end
    return hour >= hours.begin or hour < hours.end


@settings(max_examples=examples(60))
@given(seconds, allowed, randoms)
def test_a_message_arrives_in_the_hours_that_were_chosen(
    now: int, hours: Hours, draw: Random
) -> None:
    second = contact.within(now, hours, draw)
    assert is_allowed(second, hours)
    assert second == now or not is_allowed(now, hours)
    assert now <= second <= now + 2 * DAY + HOUR


@settings(max_examples=examples(60))
@given(seconds, allowed, randoms, st.lists(st.integers(0, 3 * DAY), min_size=2, max_size=20))
def test_alerts_are_a_day_apart_whatever_happens(
    now: int, hours: Hours, draw: Random, pauses: list[int]
) -> None:
    due: list[int] = []
    for pause in pauses:
        now += pause
        if due and now < due[-1]:
            continue  # it is in the one that waits
        due.append(contact.due_at(now, due[-1] if due else None, chosen(hours), DEFAULT, draw))
        assert due[-1] >= now + DEFAULT.delay / 24 - 1
    assert all(after - before >= DAY for before, after in pairwise(due))
    assert all(is_allowed(one, hours) for one in due)


@settings(max_examples=examples(30))
@given(seconds, randoms, st.integers(1, 16))
def test_pauses_grow_and_end_growing(now: int, draw: Random, attempts: int) -> None:
    pause = contact.retry_at(now, attempts, chosen(), DEFAULT, draw) - now
    assert 0.8 * 300 - 1 <= pause <= 1.2 * 12 * HOUR
    assert pause <= 1.2 * 300 * 2 ** (attempts - 1)


def test_each_delay_is_as_likely_as_another() -> None:
    """So the time of a mail points to no time at which something happened."""
    draw, now = Random(15), 1_800_000_000
    delays = [contact.due_at(now, None, chosen(), DEFAULT, draw) - now for _ in range(6000)]
    assert min(delays) >= DEFAULT.delay // 24
    assert max(delays) <= DEFAULT.delay
    span = DEFAULT.delay - DEFAULT.delay // 24
    counts = [0] * 10
    for delay in delays:
        counts[min(9, (delay - DEFAULT.delay // 24) * 10 // span)] += 1
    chi_squared = sum((count - 600) ** 2 / 600 for count in counts)
    assert chi_squared < 27.9  # of nine degrees of freedom, one in a thousand: the seed is fixed


def test_what_waited_for_the_morning_does_not_come_when_it_begins() -> None:
    """Or it would tell that something happened in the night."""
    night = int(datetime(2026, 11, 21, 1, tzinfo=UTC).timestamp())
    hours = Hours(9, 17, "UTC")
    arrived = {contact.within(night, hours, Random(seed)) // HOUR for seed in range(200)}
    assert len(arrived) == 8


@pytest.mark.parametrize(
    ("begin", "end", "zone"),
    [
        (9, 9, "UTC"),
        (0, 24, "UTC"),
        (-1, 5, "UTC"),
        (9, 25, "UTC"),
        (24, 5, "UTC"),
        (9, 17, "../x"),
    ],
)
def test_hours_that_are_none_or_all_are_refused(begin: int, end: int, zone: str) -> None:
    with pytest.raises(InvalidRequest):
        contact.hours(begin, end, zone)


def test_hours_may_go_past_midnight() -> None:
    assert contact.hours(20, 2, "Europe/Madrid") == Hours(20, 2, "Europe/Madrid")


def test_every_language_of_the_pages_has_every_wording() -> None:
    assert set(wording.LANGUAGES) == set(languages.read())
    for language in wording.LANGUAGES:
        for each in Wording:
            message = wording.message(each, language)
            assert message.subject
            assert bool(message.text) is (each is not Wording.BARE)
        assert "123456" in wording.code_message("123456", language).text


FORBIDDEN = ("takeback", "http", "picture", "imag", "foto", "photo", "case", "hash", "صور", "@")


def test_no_wording_says_what_this_is_about() -> None:
    for language in wording.LANGUAGES:
        said = [wording.message(each, language) for each in Wording]
        said.append(wording.code_message("123456", language))
        for message in said:
            text = f"{message.subject} {message.text}".lower()
            assert not [word for word in FORBIDDEN if word in text]


def test_every_state_can_be_reached() -> None:
    for table in (CHANNEL_TRANSITIONS, DELIVERY_TRANSITIONS):
        first = next(iter(table))
        assert set(table) == {first}.union(*table.values())
