"""Leaving in a hurry, and what is left behind on the device. (From every page: test_access.)"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError

from demo.server import Service
from tests import videos
from tests.pages import contents, journey, places
from tests.pages.elsewhere import Elsewhere
from tests.pages.leaving import KEPT, NOTHING, TOLD, lights, shift
from tests.pages.places import Cases

pytestmark = pytest.mark.enable_socket

FORGOTTEN = 5000
STOPPED = "You are staying on this page."
# Tells what there is to see as soon as the page changes, before the browser does anything else.
WATCH = """() => new MutationObserver(() => {
  const blank = !document.documentElement.innerText.trim() && !document.body.checkVisibility();
  console.log(`blank ${blank}, title ${document.title || "empty"}`);
}).observe(document.documentElement, { attributeFilter: ["class"] })"""


@pytest.fixture(scope="module")
def cases(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Cases:
    return places.made(service, tmp_path_factory.mktemp("files"))


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context() as context:
        context.set_default_timeout(15_000)
        yield context.new_page()


def click(page: Page) -> None:
    """As a finger does; Playwright's own click would wait until the next page is there."""
    box = page.locator(".exit").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def left(page: Page, leave: Callable[[Page], None], weather: Elsewhere) -> None:
    """Leave: the page is blank before the next one is even asked for. Back does not lead to it."""
    before = page.evaluate("history.length")
    page.evaluate(WATCH)
    page.route(weather.address, lambda route: route.continue_())  # so that what is said arrives
    with page.expect_console_message() as said:
        leave(page)
    page.wait_for_url(weather.address)
    assert said.value.text == "blank true, title empty"
    assert page.evaluate("history.length") == before
    page.go_back()


def test_storing_would_have_been_seen(page: Page, service: Service) -> None:
    page.goto(f"{service.address}/en/")
    assert page.evaluate(KEPT) == NOTHING
    page.evaluate("sessionStorage.setItem('a', 'b'); document.cookie = 'a=b';")
    found = page.evaluate(KEPT)
    assert {name for name in found if found[name] != NOTHING[name]} == {"cookies", "session"}


@pytest.mark.parametrize("leave", [shift, click])
@pytest.mark.parametrize("path", ["", "leaving", "questions", "about", "overview"])
def test_the_page_is_blank_at_once_and_gone(
    page: Page,
    service: Service,
    weather: Elsewhere,
    path: str,
    leave: Callable[[Page], None],
) -> None:
    page.goto(f"{service.address}/en/safety")
    page.goto(f"{service.address}/en/{path}")
    left(page, leave, weather)
    assert page.url == f"{service.address}/en/safety"
    assert not [each for each in weather.asked if "Referer" in each or "Cookie" in each]


@pytest.mark.parametrize("leave", [shift, click])
def test_in_the_middle_of_hashing(
    page: Page,
    service: Service,
    weather: Elsewhere,
    tmp_path: Path,
    leave: Callable[[Page], None],
) -> None:
    film = videos.lengthened(contents.video(tmp_path, seconds_each=1), tmp_path / "l.mp4", 200)
    journey.at_files(page, service.address)
    journey.choose(page, [*contents.pictures(tmp_path)[:1], film])
    journey.row(page, "l.mp4").locator(".state", has_text="Hashing: ").wait_for()
    page.evaluate("document.activeElement.blur()")
    left(page, leave, weather)
    assert page.workers == []
    assert "l.mp4" not in page.content()


def test_shift_is_forgotten_and_other_keys_stop_it(page: Page, service: Service) -> None:
    page.clock.install(time=0)
    page.goto(f"{service.address}/en/")
    page.clock.pause_at(3_600_000)
    address = page.url
    shift(page, 2)
    assert lights(page) == TOLD[1]
    page.clock.run_for(FORGOTTEN - 100)
    assert lights(page) == TOLD[1]
    page.clock.run_for(200)
    assert lights(page) == STOPPED
    page.clock.run_for(FORGOTTEN)
    assert lights(page) == ""
    shift(page, 2)
    page.keyboard.press("a")
    assert lights(page) == STOPPED
    shift(page, 1)
    assert lights(page) == TOLD[0]
    page.clock.run_for(2 * FORGOTTEN + 100)
    for _ in range(4):
        page.keyboard.press("Shift+A")
    assert lights(page) == ""
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
    assert lights(page) == ""
    assert page.url == address


def test_writing_capitals_does_not_leave(page: Page, service: Service) -> None:
    page.goto(f"{service.address}/en/overview")
    page.focus("#passphrase")
    for letter in "ABANDON ZEBRA":
        page.keyboard.down("Shift")
        page.keyboard.press(letter)
        page.keyboard.up("Shift")
    assert page.input_value("#passphrase") == "ABANDON ZEBRA"
    assert lights(page) == ""


def closed(page: Page) -> None:
    page.get_by_role("button", name="Close the overview").click()
    page.locator(".opening").wait_for()


def reloaded(page: Page) -> None:
    page.locator("li.entry form[action$='/withdraw'] button").first.click()
    page.locator("form[action$='/withdrawn']").wait_for()
    page.reload()


@pytest.mark.parametrize("leave", [closed, reloaded])
def test_neither_back_nor_a_reload_shows_a_case(
    page: Page, service: Service, cases: Cases, leave: Callable[[Page], None]
) -> None:
    """Not its overview, nor what was typed to open it, nor by sending the form once more."""
    number, words = cases.found
    journey.sign_in(page, service.address, number, words)
    page.locator("li.entry").first.wait_for()
    leave(page)
    for step in (page.reload, page.go_back, page.reload, page.go_back, page.reload):
        with contextlib.suppress(PlaywrightError):  # there may be nothing to go back to
            step()
        page.wait_for_timeout(200)
        shown = page.content()
        assert number not in shown
        assert "Picture 1" not in shown
        for field in page.locator("#case, #passphrase, [name=access_key]").all():
            assert not field.input_value()


def test_the_link_leaves_without_scripts(
    chromium: Browser, service: Service, weather: Elsewhere
) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{service.address}/en/questions")
        page.click(".exit")
        page.wait_for_url(weather.address)
        assert "Referer" not in weather.asked[-1]
