"""What goes wrong for people: no network, a service that dies, useless files, second thoughts."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Dialog, Page, Route
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from demo.server import Service
from hashing import OwnerClient
from tests import videos
from tests.pages import contents, journey
from tests.pages.elsewhere import Elsewhere

pytestmark = pytest.mark.enable_socket

PATIENCE = 60_000
"""Milliseconds that the page waits for an answer, as sender.js has it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def pictures(folder: Path) -> list[Path]:
    return contents.pictures(folder)[:3]


@pytest.fixture(scope="module")
def long_film(folder: Path) -> Path:
    """A video whose hashing takes a while."""
    return videos.lengthened(contents.video(folder, seconds_each=1), folder / "long.mp4", 200)


@pytest.fixture
def page(chromium: Browser, service: Service) -> Iterator[Page]:
    """The page that hashes, ready."""
    with chromium.new_context() as context:
        opened = context.new_page()
        journey.at_files(opened, service.address)
        yield opened


def cases(service: Service) -> int:
    with sqlite3.connect(service.state / "takeback.db") as database:
        (count,) = database.execute("SELECT count(*) FROM cases").fetchone()
    return int(count)


def reviewed(page: Page, files: list[Path]) -> str:
    journey.choose(page, files)
    journey.hashed(page)
    return journey.review(page)


def could_not_be_sent(page: Page, shown: str) -> None:
    page.locator("#sending.fault", has_text="could not be sent").wait_for(timeout=journey.WAIT)
    assert page.input_value("#document") == shown
    assert page.locator("#review").is_visible()
    assert page.is_checked("#consent")
    assert page.get_attribute("#send-button", "aria-disabled") is None


def lost(route: Route) -> None:
    """It arrives, and the answer does not."""
    route.fetch()
    route.abort("connectionreset")


def test_sent_without_a_network_it_says_so_and_loses_nothing(
    page: Page, service: Service, pictures: list[Path]
) -> None:
    before, shown = cases(service), reviewed(page, pictures)
    page.context.set_offline(offline=True)
    for _ in range(2):
        journey.send(page)
        could_not_be_sent(page, shown)
    page.context.set_offline(offline=False)
    journey.send(page)
    journey.card(page)
    assert cases(service) == before + 1


def test_a_lost_answer_opens_no_second_case(
    page: Page, service: Service, pictures: list[Path]
) -> None:
    before, shown = cases(service), reviewed(page, pictures)
    page.route("**/sent", lost)
    journey.send(page)
    could_not_be_sent(page, shown)
    assert cases(service) == before + 1
    page.unroute("**/sent")
    journey.send(page)
    journey.card(page)
    assert cases(service) == before + 1


def test_a_service_that_was_killed_gets_it_later(
    page: Page, service: Service, pictures: list[Path]
) -> None:
    before, shown = cases(service), reviewed(page, pictures)
    service.kill()
    journey.send(page)
    could_not_be_sent(page, shown)
    service.start()
    journey.send(page)
    number, words = journey.card(page)
    service.kill()
    service.start()
    assert cases(service) == before + 1
    journey.sign_in(page, service.address, number, words)
    page.locator("li.entry").nth(2).wait_for()


def test_without_consent_nothing_is_sent(page: Page, pictures: list[Path]) -> None:
    asked = journey.Asked(page.context)
    reviewed(page, pictures[:1])
    page.click("#send-button")
    page.locator("#consent-wrong").wait_for()
    assert asked.addresses == []
    page.check("#consent")
    page.click("#to-choose")
    journey.review(page)
    assert not page.is_checked("#consent"), "what was agreed to may be another message now"


def test_a_file_chosen_twice_is_there_once(page: Page, pictures: list[Path]) -> None:
    journey.choose(page, pictures[:1])
    journey.choose(page, pictures[:2])
    journey.hashed(page)
    assert list(journey.states(page)) == [path.name for path in pictures[:2]]
    assert "left out" in page.inner_text("#note")


def test_of_51_files_50_are_taken_and_what_fails_takes_no_place(page: Page, tmp_path: Path) -> None:
    with Image.open(contents.pictures(tmp_path)[0]) as picture:
        small = picture.resize((200, 200))
    files = [tmp_path / f"{number}.jpg" for number in range(51)]
    for number, path in enumerate(files):
        small.rotate(7 * number).save(path)
    shown = reviewed(page, [contents.unfit(tmp_path)[1], *files])
    assert len(json.loads(shown)["entries"]) == 50
    page.click("#to-choose")
    assert len(journey.states(page)) == 51
    assert "A case holds 50 files. Left out: 1." in page.inner_text("#note")
    progress = "50 of 50 files are done. Could not be hashed: 1. Each one says why."
    assert page.inner_text("#progress") == progress
    journey.row(page, "0.jpg").first.locator("button").click()
    journey.hashed(page)
    assert "50 of 50 files are done." in page.inner_text("#progress")


def test_what_cannot_be_hashed_is_left_out_of_the_message(
    page: Page, pictures: list[Path], tmp_path: Path
) -> None:
    bad = contents.unfit(tmp_path)
    shown = reviewed(page, [bad[0], pictures[0], *bad[1:], pictures[1]])
    assert len(json.loads(shown)["entries"]) == 2
    page.click("#to-choose")
    assert page.locator("#list .failed").count() == len(bad)
    assert "2 of 2 files are done. Could not be hashed: 4. Each one says why." in page.inner_text(
        "#progress"
    )


def test_stopped_in_the_middle_of_a_video(
    page: Page, pictures: list[Path], long_film: Path
) -> None:
    journey.choose(page, [pictures[0], long_film, pictures[1]])
    journey.row(page, "long.mp4").locator(".state", has_text="Hashing: ").wait_for()
    page.click("#stop")
    journey.hashed(page)
    assert journey.states(page)["long.mp4"] == "Stopped before it was done."
    assert journey.states(page)[pictures[0].name].startswith("Done.")
    assert "Stopped. Finished files are kept." in page.inner_text("#note")
    assert len(json.loads(journey.review(page))["entries"]) == 1
    page.click("#to-choose")
    journey.choose(page, [pictures[2]])
    journey.hashed(page)
    assert len(json.loads(journey.review(page))["entries"]) == 2


def test_a_row_is_removed_while_it_is_hashed(
    page: Page, pictures: list[Path], long_film: Path
) -> None:
    journey.choose(page, [long_film, pictures[0]])
    moving = journey.row(page, "long.mp4")
    moving.locator(".state", has_text="Hashing: ").wait_for()
    moving.locator("button").click()
    journey.hashed(page)
    assert list(journey.states(page)) == [pictures[0].name]
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    assert len(json.loads(journey.review(page))["entries"]) == 1


def closing(page: Page, another: Page) -> list[str]:
    """Close the page as people do, and stay if it asks; return what it asked."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.close(run_before_unload=True)
    until = time.monotonic() + 10
    while not asked and not page.is_closed() and time.monotonic() < until:
        another.wait_for_timeout(20)
    page.remove_listener("dialog", stay)
    return asked


def test_closing_asks_only_when_something_would_be_lost(page: Page, pictures: list[Path]) -> None:
    another = page.context.new_page()
    journey.choose(page, pictures[:1])
    journey.hashed(page)
    assert closing(page, another) == ["beforeunload"]
    journey.review(page)
    assert closing(page, another) == ["beforeunload"]
    journey.send(page)
    _, words = journey.card(page)
    assert closing(page, another) == ["beforeunload"]
    page.fill("#again", words)
    page.click("#test button")
    page.locator("#overview").wait_for()
    assert closing(page, another) == []
    assert page.is_closed()


def test_leaving_by_the_button_asks_nothing(
    page: Page, pictures: list[Path], weather: Elsewhere
) -> None:
    asked: list[str] = []

    def go(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", go)
    journey.choose(page, pictures[:1])
    journey.hashed(page)
    page.click(".exit")
    page.wait_for_url(weather.address)
    assert asked == []


def test_an_earlier_try_that_arrived_is_told(
    page: Page, service: Service, pictures: list[Path]
) -> None:
    """Its answer was lost, and the owner changed the files since: number and words are shown."""
    before = cases(service)
    page.route("**/sent", lost)
    shown = reviewed(page, pictures[:1])
    journey.send(page)
    could_not_be_sent(page, shown)
    page.unroute("**/sent")
    page.click("#to-choose")
    assert reviewed(page, pictures[1:2]) != shown
    journey.send(page)
    number, words = journey.card(page)
    assert page.locator("#before").is_visible()
    assert cases(service) == before + 1
    assert len(OwnerClient(service.address, words).status(number)["entries"]) == 1


def test_an_answer_that_never_comes(
    chromium: Browser, service: Service, pictures: list[Path]
) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.clock.install()
        journey.at_files(page, service.address)
        before, shown, held = cases(service), reviewed(page, pictures[:1]), list[Route]()
        page.route("**/sent", lambda route: held.append(route))  # noqa: PLW0108 (Playwright marks it)
        with page.expect_request("**/sent"):
            journey.send(page)
        page.locator("#sending", has_text="Sending.").wait_for()
        page.clock.run_for(PATIENCE + 1000)
        could_not_be_sent(page, shown)
        assert len(held) == 1
        page.unroute("**/sent")
        journey.send(page)
        journey.card(page)
        assert cases(service) == before + 1


def test_a_page_that_was_open_for_long_asks_for_the_words_and_keeps_the_files(
    page: Page, service: Service, pictures: list[Path]
) -> None:
    reviewed(page, pictures[:1])
    journey.send(page)
    number, words = journey.card(page)

    def issued_long_ago(route: Route) -> None:
        got = route.fetch()
        old = re.sub(r'data-stamp="[^"]*"', 'data-stamp="1.0"', got.text())
        route.fulfill(response=got, body=old)

    page.on("dialog", lambda dialog: dialog.accept())
    journey.sign_in(page, service.address, number, words)
    page.route("**/more", issued_long_ago)
    page.get_by_role("button", name="Add files").click()
    journey.ready(page)
    page.check("#labels")
    page.fill("#label-words", words)
    page.click("#label-form button")
    page.locator("#label-form").wait_for(state="hidden")
    journey.choose(page, pictures[1:2])
    page.fill("#list .label input", "late")
    journey.hashed(page)
    shown = json.loads(journey.review(page))
    assert shown["entries"][0].pop("sealed_label")
    journey.send(page)
    page.locator("#late").wait_for(timeout=journey.WAIT)
    forgotten = json.loads(page.input_value("#document"))
    assert (forgotten["access_key"], forgotten["entries"]) == ("", shown["entries"])
    page.click("#send-button")
    page.locator("#sending.fault", has_text="Seven words are needed").wait_for()
    page.fill("#late-words", " ".join(reversed(words.split())))
    page.click("#send-button")
    page.locator("#sending.fault", has_text="do not open a case").wait_for(timeout=journey.WAIT)
    page.fill("#late-words", words)
    page.click("#send-button")
    page.locator("#added").wait_for(timeout=journey.WAIT)
    page.get_by_role("button", name="Go to your overview").click()
    page.locator("li.entry").nth(1).wait_for()
    told = OwnerClient(service.address, words).status(number)["entries"]
    assert [one.get("label") for one in told] == [None, "late"]


def test_parts_are_chosen_until_the_review(page: Page, pictures: list[Path]) -> None:
    counts = []
    journey.choose(page, pictures[:1])
    journey.hashed(page)
    page.click("#choose details summary")
    for choice in ("standard", "none", "all", "none"):
        page.check(f"#windows-{choice}")
        (entry,) = json.loads(journey.review(page))["entries"]
        counts.append(len(entry.get("windows", [])))
        assert ("windows" in entry) == (choice != "none")
        page.click("#to-choose")
    assert counts[1] == counts[3] == 0 < counts[0] < counts[2]


def test_a_hostile_video_can_be_stopped(page: Page, pictures: list[Path], tmp_path: Path) -> None:
    hostile = contents.hostile(tmp_path / "hostile.mp4")
    journey.choose(page, [hostile])
    page.wait_for_timeout(300)
    with contextlib.suppress(PlaywrightTimeout):  # it may have ended by itself
        page.click("#stop", timeout=3000)
    journey.row(page, "hostile.mp4").and_(page.locator(".failed")).wait_for(timeout=journey.WAIT)
    journey.choose(page, pictures[:1])
    journey.hashed(page)
    assert journey.states(page)[pictures[0].name].startswith("Done.")


@pytest.mark.parametrize("path", ["more", "withdrawn", "overview", "sent"])
def test_another_site_can_post_nothing(chromium: Browser, service: Service, path: str) -> None:
    """Not with the browser of somebody who looks at that site."""
    with chromium.new_context() as context:
        target = f"{service.address}/en/{path}"
        form = f"<form method=post action={target}><input name=case value=1></form>"
        hostile = f"<!doctype html>{form}<script>document.forms[0].submit()</script>"
        context.route(
            "http://hostile.example/", lambda r: r.fulfill(body=hostile, content_type="text/html")
        )
        page = context.new_page()
        with page.expect_response(target) as answer:
            page.goto("http://hostile.example/")
        assert answer.value.status == (303 if path == "sent" else 403)
        assert answer.value.request.headers.get("sec-fetch-site", "cross-site") == "cross-site"
        page.get_by_text("Another website tried to send us").wait_for()


def test_a_worker_that_hangs_is_stopped(page: Page, pictures: list[Path]) -> None:
    journey.worker(page).evaluate("setTimeout(() => { for (;;); })")
    journey.choose(page, pictures[:1])
    page.click("#stop")
    page.locator("#list .failed").wait_for(timeout=journey.WAIT)
    journey.choose(page, pictures[:2])
    journey.hashed(page)
    assert [state[:5] for state in journey.states(page).values()] == ["Done."] * 2
