"""A case as its owner reads it."""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.domain.case import EntryStatus, Hold, HoldReason, erase_day
from service.domain.sighting import Feedback
from service.store import entries
from service.web.owner import stamps
from service.workflows import authenticate, respond, review

KEY = "5a" * 32
WRONG = "do not open a case here"


def opened(served: Any, *contents: Any) -> dict[str, str]:
    owner = served.open(*contents, key=bytes.fromhex(KEY))
    stamp = stamps.new(served.context.seals, stamps.minute())
    return {"case": owner.case_number, "access_key": KEY, "stamp": stamp}


def test_number_and_key_open_the_case(app: FastAPI, api: TestClient, served: Any) -> None:
    form, now = opened(served), stamps.minute()
    app.dependency_overrides[stamps.minute] = lambda: now  # each page is stamped
    page = api.post("/en/overview", data=form)
    assert page.status_code == 200
    assert form["case"] in page.text
    assert "Nothing was found yet" in page.text
    assert "Is being looked for." in page.text
    assert api.post("/en/overview", data={**form, "case": " "}).text == page.text
    spaced = {**form, "case": f" {form['case'].replace('-', ' ')} "}
    assert api.post("/en/overview", data=spaced).status_code == 200


def test_whatever_is_wrong_the_page_is_the_same(app: FastAPI, api: TestClient, served: Any) -> None:
    form = opened(served)
    now = stamps.minute()
    app.dependency_overrides[stamps.minute] = lambda: now
    nothing = api.post("/en/overview", data={**form, "case": "1", "access_key": "2"})
    for change in (
        {"case": "481-902-3475"},
        {"access_key": "5b" * 32},
        {"access_key": ""},
        {"access_key": "zz"},
    ):
        page = api.post("/en/overview", data={**form, **change})
        assert page.status_code == 401
        assert WRONG in page.text
        assert page.text == nothing.text


def test_a_form_that_is_old_or_not_ours_asks_for_the_words_again(
    app: FastAPI, api: TestClient, served: Any
) -> None:
    form = opened(served)
    minute, key = stamps.minute(), served.context.seals
    entry = {**form, "entry": "1"}
    for stamp in ("", "1", "x.y", "٣.a", "9" * 90, f"{minute}.{'0' * 40}", f"{minute}.é"):
        page = api.post("/en/withdrawn", data={**entry, "stamp": stamp})
        assert page.status_code == 401, stamp
        assert "it asks for number and words again" in page.text
    for age, status in ((0, 200), (29, 200), (30, 401), (9999, 401), (-2, 200), (-3, 401)):
        made = stamps.new(key, minute)
        app.dependency_overrides[stamps.minute] = lambda age=age: minute + age
        assert api.post("/en/overview", data={**form, "stamp": made}).status_code == status
    del app.dependency_overrides[stamps.minute]
    assert "Is being looked for." in api.post("/en/overview", data=form).text


def test_what_was_found_is_told_by_day_and_place(api: TestClient, served: Any) -> None:
    content = served.picture()
    form = opened(served, content)
    platform = served.actor("Example Videos")
    reference = served.reference(platform, content)
    page = api.post("/en/overview", data=form).text
    assert "Example Videos" in page
    assert "November 21, 2026" in page
    assert "What they did they have not said yet." in page
    for said, words in (
        (Feedback.PENDING_REVIEW, "a person will look at it."),
        (Feedback.NOT_BLOCKED, "looked at, not blocked."),
        (Feedback.BLOCKED, "blocked."),
    ):
        respond.respond(served.context, platform, [respond.Response(reference, said)], served.day)
        assert f"<strong>{words}</strong>" in api.post("/en/overview", data=form).text


def test_an_entry_is_withdrawn_and_taken_back(api: TestClient, served: Any) -> None:
    content = served.picture()
    form = opened(served, content, served.picture())
    platform = served.actor()
    entry = {**form, "entry": "1"}
    asked = api.post("/en/withdraw", data=entry)
    assert "For 3 days you can take that back" in asked.text
    assert served.ask(platform, content) == ["match"]
    done = api.post("/en/withdrawn", data=entry)
    assert "It is not looked for any more." in done.text
    assert served.ask(platform, content) == ["none"]
    day = erase_day(served.day)
    assert f"{day:%B} {day.day}, {day.year}" in done.text
    back = api.post("/en/undone", data=entry)
    assert "It is looked for again." in back.text
    assert served.ask(platform, content) == ["match"]


def test_a_case_is_withdrawn_and_taken_back(api: TestClient, served: Any) -> None:
    content = served.picture()
    form = opened(served, content)
    assert "No more files can be added" in api.post("/en/withdraw", data=form).text
    page = api.post("/en/withdrawn", data=form).text
    assert "You withdrew this case." in page
    assert "Add files" not in page
    assert served.ask(served.actor(), content) == ["none"]
    back = api.post("/en/undone", data=form).text
    assert "Add files" in back


def test_more_leads_to_the_page_that_hashes(api: TestClient, served: Any) -> None:
    form = opened(served)
    page = api.post("/en/more", data=form).text
    assert f'data-case="{form["case"]}"' in page
    assert f'data-key="{KEY}"' in page
    assert re.search(r'data-stamp="[0-9]+\.[0-9a-f]{40}"', page)
    assert 'action="/en/more/sent"' in page
    assert "What you said" not in page


def test_nothing_is_done_without_the_key(api: TestClient, served: Any) -> None:
    form = opened(served)
    for path in ("more", "withdraw", "withdrawn", "undone"):
        page = api.post(f"/en/{path}", data={**form, "access_key": "00" * 32})
        assert page.status_code == 401
        assert WRONG in page.text
    assert "Is being looked for." in api.post("/en/overview", data=form).text


def test_an_entry_that_is_not_there_is_told_so(api: TestClient, served: Any) -> None:
    form = opened(served)
    for entry, status in (("9", 404), ("x", 422), ("-1", 422), ("12345", 422), ("٣", 422)):
        assert api.post("/en/withdrawn", data={**form, "entry": entry}).status_code == status
        assert api.post("/en/withdraw", data={**form, "entry": entry}).status_code == 422


def test_states_have_words_in_every_language(api: TestClient, served: Any) -> None:
    form = opened(served)
    pages = {tag: api.post(f"/{tag}/overview", data=form) for tag in ("en", "es", "ar")}
    assert {page.status_code for page in pages.values()} == {200}
    assert {tag for tag, page in pages.items() if 'dir="rtl"' in page.text[:80]} == {"ar"}
    template = re.findall(r'status == "(\w+)"', _overview_source())
    template += re.findall(r'held == "(\w+)"', _overview_source())
    in_other_words = {EntryStatus.WITHDRAWN, EntryStatus.QUARANTINED}
    assert set(template) >= {*EntryStatus, *Hold} - in_other_words


def test_a_hold_is_told_as_what_it_is_in_every_language(api: TestClient, served: Any) -> None:
    """That it is not looked for, and whether a person has decided so already."""
    form = opened(served)
    entry_id = served.entry_id(authenticate.owner(served.context, form["case"], form["access_key"]))
    pages: dict[str, list[str]] = {tag: [] for tag in ("en", "es", "ar")}
    with served.context.database.write_changes() as tx:
        entry = entries.by_id(tx, [entry_id])[entry_id]
        entries.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.EXCLUDED)
    for decide in (None, review.keep):
        if decide:
            decide(served.context, entry_id, served.day)
        for tag, texts in pages.items():
            texts.append(api.post(f"/{tag}/overview", data=form).text)
    english = "Is not looked for until a person", "Is not looked for: a person has checked"
    for number, text in enumerate(english):
        assert [text in page for page in pages["en"]] == [number == 0, number == 1]
        assert not any(text in page for tag in ("es", "ar") for page in pages[tag])
    assert all("Is being looked for" not in page for page in pages["en"])


def _overview_source() -> str:
    from service.web.pages import TEMPLATES  # noqa: PLC0415 (only here)

    return (TEMPLATES / "owner/overview.html").read_text()


def test_no_key_or_signal_is_in_an_address(api: TestClient, served: Any) -> None:
    page = api.post("/en/overview", data=opened(served)).text
    assert not [link for link in re.findall(r'(?:href|action)="([^"]*)"', page) if "?" in link]
