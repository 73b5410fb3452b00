from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hashing.signals import ContentKind
from service.domain.case import (
    TRANSITIONS,
    Entry,
    EntryStatus,
    erase_day,
    new_number,
    parse_number,
    refusal,
)
from service.domain.errors import IllegalTransition, Unauthenticated, Withdrawn
from tests.examples import examples

WITHDRAWING = EntryStatus.WITHDRAWING

nine = st.lists(st.integers(0, 9), min_size=9, max_size=9)


def numbered(digits: list[int]) -> str:
    return new_number(iter(digits).__next__)


def entry(status: EntryStatus, undo_to: EntryStatus | None = None) -> Entry:
    day = date(2026, 1, 1)
    return Entry(1, 1, 1, ContentKind.PICTURE, status, day, reviewed=False, undo_to=undo_to)


@given(nine)
def test_a_number_is_grouped_and_parses_as_itself(digits: list[int]) -> None:
    number = numbered(digits)
    assert [len(part) for part in number.split("-")] == [3, 3, 4]
    assert number.replace("-", "")[:9] == "".join(map(str, digits))
    assert parse_number(number) == number


@pytest.mark.parametrize("typed", ["{}", " {} ", "{}\n"])
@pytest.mark.parametrize("between", ["-", " ", "", ".", " - ", "\u00a0", "\t"])
def test_a_number_may_be_typed_with_any_spaces_and_dashes(typed: str, between: str) -> None:
    number = numbered([4, 8, 1, 9, 0, 2, 3, 4, 7])
    assert parse_number(typed.format(number.replace("-", between))) == number


@pytest.mark.parametrize("zero", "٠۰०０𝟎")
@pytest.mark.parametrize("between", ["-", "‐", "–", "−", "\u200f-\u200f", "\u3000", ""])
def test_a_number_may_be_typed_in_the_digits_of_any_script(zero: str, between: str) -> None:
    number = numbered([4, 8, 1, 9, 0, 2, 3, 4, 7])
    typed = "".join(chr(ord(zero) + int(c)) if c.isdigit() else between for c in number)
    assert parse_number(typed) == number


@pytest.mark.parametrize("typed", ["{}①", "{}²", "{}½", "{}x", "x" * 200 + "{}"])
def test_what_is_no_digit_is_no_part_of_a_number(typed: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_number(typed.format("481-902-3475"))


def test_the_check_digit_is_the_one_of_the_standard() -> None:
    # ISO/IEC 7064 MOD 11,10; the example of the standard is 0794, whose check digit is 5.
    assert numbered([0, 0, 0, 0, 0, 0, 7, 9, 4]).endswith(_iso_7064("000000794"))
    assert _iso_7064("0794") == "5"


def _iso_7064(digits: str) -> str:
    """Read aloud from the standard, to hold against ours."""
    product_ = 10
    for digit in digits:
        total = (product_ + int(digit)) % 10
        product_ = (2 * (total or 10)) % 11
    return str((11 - product_) % 10)


@given(nine, st.integers(0, 9), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(digits: list[int], place: int, by: int) -> None:
    typed = list(numbered(digits).replace("-", ""))
    typed[place] = str((int(typed[place]) + by) % 10)
    with pytest.raises(Unauthenticated):
        parse_number("".join(typed))


def test_nearly_every_exchange_of_neighbours_is_found() -> None:
    # What precedes a pair matters only by the carry it leaves; two digits reach every carry.
    missed = tried = 0
    for start in product(range(10), repeat=2):
        for pair in product(range(10), repeat=2):
            digits = [0, 0, 0, 0, 0, *start, *pair]
            typed = numbered(digits).replace("-", "")
            for at, (a, b) in enumerate(pairwise(typed)):
                if a == b or at < 5:
                    continue
                tried += 1
                missed += _is_a_number(typed[:at] + b + a + typed[at + 2 :])
    assert tried > 30_000
    assert missed / tried < 0.0225


def _is_a_number(typed: str) -> bool:
    try:
        parse_number(typed)
    except Unauthenticated:
        return False
    return True


@pytest.mark.parametrize(
    "typed",
    [
        "４８１－９０２－３４７４",
        "٤٨١٩٠٢٣٤٧٤",
        "۴۸۱‑۹۰۲‑۳۴۷۴",
        "४८१ ९०२ ३४७४",
        "481−902–3474",
        "481ー902一3474",
        "481ـ902ـ3474",
        "\u200e481\u00ad902\u200b3474\u202c\ufeff",
        "(481) 902/3474.",
        "4\ufe0f\u20e381·902・3474",
    ],
)
def test_digits_dashes_and_marks_of_any_keyboard_are_understood(typed: str) -> None:
    assert parse_number(typed) == "481-902-3474"


@pytest.mark.parametrize(
    "untrusted",
    [
        "",
        "-",
        "481-902-347",
        "481-902-34755",
        "481-902-347x",
        "²81-902-3474",
        "①81-902-3474",
        "481-902-3474" + 89 * " ",
        "481-902-3474\x00",
        "481x902x3474",
        "9" * 10_000,
        "\ud800" * 10,
    ],
)
def test_what_is_not_a_number_is_refused_as_an_unknown_one(untrusted: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_number(untrusted)


@pytest.mark.parametrize(("status", "to"), list(product(EntryStatus, EntryStatus)))
def test_no_step_but_those_of_the_table(status: EntryStatus, to: EntryStatus) -> None:
    one = entry(status, undo_to=to if status is WITHDRAWING else None)
    if to in TRANSITIONS[status]:
        assert one.step(to) is to
    else:
        with pytest.raises(IllegalTransition) as raised:
            one.step(to)
        assert str(raised.value) == f"An entry cannot go from {status} to {to}."


@pytest.mark.parametrize(("was", "to"), list(product([None, *EntryStatus], EntryStatus)))
def test_an_undo_leads_back_to_what_an_entry_was_and_nowhere_else(
    was: EntryStatus | None, to: EntryStatus
) -> None:
    allowed = {EntryStatus.WITHDRAWN, was} & TRANSITIONS[WITHDRAWING]
    one = entry(WITHDRAWING, was)
    if to in allowed:
        assert one.step(to) is to
    else:
        with pytest.raises(IllegalTransition):
            one.step(to)


def test_the_table_is_what_the_glossary_says() -> None:
    active, quarantined, withdrawing, withdrawn = EntryStatus
    assert {
        active: {quarantined, withdrawing, withdrawn},
        quarantined: {active, withdrawing, withdrawn},
        withdrawing: {active, quarantined, withdrawn},
        withdrawn: set(),
    } == TRANSITIONS


class Life(RuleBasedStateMachine):
    """However an entry is pushed around, it ends withdrawn, and from there goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.status = EntryStatus.ACTIVE
        self.undo_to: EntryStatus | None = None
        self.was: list[EntryStatus] = []

    @rule(to=st.sampled_from(EntryStatus))
    def step(self, to: EntryStatus) -> None:
        try:
            reached = entry(self.status, self.undo_to).step(to)
        except IllegalTransition:
            return
        self.undo_to = self.status if to is WITHDRAWING else None
        self.was.append(self.status)
        self.status = reached

    @invariant()
    def withdrawn_is_final(self) -> None:
        assert EntryStatus.WITHDRAWN not in self.was

    @invariant()
    def what_is_undone_is_as_it_was(self) -> None:
        lived = [*self.was, self.status]
        for at in (at for at, one in enumerate(lived[:-1]) if one is WITHDRAWING):
            assert lived[at + 1] in {lived[at - 1], EntryStatus.WITHDRAWN}


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.times())
def test_an_undo_is_open_for_at_least_72_hours(day: date, hour: time) -> None:
    ends = datetime.combine(erase_day(day), time())
    left = ends - datetime.combine(day, hour)
    assert timedelta(hours=72) < left <= timedelta(hours=96)


def test_what_refuses_a_withdrawn_case_says_whether_it_can_be_undone() -> None:
    assert "2026-11-25" in str(refusal(date(2026, 11, 25)))
    assert str(refusal(None)) == str(Withdrawn())


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=examples(30), deadline=None)
