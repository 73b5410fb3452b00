"""The steps of the page that hashes: "Back" goes through them, and loses nothing without asking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page

from demo.server import Service
from tests.pages import contents, journey

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contents.pictures(tmp_path_factory.mktemp("files"))[0]


@pytest.fixture
def asked() -> list[str]:
    """What the browser itself asked."""
    return []


@pytest.fixture
def page(chromium: Browser, service: Service, asked: list[str]) -> Iterator[Page]:
    """The page that hashes, ready; a question of the browser is answered with yes."""

    def go(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    with chromium.new_context() as context:
        context.set_default_timeout(journey.WAIT)
        opened = context.new_page()
        opened.on("dialog", go)
        journey.at_files(opened, service.address)
        yield opened


def reviewed(page: Page, picture: Path) -> str:
    journey.choose(page, [picture])
    journey.hashed(page)
    return journey.review(page)


def test_back_leads_through_the_steps_and_asks_before_it_leaves(
    page: Page, picture: Path, asked: list[str]
) -> None:
    message = reviewed(page, picture)
    for step in ("words", "choose", "ask"):
        page.go_back()
        page.locator(f"#{step}-head:focus").wait_for()
        assert page.locator("#app > section:visible").count() == 1
    page.click("#stay")
    page.locator("#choose-head:focus").wait_for()
    assert journey.review(page) == message
    page.go_back()
    page.locator("#words").wait_for()
    page.go_forward()
    page.locator("#review-head:focus").wait_for()
    assert page.input_value("#document") == message
    page.click("#to-choose")
    page.locator("#choose-head:focus").wait_for()
    page.go_back()
    page.click("#leave")
    page.wait_for_url("**/en/")
    assert asked == []


def test_what_was_changed_on_the_way_is_in_the_message(page: Page, picture: Path) -> None:
    reviewed(page, picture)
    page.check("#consent")
    page.click("#to-choose")
    page.click("#choose details summary")
    page.check("#windows-none")
    page.go_forward()
    page.go_forward()
    page.locator("#review").wait_for()
    assert "windows" not in page.input_value("#document")
    assert not page.is_checked("#consent")


def test_without_hashes_back_just_leaves(page: Page, tmp_path: Path, asked: list[str]) -> None:
    journey.choose(page, contents.unfit(tmp_path)[1:2])
    page.locator("#list .failed").wait_for()
    page.go_back()
    page.wait_for_url("**/questions")
    page.locator("#subject-self").wait_for()
    assert asked == []


def test_after_sending_back_asks_until_the_words_were_checked(
    page: Page, picture: Path, asked: list[str]
) -> None:
    reviewed(page, picture)
    journey.send(page)
    number, words = journey.card(page)
    page.go_back()
    page.locator("#ask-unchecked").wait_for()
    page.click("#stay")
    page.locator("#card").wait_for()
    assert page.inner_text("#number") == number
    page.fill("#again", words)
    page.click("#test button")
    page.locator("#overview").wait_for()
    page.go_back()
    page.locator("#subject-self").wait_for()
    assert asked == []


def test_the_history_holds_names_of_steps_and_nothing_else(page: Page, picture: Path) -> None:
    reviewed(page, picture)
    states = []
    for _ in range(3):
        states.append(page.evaluate("history.state"))
        page.go_back()
    assert states == [{"step": "review"}, {"step": "words"}, {"step": "choose"}]
    assert page.evaluate("history.state") is None


def test_a_plain_sentence_comes_before_the_message_which_is_folded(
    page: Page, picture: Path
) -> None:
    reviewed(page, picture)
    told = page.inner_text("#contents")
    assert told == "1 picture. Only short codes are sent. They are called hashes."
    assert not page.locator("#document").is_visible()
    page.click("text=Read the exact message")
    assert page.locator("#document").is_visible()
