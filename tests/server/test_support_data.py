"""Where people can turn: data that must stay usable, sourced and honest about what it is."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
from babel import Locale

from service.web.site import support

KEYS = {
    "name",
    "by",
    "for",
    "kind",
    "countries",
    "url",
    "phone",
    "languages",
    "source",
    "checked_on",
    "note",
}
KINDS = {
    "hash-matching",
    "removal-report",
    "helpline",
    "legal",
    "police",
    "regulator",
    "crisis",
    "directory",
}
AUDIENCES = {support.MINORS, support.ADULTS, support.EVERYONE}
# CLDR also has codes of two letters that are no country: unions, zones and pseudo-locales.
NO_COUNTRY = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
ENGLISH = Locale("en")
COUNTRIES = {
    code for code in map(str, ENGLISH.territories) if re.fullmatch(r"[A-Z]{2}", code)
} - NO_COUNTRY
ROWS: list[dict[str, Any]] = tomllib.loads(support.DATA.read_text("utf-8"))["service"]
SERVICES = support.read()

each = pytest.mark.parametrize("row", ROWS, ids=[f"{r['name']} {r['kind']}" for r in ROWS])


@each
def test_every_service_says_all_there_is_to_say_and_nothing_else(row: dict[str, Any]) -> None:
    assert set(row) == KEYS
    assert row["for"] in AUDIENCES
    assert row["kind"] in KINDS
    for key in ("name", "by", "note"):
        assert row[key] == row[key].strip() != ""


@each
def test_every_service_has_a_source_and_the_day_it_was_read(row: dict[str, Any]) -> None:
    assert type(row["checked_on"]) is date
    assert date(2026, 11, 21) <= row["checked_on"] <= date.today()  # noqa: DTZ011 - days, as people count them
    assert "stored copy" in row["note"] or row["checked_on"] > date(2026, 11, 21)


@each
@pytest.mark.parametrize("key", ["url", "source"])
def test_addresses_are_https_and_lead_to_a_named_host(row: dict[str, Any], key: str) -> None:
    parts = urlsplit(row[key])
    assert parts.scheme == "https"
    assert re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", parts.netloc)
    assert not parts.fragment
    assert " " not in row[key]


@each
def test_the_address_shown_carries_no_query_that_could_tell_on_somebody(
    row: dict[str, Any],
) -> None:
    assert not urlsplit(row["url"]).query


@each
def test_countries_are_known_and_anywhere_stands_alone(row: dict[str, Any]) -> None:
    named = row["countries"]
    assert named
    assert len(set(named)) == len(named)
    assert named == [support.WORLDWIDE] or set(named) <= COUNTRIES


@each
def test_languages_are_known(row: dict[str, Any]) -> None:
    assert set(row["languages"]) <= set(ENGLISH.languages)


@each
def test_a_number_can_be_dialled_and_belongs_to_a_country(row: dict[str, Any]) -> None:
    phone = row["phone"]
    assert re.fullmatch(r"|\+?[0-9(][0-9A-Z()/ -]+", phone)
    if phone:
        assert row["countries"] != [support.WORLDWIDE]
        if len(row["countries"]) > 1:
            assert phone.startswith("+")


def test_nothing_is_listed_twice() -> None:
    assert len({one.name for one in SERVICES}) == len(SERVICES)


def test_the_list_is_as_wide_as_promised() -> None:
    assert len(SERVICES) >= 20
    assert len(support.countries(SERVICES)) >= 12


@pytest.mark.parametrize("audience", [support.MINORS, support.ADULTS])
def test_nobody_is_left_with_nothing_whatever_the_country(audience: str) -> None:
    for country in sorted(COUNTRIES):
        _, anywhere = support.in_country_and_worldwide(SERVICES, audience, country)
        kinds = {one.kind for one in anywhere}
        assert {"hash-matching", "crisis"} <= kinds


def test_minors_are_sent_to_take_it_down_first_and_never_to_what_is_for_adults() -> None:
    for country in support.countries(SERVICES):
        here, anywhere = support.in_country_and_worldwide(SERVICES, support.MINORS, country)
        assert anywhere[0].name == "Take It Down"
        assert "StopNCII.org" not in {one.name for one in [*here, *anywhere]}
        assert all(one.audience != support.ADULTS for one in [*here, *anywhere])


def test_hash_matching_is_said_only_of_services_that_never_see_the_picture() -> None:
    """The page says of this kind that the picture stays on the device."""
    named = {one.name for one in SERVICES if one.kind == "hash-matching"}
    assert named == {"Take It Down", "StopNCII.org"}
