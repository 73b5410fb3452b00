"""The laws as data: strict, with sources, honest about what is not confirmed; and their table."""

from __future__ import annotations

import re
import tomllib
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from textwrap import fill
from typing import Any

import pytest
from babel import Locale

from service import law
from service.commands import old_rows
from service.domain.regime import (
    OLD_DAYS,
    Addressee,
    Asks,
    ClockStart,
    Field,
    InvalidLaw,
    Law,
    Status,
    Unconfirmed,
    Warned,
    may_apply,
)
from service.domain.regime_rows import parse

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = tomllib.loads(law.DATA.read_text("utf-8"))
LAW: Law = law.read()
REGIMES = list(LAW.regimes.values())
ENGLISH = Locale("en")
ASKED_OF = {
    Field.ADDRESSES: "the case's addresses, and confirmed sightings; the owner may change them",
    Field.AUDIENCE: "the owner chooses",
    **dict.fromkeys(
        (
            Field.NOT_CONSENTED,
            Field.INTIMATE,
            Field.TRUE,
            Field.NOT_AUTHORISED,
            Field.PERJURY,
        ),
        "a sentence of the data, which the owner ticks",
    ),
}
"""Where a field comes from; all others are what the owner types."""


def test_the_ten_regimes_are_there_as_they_were_read() -> None:
    read = {one.id: (one.status, one.addressee, one.clock_starts, one.minutes) for one in REGIMES}
    in_force, platform, notice = Status.IN_FORCE, Addressee.PLATFORM, ClockStart.NOTICE
    authority, direction = Addressee.AUTHORITY, ClockStart.DIRECTION
    assert read == {
        "US-TIDA": (in_force, platform, notice, 48 * 60),
        "US-DMCA": (in_force, platform, notice, 0),
        "UK-OSA": (Status.ENACTED, platform, notice, 48 * 60),
        "EU-DSA16": (in_force, platform, notice, 0),
        "AU-OSA": (in_force, authority, direction, 24 * 60),
        "IN-IT": (in_force, platform, notice, 120),
        "PK-PECA": (in_force, authority, direction, 0),
        "SG-OSRAA": (in_force, authority, direction, 0),
        "KR-TBA": (in_force, platform, direction, 24 * 60),
        "BR-MCI21": (in_force, platform, notice, 120),
    }
    assert LAW.regimes["US-TIDA"].asks is Asks.IDENTICAL
    assert LAW.regimes["UK-OSA"].asks is Asks.SUBSTANTIALLY_SAME
    assert Warned.IDENTITY_FORWARDED in LAW.regimes["US-DMCA"].warnings
    assert Unconfirmed.MINUTES in LAW.regimes["BR-MCI21"].not_confirmed
    doubtful = {one.id for one in REGIMES if not one.is_confirmed}
    assert doubtful == {"UK-OSA", "PK-PECA", "KR-TBA", "BR-MCI21"}


@pytest.mark.parametrize("one", REGIMES, ids=lambda one: one.id)
def test_codes_are_known_and_nothing_was_checked_in_the_future(one: Any) -> None:
    assert set(one.countries) <= set(ENGLISH.territories)
    assert set(one.languages) <= set(ENGLISH.languages)
    assert one.checked_on <= date.today()  # noqa: DTZ011 - days, as people count them


def _changed(path: str, value: object) -> dict[str, Any]:
    document = deepcopy(DOCUMENT)
    *keys, last = path.split("/")
    at: Any = document
    for key in keys:
        at = at[int(key) if key.isdigit() else key]
    if value is KeyError:
        del at[last]
    else:
        at[int(last) if last.isdigit() else last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("more", {}),
        ("regime/0/more", 1),
        ("regime/0/status", "in force"),
        ("regime/0/id", "tida"),
        ("regime/0/id", "US-DMCA"),
        ("regime/0/name", " a"),
        ("regime/0/source", ""),
        ("regime/0/law", {}),
        ("regime/0/law/en", " "),
        ("regime/0/countries", []),
        ("regime/0/countries", ["usa"]),
        ("regime/0/languages", ["EN"]),
        ("regime/0/checked_on", "2026-11-29"),
        ("regime/0/effective_from", "soon"),
        ("regime/0/minutes", -60),
        ("regime/0/minutes", 90),
        ("regime/0/minutes", True),
        ("regime/0/addressee_name", "Somebody"),
        ("regime/4/addressee_name", ""),
        ("regime/0/filers", []),
        ("regime/0/filers", ["self", "self"]),
        ("regime/0/warnings", "none"),
        ("regime/0/warnings", ["beware"]),
        ("regime/0/not_confirmed", ["everything"]),
        ("regime/0/escalation", []),
        ("regime/0/escalation/0/url", "http://ftc.example/"),
        ("regime/0/escalation/0/name", " "),
        ("regime/0/fields/0/name", "passport"),
        ("regime/0/fields/0/basis", ""),
        ("regime/0/fields/0/needed", "always"),
        ("regime/0/fields/1/name", "signature"),
        ("regime/0/fields/1/needed", "practice"),
        ("regime/0/statements/en", KeyError),
        ("regime/0/statements/fr", {"not_consented": "Oui."}),
        ("regime/0/statements/en/true", "Yes."),
        ("regime/0/statements/en/not_consented", " "),
        ("regime/0/checked_on", KeyError),
        ("texts/es/to", KeyError),
        ("texts/en", KeyError),
    ],
)
def test_what_is_wrong_in_the_data_ends_the_start(path: str, value: object) -> None:
    parse(DOCUMENT)
    with pytest.raises(InvalidLaw):
        parse(_changed(path, value))


def test_the_laws_of_a_country_come_first_and_those_to_rely_on_before_others() -> None:
    near, others = may_apply(LAW, ["GB", "US", ""])
    assert [one.id for one in near] == ["US-TIDA", "US-DMCA", "UK-OSA"]
    assert len(near) + len(others) == len(REGIMES)
    assert may_apply(LAW, ["", "NZ"])[0] == []


def test_rows_grow_old_and_the_check_says_which() -> None:
    day = LAW.regimes["US-TIDA"].checked_on + timedelta(days=OLD_DAYS)
    assert not LAW.regimes["US-TIDA"].is_old(day)
    assert LAW.regimes["US-TIDA"].is_old(day + timedelta(days=1))
    assert list(old_rows.old(LAW.regimes["US-TIDA"].checked_on)) == []
    warned = list(old_rows.old(day + timedelta(days=1)))
    assert any("regime US-TIDA" in one for one in warned)
    assert any("service Take It Down" in one for one in warned)


def test_the_table_for_lawyers_is_the_data() -> None:
    """Replace what is between the two comments of docs/notices.md by `_table()` to mend this."""
    page = (ROOT / "docs" / "notices.md").read_text()
    drawn = re.search(r"<!-- drawn -->\n(.*?)<!-- /drawn -->", page, re.S)
    assert drawn
    assert drawn[1] == _table()


def _table() -> str:
    lines = []
    for one in REGIMES:
        lines += ["", f"### {one.id}", "", _facts(one), ""]
        lines += ["| field | needed by | comes from | basis |", "|---|---|---|---|"]
        for asked in sorted(one.fields, key=lambda asked: list(Field).index(asked.name)):
            comes = ASKED_OF.get(asked.name, "the owner types it")
            lines.append(f"| `{asked.name}` | {asked.needed} | {comes} | {asked.basis or '–'} |")
    return "\n".join([*lines, "", ""])


def _facts(one: Any) -> str:
    time = f"{one.minutes // 60} hours" if one.minutes else "no time named"
    begins = (
        "our notice" if one.clock_starts is ClockStart.NOTICE else "a direction to the platform"
    )
    doubts = ", ".join(f"`{each}`" for each in one.not_confirmed) or "nothing"
    since = one.effective_from or "not noted"
    said = (
        f"{one.name}; {one.law['en']}. Status `{one.status}`, effective from: {since}. To: "
        f"{one.addressee_name or 'the platform'}. Clock: {time}, from {begins}. "
        f"Copies: `{one.asks}`. Who may file: {', '.join(one.filers)}; standing: {one.standing}. "
        f"Not confirmed: {doubts}. "
        f"Source: {one.source}; checked on {one.checked_on}."
    )
    return fill(said, 120, break_on_hyphens=False, break_long_words=False)
