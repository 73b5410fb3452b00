"""A case as its owner reads it."""

import re
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.domain.case import EntryStatus, Hold, HoldReason, erase_day
from service.domain.sighting import Feedback
from service.store import entries
from service.web.owner import stamps
from service.workflows import authenticate, respond, review

KEY = "5a" * 32
WRONG = "do not open a case here"


def sections(page: str) -> dict[str, list[str]]:
    """The entries that are listed under each heading, but for what was found."""
    listed = {}
    for part in page.partition("What was found")[2].split("<h2>")[1:]:
        title, _, rest = part.partition("</h2>")
        listed[title] = re.findall(r"<h3>(\w+ \d+)<", rest)
    return {title: names for title, names in listed.items() if title != "What else you can do"}


def opened(served: Any, *contents: Any, key: str = KEY) -> dict[str, str]:
    owner = served.open(*contents, key=bytes.fromhex(key))
    stamp = stamps.new(served.context.seals, stamps.minute())
    return {"case": owner.case_number, "access_key": key, "stamp": stamp}


def test_number_and_key_open_the_case(app: FastAPI, api: TestClient, served: Any) -> None:
    form, now = opened(served), stamps.minute()
    app.dependency_overrides[stamps.minute] = lambda: now  # each page is stamped
    page = api.post("/en/overview", data=form)
    assert page.status_code == 200
    assert form["case"] in page.text
    assert "Nothing has been found so far" in page.text
    assert sections(page.text) == {"What we look for": ["Picture 1"]}
    assert api.post("/en/overview", data={**form, "case": " "}).text == page.text
    spaced = {**form, "case": f" {form['case'].replace('-', ' ')} "}
    assert api.post("/en/overview", data=spaced).status_code == 200


def test_labels_are_in_the_page_as_they_were_sealed_and_bring_no_more_rights(
    api: TestClient, served: Any
) -> None:
    sealed = bytes(range(256)) + bytes(12)
    form = opened(served, served.picture(), replace(served.picture(), sealed_label=sealed))
    page, asks = api.post("/en/overview", data=form), api.get("/en/overview")
    assert re.findall('data-n="(.)" data-sealed="(.*?)"', page.text) == [("2", sealed.hex())]
    policy, plain = (
        re.sub(" 'sha256-[^']*'", "", answer.headers["content-security-policy"])
        for answer in (page, asks)
    )
    assert policy == plain  # both ask in a frame
    without = opened(served, key="5b" * 32)
    answer = api.post("/en/overview", data=without)
    assert "sha256-" not in answer.headers["content-security-policy"]
    assert answer.text.count("<script") == 1  # the exit


def test_acts_are_answered_in_a_frame_with_what_became_of_the_entry(
    api: TestClient, served: Any
) -> None:
    form = opened(served, served.picture(), served.picture(), served.picture())

    def acted(act: str, n: int, **more: str) -> str:
        answer = api.post("/en/acted", data={**form, "act": act, "entry": str(n), **more})
        path = str(answer.url.path)
        assert answer.history, "posts are answered by a redirect"
        assert form["case"] not in path
        assert KEY not in answer.text + path
        told = re.search(r'data-answer="(\w+)"', answer.text)
        return told[1] if told else ""

    def listed() -> dict[str, list[str]]:
        return sections(api.post("/en/overview", data=form).text)

    assert acted("withdrawn", 1) == "withdrawn"
    assert acted("withdrawn", 3) == "withdrawn"
    assert listed()["What you have withdrawn"] == ["Picture 1", "Picture 3"]
    assert acted("undone", 3) == "undone"
    assert acted("erased", 1) == "erased"
    assert acted("labelled", 2, sealed_label="0f" * 268) == "labelled"
    assert "0f0f" in api.post("/en/overview", data=form).text
    for act, n, more in (
        ("other", 2, {}),
        ("labelled", 2, {"sealed_label": "0f"}),
        ("undone", 9, {}),
    ):
        assert acted(act, n, **more) == "error"
    late = {"stamp": stamps.new(served.context.seals, stamps.minute() - 30)}
    assert acted("withdrawn", 2, **late) == "late"
    assert acted("withdrawn", 2, access_key="00" * 32) == "wrong"
    assert listed()["What you have withdrawn"] == ["Picture 1"]


def test_a_fault_is_a_page_that_tells_nothing_about_it(
    api: TestClient,
    served: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("5ec2e7")

    form = opened(served)
    monkeypatch.setattr(authenticate, "owner_of_form", fail)
    page = api.post("/en/overview", data=form)
    assert page.status_code == 500
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Something went wrong on our side" in page.text
    assert "5ec2e7" not in page.text + caplog.text
    (record,) = caplog.records
    assert (vars(record)["error"], vars(record)["route"]) == (
        "KeyError",
        "/{language:tag}/overview",
    )


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


def test_the_page_that_asks_is_told_whether_they_open_a_case(api: TestClient, served: Any) -> None:
    form = opened(served)
    old = stamps.new(served.context.seals, stamps.minute() - stamps.MINUTES)
    for change, answer in (
        ({}, "opens"),
        ({"case": " "}, "opens"),
        ({"case": "481-902-3475"}, "wrong"),
        ({"access_key": "5b" * 32}, "wrong"),
        ({"access_key": "é", "case": ""}, "wrong"),
        ({"stamp": old}, "late"),
        ({"stamp": "", "access_key": "5b" * 32}, "late"),
    ):
        told = api.post("/en/checked", data={**form, **change}, follow_redirects=False)
        assert told.headers["location"] == f"/en/checked/{answer}"
        page = api.get(told.headers["location"]).text
        stamp = re.search(f'data-answer="{answer}" data-stamp="([^"]+)"', page)
        assert stamp
        assert api.post("/en/overview", data={**form, "stamp": stamp[1]}).status_code == 200


def test_a_form_that_is_old_or_not_ours_asks_for_the_words_again(
    app: FastAPI, api: TestClient, served: Any
) -> None:
    form = opened(served)
    minute, key = stamps.minute(), served.context.seals
    entry = {**form, "entry": "1"}
    for stamp in ("", "1", "x.y", "٣.a", "9" * 90, f"{minute}.{'0' * 40}", f"{minute}.é"):
        page = api.post("/en/withdrawn", data={**entry, "stamp": stamp})
        assert page.status_code == 401, stamp
        assert "please enter your words again" in page.text
    for age, status in ((0, 200), (29, 200), (30, 401), (9999, 401), (-2, 200), (-3, 401)):
        made = stamps.new(key, minute)
        app.dependency_overrides[stamps.minute] = lambda age=age: minute + age
        assert api.post("/en/overview", data={**form, "stamp": made}).status_code == status
    del app.dependency_overrides[stamps.minute]
    assert "Picture 1" in api.post("/en/overview", data=form).text


def test_what_was_found_is_told_by_day_and_place(api: TestClient, served: Any) -> None:
    content = served.picture()
    form = opened(served, content)
    platform = served.actor("Example Videos")
    reference = served.reference(platform, content)
    page = api.post("/en/overview", data=form).text
    assert "Example Videos" in page
    assert "November 21, 2026" in page
    assert "<strong>found.</strong>" in page
    assert "They have not told us yet what they did." in page
    for said, words, now, links in (
        (Feedback.PENDING_REVIEW, "a person there will check it.", "in a few days.", []),
        (Feedback.NOT_BLOCKED, "checked, not blocked.", "You can report it", ["report", "who"]),
        (Feedback.BLOCKED, "blocked.", "You do not need to do anything.", []),
    ):
        respond.respond(served.context, platform, [respond.Response(reference, said)], served.day)
        page = api.post("/en/overview", data=form).text
        told = page.partition(f"<strong>{words}</strong>")[2].partition("</li>")[0]
        assert now in told
        assert re.findall(r'href="/en/next#(\w+)"', told) == links


def test_links_to_what_else_helps_lead_to_a_part_of_it(api: TestClient, served: Any) -> None:
    page = api.post("/en/overview", data=opened(served)).text
    parts = set(re.findall(r'href="/en/next#(\w+)"', page))
    assert parts == {"report", "proof", "who"}
    assert parts <= set(re.findall(r' id="(\w+)"', api.get("/en/next").text))


def test_an_entry_is_withdrawn_and_that_is_undone(api: TestClient, served: Any) -> None:
    content = served.picture()
    form = opened(served, content, served.picture())
    platform = served.actor()
    entry = {**form, "entry": "1"}
    asked = api.post("/en/withdraw", data=entry)
    assert "You can undo this here for 3 days." in asked.text
    assert served.ask(platform, content) == ["match"]
    done = api.post("/en/withdrawn", data=entry)
    assert "Withdrawn. We no longer look for it." in done.text
    both = {"What we look for": ["Picture 2"], "What you have withdrawn": ["Picture 1"]}
    assert sections(done.text) == both
    assert served.ask(platform, content) == ["none"]
    day = erase_day(served.day)
    assert f"{day:%B} {day.day}, {day.year}" in done.text
    back = api.post("/en/undone", data=entry)
    assert "Undone. Everything is as it was before you withdrew it." in back.text
    assert sections(back.text) == {"What we look for": ["Picture 1", "Picture 2"]}
    assert served.ask(platform, content) == ["match"]


def test_an_entry_is_erased_at_once_after_a_warning(api: TestClient, served: Any) -> None:
    content = served.picture()
    form = opened(served, content, served.picture())
    platform = served.actor()
    entry = {**form, "entry": "1"}
    asked = api.post("/en/erase", data=entry).text
    assert "Erase picture 1 now?" in asked
    assert "This cannot be undone" in asked
    assert served.ask(platform, content) == ["match"]  # asking did nothing
    done = api.post("/en/erased", data=entry).text
    assert "Erased. We no longer look for it." in done
    assert served.ask(platform, content) == ["none"]
    assert api.post("/en/undone", data=entry).status_code == 410
    of_first = done.partition("What you have withdrawn")[2]
    assert "its hashes have been erased" in of_first
    assert 'action="/en/undone"' not in done


def test_what_is_withdrawn_can_still_be_erased_at_once(api: TestClient, served: Any) -> None:
    form = opened(served, served.picture(), served.picture())
    entry = {**form, "entry": "2"}
    assert 'action="/en/erase"' in api.post("/en/withdrawn", data=entry).text
    assert 'action="/en/undone"' not in api.post("/en/erased", data=entry).text
    assert "Erase everything now?" in api.post("/en/erase", data=form).text
    done = api.post("/en/erased", data=form).text
    assert "Its hashes have been erased." in done
    assert not re.findall(r'action="/en/(?:undone|erase|withdraw|more)"', done)


def test_what_cannot_be_undone_is_never_green(api: TestClient, served: Any) -> None:
    form = opened(served)
    paths = ("overview", "withdraw", "erase", "withdrawn")
    pages = [api.post(f"/en/{path}", data=form).text for path in paths]
    looks = re.findall(
        r'action="/en/(?:withdraw|withdrawn|erase|erased)".*?<button class="button (\w*)">',
        "".join(pages),
        re.S,
    )
    assert len(looks) == 6
    assert set(looks) == {"danger"}


def test_a_case_is_withdrawn_and_that_is_undone(api: TestClient, served: Any) -> None:
    content = served.picture()
    form = opened(served, content)
    assert "You can no longer add files" in api.post("/en/withdraw", data=form).text
    page = api.post("/en/withdrawn", data=form).text
    assert "You have withdrawn this case." in page
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
    for path in ("more", "withdraw", "withdrawn", "undone", "erase", "erased"):
        page = api.post(f"/en/{path}", data={**form, "access_key": "00" * 32})
        assert page.status_code == 401
        assert WRONG in page.text
    assert "What we look for" in api.post("/en/overview", data=form).text


def test_an_entry_that_is_not_there_is_told_so(api: TestClient, served: Any) -> None:
    form = opened(served)
    for entry, status in (("9", 404), ("x", 422), ("-1", 422), ("12345", 422), ("٣", 422)):
        assert api.post("/en/withdrawn", data={**form, "entry": entry}).status_code == status
        assert api.post("/en/erased", data={**form, "entry": entry}).status_code == status
        for path in ("withdraw", "erase"):
            assert api.post(f"/en/{path}", data={**form, "entry": entry}).status_code == 422


def test_states_have_words_in_every_language(api: TestClient, served: Any) -> None:
    form = opened(served)
    pages = {tag: api.post(f"/{tag}/overview", data=form) for tag in ("en", "es", "ar")}
    assert {page.status_code for page in pages.values()} == {200}
    assert {tag for tag, page in pages.items() if 'dir="rtl"' in page.text[:80]} == {"ar"}
    told = set(re.findall(r'held == "(\w+)"', _overview_source()))
    assert told == set(Hold)


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
    english = (
        "very close to a well-known or very plain picture",
        "checked its hashes and decided this",
    )
    for number, text in enumerate(english):
        assert [text in page for page in pages["en"]] == [number == 0, number == 1]
        assert not any(text in page for tag in ("es", "ar") for page in pages[tag])
    for page in pages["en"]:
        assert sections(page) == {"What we look for": [], "On hold": ["Picture 1"]}
        told = page.partition("On hold")[2].partition("</li>")[0]
        assert "ask the people who run this service" in told
        assert "Give them your number, but never your words." in told


def _overview_source() -> str:
    from service.web.pages import TEMPLATES  # noqa: PLC0415 (only here)

    return (TEMPLATES / "owner/entry.html").read_text()


def test_no_key_or_signal_is_in_an_address(api: TestClient, served: Any) -> None:
    page = api.post("/en/overview", data=opened(served)).text
    assert not [link for link in re.findall(r'(?:href|action)="([^"]*)"', page) if "?" in link]
