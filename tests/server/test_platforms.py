"""How to save and report on each platform: whole, honest about what was checked, and easy to read.

Reading age is the grade of Flesch and Kincaid and five years more (J. P. Kincaid and others,
Derivation of new readability formulas, 1975), of each page as it is served, in English.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from service.commands import old_rows
from service.domain.regime import OLD_DAYS
from service.settings import Settings
from service.web import pages
from service.web.site import platforms
from service.web.site.platforms import PARTS, InvalidPlatforms, Platform, parse

PLATFORMS = platforms.read()
PROMISED = (
    *("TikTok", "Tumblr", "Instagram", "Facebook", "X", "MEGA", "Telegram", "WhatsApp", "Snapchat"),
    *("Reddit", "Discord", "Google Drive", "Google Search", "YouTube", "Pornhub"),
    *("A forum or message board", "A site that stores files"),
)
OWN_HOSTS = {  # whose page about reporting is not at the name of the platform
    "instagram": "www.facebook.com",
    "drive": "support.google.com",
    "search": "support.google.com",
    "youtube": "support.google.com",
    "ph": "www.aylo.com",
}
MAX_AGE = 11
MAX_LONG = 0.06
"""The largest share of words with three syllables or more, names of platforms and menus too."""
UNDER_18 = "Never take a screenshot of the picture itself."
UNCHECKED = "We could not check this."
UNCHECKED_PAGE = "We could not check this page."
OLD = "This is old: we noted it on"

each = pytest.mark.parametrize("one", PLATFORMS.values(), ids=list(PLATFORMS))


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(platforms.DATA.read_text("utf-8"))["platform"]
    return found


def shown(one: Platform, **more: Any) -> str:
    made = pages.read(Settings())
    values = {"platform": one, "today": one.checked_on, "path": "save/x", **more}
    return unescape(
        bytes(made.render(made.languages["en"], "site/save_on", **values).body).decode()
    )


# --- the data ---


def test_every_platform_that_was_promised_is_there() -> None:
    assert tuple(one.name for one in PLATFORMS.values()) == PROMISED


@each
def test_a_page_for_reporting_is_the_platform_s_own(one: Platform) -> None:
    assert re.fullmatch("[a-z]+", one.id)
    if one.url:
        own = OWN_HOSTS.get(one.id, rf"(\w+\.)?{one.id}\.(com|io|org)")
        assert re.fullmatch(own, urlsplit(one.url).netloc)
        assert not urlsplit(one.url).query
    assert not one.generic or not one.url


def _without(name: str) -> dict[str, Any]:
    row = rows()[0]
    del row[name]
    return row


WRONG = {
    "missing": _without("then"),
    "unknown": {**rows()[0], "tips": []},
    "empty": {**rows()[0], "avoid": []},
    "no sentence": {**rows()[0], "save": ["Take a screenshot"]},
    "text for a list": {**rows()[0], "save": "."},
    "unsafe address": {**rows()[0], "url": "http://www.tiktok.com/"},
    "no day": {**rows()[0], "checked_on": "2026-11-30"},
    "confirmed by nothing": {**rows()[0], "source": ""},
    "a source of nothing": {**rows()[0], "confirmed": []},
    "confirmed and unknown": {**rows()[0], "confirmed": ["where"]},
}


@pytest.mark.parametrize("row", WRONG.values(), ids=list(WRONG))
def test_a_wrong_row_is_refused_by_name(row: dict[str, Any]) -> None:
    with pytest.raises(InvalidPlatforms, match=r"^tiktok: "):
        parse({"platform": [row]})


def test_a_row_twice_and_other_tables_are_refused() -> None:
    with pytest.raises(InvalidPlatforms, match="same id"):
        parse({"platform": [rows()[0]] * 2})
    with pytest.raises(InvalidPlatforms, match="nothing else"):
        parse({"platform": rows(), "platforms": []})


def test_rows_grow_old_and_the_check_says_which() -> None:
    one = PLATFORMS["telegram"]
    day = one.checked_on + timedelta(days=OLD_DAYS)
    assert not any("platform Telegram" in line for line in old_rows.old(day))
    assert any("platform Telegram" in line for line in old_rows.old(day + timedelta(days=1)))


# --- the pages ---


@each
def test_each_page_tells_every_part_and_what_is_not_checked(one: Platform) -> None:
    page = shown(one)
    assert [text for part in PARTS[:-1] for text in getattr(one, part) if text not in page] == []
    doubted = [part for part in PARTS[:-1] if getattr(one, part) and part not in one.confirmed]
    assert page.count(UNCHECKED) == (len(doubted) if one.confirmed else 0)
    assert (UNCHECKED_PAGE in page) is (not one.confirmed)
    for address in filter(None, (one.url, one.source)):
        assert f'href="{address}" rel="noreferrer"' in page
    assert UNDER_18 in page
    assert 'href="/en/questions"' in page


def test_what_is_old_is_shown_as_old() -> None:
    one = PLATFORMS["telegram"]
    day = one.checked_on + timedelta(days=OLD_DAYS)
    assert OLD not in shown(one, today=day)
    assert OLD in shown(one, today=day + timedelta(days=1))


def test_the_list_and_the_checklist_lead_on_and_are_led_to(api: TestClient) -> None:
    listed = api.get("/en/save").text
    assert [one.id for one in PLATFORMS.values() if f'/en/save/{one.id}"' not in listed] == []
    assert UNDER_18 in listed
    accounts = unescape(api.get("/en/accounts").text)
    assert [t for one in PLATFORMS.values() for t in one.account if t not in accounts] == []
    assert "<form" not in listed + accounts
    start, following = api.get("/en/").text, api.get("/en/next").text
    assert 'href="/en/save"' in start
    assert 'href="/en/save"' in following
    assert 'href="/en/accounts"' in following
    assert 'href="/es/save/telegram"' in api.get("/en/save/telegram").text


# --- how it reads ---


def syllables(word: str) -> int:
    """Count groups of vowels, without an ending that is not spoken; at least one."""
    word = re.sub(
        r"(?<=[^aeiouytdl])ed$|(?<=[^aeiouycgsxzhl])es$|(?<![^aeiouy]l)(?<=[^aeiouy])e$", "", word
    )
    return max(1, len(re.findall("[aeiouy]+", word)))


def reading_age(sentences: list[str]) -> tuple[float, float]:
    """Return the reading age in years, and the share of words with three syllables or more."""
    words = [re.findall("[a-z']+", one.lower()) for one in sentences]
    counts = [syllables(word) for sentence in words for word in sentence]
    each_sentence, each_word = len(counts) / len(words), sum(counts) / len(counts)
    long = sum(count >= 3 for count in counts) / len(counts)
    return 0.39 * each_sentence + 11.8 * each_word - 15.59 + 5, long


def sentences_of(page: str) -> Iterator[str]:
    """Return each sentence of the part that a person reads, without addresses."""
    main = page[page.index("<main") : page.index("</main>")]
    for block in re.findall(r"<(p|li)\b[^>]*>(.*?)</\1>", main, re.S):
        text = unescape(re.sub("<[^>]*>", " ", re.sub(r"https://[^<\"]*", " ", block[1])))
        for one in re.split(r"(?<=[.?!])\s+", text.strip()):
            if len(one.split()) > 1:  # a name in a list is no sentence
                yield one


@pytest.mark.parametrize(
    ("word", "count"),
    [
        *(("save", 1), ("name", 1), ("changed", 1), ("stored", 1), ("names", 1), ("the", 1)),
        *(
            ("picture", 2),
            ("profile", 2),
            ("file", 1),
            ("posted", 2),
            ("people", 2),
            ("menu", 2),
            ("pages", 2),
        ),
        *(("address", 2), ("channel", 2), ("evidence", 3), ("decided", 3), ("computer", 3)),
        *(("privacy", 3), ("security", 4), ("deletes", 2), ("different", 3)),
    ],
)
def test_syllables_are_counted(word: str, count: int) -> None:
    assert syllables(word) == count


def test_the_measure_tells_plain_from_official() -> None:
    plain = ["Save it first.", "Do not send it to a friend.", "Block the person last."]
    official = [
        "Identification of the material reasonably sufficient to permit the provider to locate it.",
        "Preservation of electronic evidence necessitates comprehensive documentation.",
    ]
    assert reading_age(plain)[0] < 8
    assert reading_age(official)[0] > 18


@each
def test_what_is_said_of_one_platform_alone_can_be_read_at_eleven(one: Platform) -> None:
    texts = [text for part in PARTS for text in getattr(one, part)]
    age, long = reading_age([each for text in texts for each in re.split(r"(?<=[.?!])\s+", text)])
    assert age <= MAX_AGE
    assert long <= MAX_LONG


def test_each_page_can_be_read_at_eleven(api: TestClient) -> None:
    read = {
        path: reading_age(list(sentences_of(api.get(f"/en/{path}").text)))
        for path in ("save", *(f"save/{one}" for one in PLATFORMS), "accounts")
    }
    assert {path: age for path, (age, _) in read.items() if age > MAX_AGE} == {}
    assert {path: long for path, (_, long) in read.items() if long > MAX_LONG} == {}
