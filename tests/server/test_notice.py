"""A notice: complete or not, its text as it is sent, its states, and its clock to the minute."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service import law
from service.domain import notice
from service.domain.drafting import draft
from service.domain.errors import InvalidRequest
from service.domain.notice import ClockState, NoticeState, Written
from service.domain.regime import STATEMENTS, ClockStart, Field, Filer, Regime

GOLDEN = Path(__file__).parents[1] / "vectors" / "notices"
LAW = law.read()
REGIMES = list(LAW.regimes.values())
ADDRESSES = "https://forum.example/threads/12\nhttps://videos.example/watch?v=5"
TEXTS = {
    Field.NAME: "Ana Example",
    Field.MAIL: "ana@example.org",
    Field.CONTACT: "1 Example Street, Exampletown; +1 555 0100",
    Field.DESCRIPTION: "A photo of me, posted by the account example_12.",
    Field.WORK: "A photo that I took of myself on 3 May 2026.",
    Field.CIRCUMSTANCES: "I sent it to one person. I never agreed that it be published.",
    Field.WHY_UNLAWFUL: "It is an intimate picture, published without my consent.",
    Field.EVIDENCE: "A photo of my face, and the case number of my police report.",
    Field.CONNECTION: "I live there.",
    Field.AUDIENCE: "public",
    Field.AUTHORITY: "A power of attorney of 1 June 2026.",
    Field.SIGNATURE: "Ana Example",
}
regimes = pytest.mark.parametrize("regime", REGIMES, ids=lambda one: one.id)


def complete(regime: Regime, filer: Filer | None = None) -> Written:
    """Return a notice with all that a regime asks, and nothing else."""
    filer = filer or regime.filers[0]
    asked = {one.name for one in regime.fields}
    if filer not in {Filer.SELF, Filer.HOLDER}:
        asked.add(Field.AUTHORITY)
    given = {one: "yes" if one in STATEMENTS else TEXTS[one] for one in asked - {Field.ADDRESSES}}
    return notice.written(filer, ADDRESSES, {str(name): text for name, text in given.items()})


@regimes
def test_a_complete_notice_reads_as_it_is_sent(regime: Regime) -> None:
    whole = complete(regime)
    assert notice.missing(regime, whole) == ()
    assert notice.may_file(regime, whole)
    text = draft(LAW, regime, whole, "Example Videos").text
    assert text == (GOLDEN / f"{regime.id}.txt").read_text("utf-8")
    sentences = regime.statements[regime.language()].values()
    assert [one for one in sentences if one not in text] == []
    assert notice.restored(notice.stored(whole)) == whole


@regimes
def test_each_missing_field_is_named_and_nothing_else(regime: Regime) -> None:
    for name in regime.required:
        assert notice.missing(regime, _without(complete(regime), name)) == (name,)
    for name in regime.helpful:
        assert notice.missing(regime, _without(complete(regime), name)) == ()
    nothing = notice.written(regime.filers[0], "", {})
    assert notice.missing(regime, nothing) == regime.required
    for filer in set(regime.filers) - {Filer.SELF, Filer.HOLDER}:
        without = _without(complete(regime, filer), Field.AUTHORITY)
        assert notice.missing(regime, without) == (Field.AUTHORITY,)
        assert TEXTS[Field.AUTHORITY] in draft(LAW, regime, complete(regime, filer), "X").text


def _without(whole: Written, name: Field) -> Written:
    values = {one: text for one, text in whole.values.items() if one is not name}
    addresses = () if name is Field.ADDRESSES else whole.addresses
    return Written(whole.filer, addresses, values, whole.statements - {name})


def test_a_language_that_we_do_not_have_is_english_and_says_so() -> None:
    for name, wanted, language, is_fallback in (
        ("KR-TBA", "", "en", True),
        ("KR-TBA", "ko", "en", True),
        ("BR-MCI21", "", "pt", False),
        ("BR-MCI21", "en", "en", True),
        ("EU-DSA16", "es", "es", False),
        ("EU-DSA16", "fr", "en", False),
        ("IN-IT", "hi", "en", False),
    ):
        regime = LAW.regimes[name]
        made = draft(LAW, regime, complete(regime), "X", wanted)
        assert (made.language, made.is_fallback) == (language, is_fallback)
        assert made.text.startswith(LAW.texts[language]["subject"])


def test_no_hours_are_claimed_that_were_not_read_and_no_name_is_hidden_that_is_forwarded() -> None:
    texts = {one.id: draft(LAW, one, complete(one), "X", "en").text for one in REGIMES}
    assert {name for name, text in texts.items() if "at most" in text} == {"US-TIDA", "IN-IT"}
    assert "48 hours" in texts["US-TIDA"]
    assert "2 hours" in texts["IN-IT"]
    assert {name for name, text in texts.items() if "do not pass on" not in text} == {"US-DMCA"}


def test_one_address_or_hundreds_each_once_and_wrong_lines_are_named() -> None:
    lines = [f"https://forum.example/{n}" for n in range(notice.MAX_ADDRESSES)]
    many = notice.written("self", "\n".join([*lines, lines[0], "", "FORUM.example/0"]), {})
    assert list(many.addresses) == lines
    regime = LAW.regimes["US-TIDA"]
    assert f"{notice.MAX_ADDRESSES}. {lines[-1]}\n" in draft(LAW, regime, many, "X").text
    with pytest.raises(InvalidRequest, match="300 addresses"):
        notice.written("self", "\n".join([*lines, "https://forum.example/more"]), {})
    wrong = notice.written("self", "https://a.example/\n\nhttp://127.0.0.1/\nno address", {})
    assert (wrong.addresses, wrong.wrong_lines) == (("https://a.example/",), (3, 4))


@pytest.mark.parametrize(
    ("filer", "addresses", "texts"),
    [
        ("nobody", "", {}),
        ("self", "a" * 70_000, {}),
        ("self", "", {"name": "a" * 301}),
        ("self", "", {"circumstances": "a" * 2_001}),
        ("self", "", {"description": "a\x1b[2J"}),
        ("self", "", {"audience": "everybody"}),
    ],
)
def test_what_no_form_sends_is_refused(filer: str, addresses: str, texts: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        notice.written(filer, addresses, texts)


def test_a_name_is_one_line_and_what_is_written_is_in_no_repr() -> None:
    made = notice.written("self", ADDRESSES, {"name": " Ana\r\nExample ", "true": "no"})
    assert made.values == {Field.NAME: "Ana Example"}
    assert made.statements == frozenset()
    assert "Ana" not in repr(made)
    assert "forum" not in repr(made)
    assert "forum" not in repr(draft(LAW, REGIMES[0], made, "X"))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("regime", "begins", "due"),
    [
        ("US-TIDA", "2026-11-30 14:20", "2026-12-02 14:20"),
        ("US-TIDA", "2028-02-28 23:59", "2028-03-01 23:59"),  # over a leap day
        ("US-TIDA", "2027-02-27 23:59", "2027-03-01 23:59"),
        ("US-TIDA", "2026-10-24 12:00", "2026-10-26 12:00"),  # over the end of summer time
        ("US-TIDA", "2026-12-30 18:00", "2027-01-01 18:00"),
        ("IN-IT", "2026-11-30 23:01", "2026-12-01 01:01"),
        ("AU-OSA", "2026-11-30 00:00", "2026-12-01 00:00"),
    ],
)
def test_a_time_ends_at_its_minute(regime: str, begins: str, due: str) -> None:
    law, start, end = LAW.regimes[regime], at(begins), at(due)
    before = notice.reading(law, NoticeState.SENT, start, end - 1)
    assert before == (ClockState.RUNNING, end, 1)
    assert notice.reading(law, NoticeState.SENT, start, end) == (ClockState.OVERDUE, end, 0)
    later = notice.reading(law, NoticeState.RECEIVED, start, end + 90)
    assert later == (ClockState.OVERDUE, end, 90)
    assert notice.reading(law, NoticeState.REMOVED, start, end + 90).state is ClockState.ENDED
    assert notice.minute_of(start + 59) == start


def test_without_a_named_time_a_week_of_silence_says_whom_to_ask() -> None:
    law, start = LAW.regimes["EU-DSA16"], at("2026-11-30 10:00")
    states = [
        notice.reading(law, NoticeState.SENT, start, start + seconds).state
        for seconds in (0, 7 * 86_400 - 1, 7 * 86_400)
    ]
    assert states == [ClockState.NO_TIME, ClockState.NO_TIME, ClockState.QUIET]
    assert notice.reading(law, NoticeState.DRAFT, None, start) == (ClockState.NOT_STARTED, None, 0)


def test_clocks_are_shown_where_the_reader_is_also_when_they_change() -> None:
    for utc, zone, shown in (
        ("2026-10-25 00:30", "Europe/Madrid", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25 01:30", "Europe/Madrid", "2026-10-25T02:30:00+01:00"),
        ("2026-03-08 10:00", "America/Los_Angeles", "2026-03-08T03:00:00-07:00"),
        ("2026-11-30 12:00", "Asia/Kolkata", "2026-11-30T17:30:00+05:30"),
    ):
        assert notice.local(at(utc), zone).isoformat() == shown


def test_only_a_law_with_an_authority_waits_for_its_order() -> None:
    sent, ordered = NoticeState.SENT, NoticeState.ORDERED
    for regime in REGIMES:
        directs = regime.clock_starts is ClockStart.DIRECTION
        assert notice.may_become(sent, ordered, regime) is directs
        assert notice.starts_clock(regime, ordered) is directs
        assert notice.starts_clock(regime, sent) is not directs
    assert not notice.may_become(NoticeState.DRAFT, NoticeState.REMOVED, REGIMES[0])
    assert not notice.may_become(sent, ordered, None)
    assert notice.may_become(sent, NoticeState.REFUSED, None)


def write_golden(_: Any = None) -> None:
    """Write the golden notices anew; whoever does reads each of them."""
    for regime in REGIMES:
        text = draft(LAW, regime, complete(regime), "Example Videos").text
        (GOLDEN / f"{regime.id}.txt").write_text(text, "utf-8")
