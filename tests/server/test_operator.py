"""What the first page says about whoever runs the service, and what it says is missing."""

from __future__ import annotations

import re
from datetime import date

import pytest

from service.settings import Settings
from service.web import pages
from service.web.operator import Operator
from service.web.site import support

SERVICES = support.read()
MISSING = (
    "They have not given their name here.",
    "They have not said how to reach them.",
    "They have not linked a privacy notice.",
    "They have not said where to read the source code.",
    "Whoever runs this service has not listed them here.",
    "Find a helpline in your country",
)


def start_page(today: date = date(2026, 11, 30), **chosen: str) -> str:
    made = pages.read(Settings(**chosen))  # type: ignore[arg-type]
    helpline = support.helpline_in(SERVICES, made.operator.country)
    shown = made.render(made.languages["en"], "site/start", helpline=helpline, today=today)
    return bytes(shown.body).decode()


def test_the_first_page_says_what_is_missing() -> None:
    page = start_page()
    assert [sentence for sentence in MISSING if sentence not in page] == []
    assert "tel:" not in page


def test_the_first_page_says_who_runs_the_service() -> None:
    page = start_page(
        operator="Helpline & Co",
        contact="help@example.org",
        privacy_url="https://example.org/privacy",
        source_url="https://example.org/source?a=1&b=2",
        named_platforms=" Example Videos,, مثال <للصور> ",
        country="GB",
    )
    assert [sentence for sentence in MISSING if sentence in page] == []
    assert "<bdi>Helpline &amp; Co</bdi>" in page
    links = re.findall(r'href="((?:mailto|tel|https)[^"]*)"', page)
    assert set(links) >= {
        "mailto:help@example.org",
        "https://example.org/privacy",
        "https://example.org/source?a=1&amp;b=2",
        "tel:03456000459",
    }
    assert page.count("<li><bdi>") == 3
    assert "<bdi>Example Videos</bdi>" in page
    assert "مثال &lt;للصور&gt;" in page


def test_begin_comes_before_everything_else() -> None:
    page = start_page(operator="Helpline")
    main = page[page.index("<main") :]
    assert main.index("</h1>") < main.index("/en/leaving") < main.index("<h2")


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("help@example.org", "mailto:help@example.org"),
        ("https://example.org/contact", "https://example.org/contact"),
        ("+44 (20) 7946‑0000", "tel:+442079460000"),
        ("٠٨٠٠ ١١١١", "tel:08001111"),
        ("javascript:alert(1)", ""),
        ("help@example.org?bcc=other@example.org", ""),
        ("Room 5, Monday to Friday", ""),
        ("", ""),
    ],
)
def test_a_contact_is_a_link_only_if_it_is_certain_what_it_opens(contact: str, link: str) -> None:
    assert Operator(contact=contact).contact_link == link


def test_no_country_of_ours_is_a_country_without_a_helpline() -> None:
    assert support.helpline_in(SERVICES, "") is None
    assert support.helpline_in(SERVICES, "AQ") is None


def test_a_helpline_that_nobody_has_checked_for_long_is_shown_as_old() -> None:
    assert "It may have changed since." in start_page(country="GB")
    assert "This is old" in start_page(date(2027, 11, 30), country="GB")
