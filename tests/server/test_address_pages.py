"""The page of the addresses that an owner knows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.domain.actor import Role
from service.domain.watch import MAX_OF_CASE, Clock, Outcome, Target
from service.web.owner import stamps
from service.workflows import crawl, watching
from service.workflows.crawl import VisitReport

KEY = "5a" * 32
ADDRESS = "https://forum.example/threads/12?a=<b>"
ANSWERS = {"address": ADDRESS, "scope": "page", "shows_minor": "no"}


@pytest.fixture
def form(served: Any) -> dict[str, str]:
    owner = served.open(key=bytes.fromhex(KEY))
    stamp = stamps.new(served.context.seals, stamps.minute())
    return {"case": owner.case_number, "access_key": KEY, "stamp": stamp}


def told(page: str) -> list[str]:
    return re.findall(r"<strong>(.*?)</strong>", page)


def test_an_address_is_added_read_and_removed(
    api: TestClient, served: Any, form: dict[str, str]
) -> None:
    assert "/en/addresses" in api.post("/en/overview", data=form).text
    assert 'class="entry"' not in api.post("/en/addresses", data=form).text
    page = api.post("/en/addresses/added", data={**form, **ANSWERS})
    assert page.status_code == 200
    assert "Added." in page.text
    assert "?a=&lt;b&gt;" in page.text
    assert told(page.text) == ["We have not checked yet."]
    assert 'href="https://forum' not in page.text, "a link would tell that site who asks"
    crawler = served.actor("Crawler", Role.CRAWLER)
    for second, (outcome, says) in enumerate(
        {
            Outcome.SEEN: "We did not find your files here.",
            Outcome.GONE: "Gone since November 21, 2026.",
            Outcome.MEMBERS_ONLY: "We cannot look inside",
            Outcome.REFUSED: "asks programs to stay away",
            Outcome.FAULT: "We could not reach it on",
        }.items(),
        1,
    ):
        now = Clock(served.day, second * 10**6)
        (leased,) = crawl.lease(served.context, crawler, 9, now)
        crawl.report(
            served.context, crawler, [VisitReport(leased.watch, leased.lease, outcome)], now
        )
        assert says in api.post("/en/addresses", data=form).text
    gone = api.post("/en/addresses/removed", data={**form, "entry": "1"}).text
    assert "Removed." in gone
    assert "forum.example" not in gone
    again = api.post("/en/addresses/removed", data={**form, "entry": "1"})
    assert again.status_code == 200
    assert "Removed." not in again.text


def test_what_cannot_be_used_is_told_and_what_was_typed_stays(
    api: TestClient, form: dict[str, str]
) -> None:
    for change, says in (
        ({"address": "http://127.0.0.1/<i>"}, "cannot check this address"),
        ({"address": ""}, "cannot check this address"),
        ({"shows_minor": ""}, "Please tell us"),
        ({"shows_minor": "", "scope": "thread"}, "Please tell us"),
    ):
        page = api.post("/en/addresses/added", data={**form, **ANSWERS, **change})
        assert page.status_code == 422
        assert says in page.text
        typed = {**ANSWERS, **change}["address"]
        assert f'value="{typed.replace("<", "&lt;").replace(">", "&gt;")}"' in page.text
    for wrong in ({"scope": "site"}, {"scope": ""}):
        assert api.post("/en/addresses/added", data={**form, **ANSWERS, **wrong}).status_code == 422
    assert api.post("/en/addresses/removed", data=form).status_code == 422
    long = api.post("/en/addresses/added", data={**form, **ANSWERS, "address": "é" * 2048})
    assert "cannot check this address" in long.text
    assert "é" * 2048 in long.text


def test_what_shows_a_minor_is_not_looked_at(
    api: TestClient, served: Any, form: dict[str, str]
) -> None:
    api.post("/en/addresses/added", data={**form, **ANSWERS})
    page = api.post("/en/addresses/added", data={**form, **ANSWERS, "shows_minor": "yes"}).text
    assert "We will not check that address." in page
    assert 'href="/en/next#who"' in page
    assert "We are not looking here." in page
    crawler = served.actor("Crawler", Role.CRAWLER)
    assert crawl.lease(served.context, crawler, 9, Clock(served.day, 10**6)) == []


def test_a_full_case_says_so(api: TestClient, served: Any, form: dict[str, str]) -> None:
    owner = served.open(key=b"1" * 32)
    full = {**form, "case": owner.case_number, "access_key": (b"1" * 32).hex()}
    for n in range(MAX_OF_CASE):
        watching.add(served.context, owner, Target(f"https://forum.example/{n}"), served.day)
    assert "Remove one to add another" in api.post("/en/addresses", data=full).text
    page = api.post("/en/addresses/added", data={**full, **ANSWERS})
    assert (page.status_code, "Remove one to add another" in page.text) == (422, True)


def test_only_forms_open_it(api: TestClient, form: dict[str, str]) -> None:
    for path in ("addresses", "addresses/added", "addresses/removed"):
        answer = api.get(f"/en/{path}", follow_redirects=False)
        assert answer.headers["location"] == "/en/overview"
        for wrong in ({"access_key": "5b" * 32}, {"stamp": "1.2"}):
            assert api.post(f"/en/{path}", data={**form, **ANSWERS, **wrong}).status_code == 401
