"""The proof of work in the page: at the difficulty that everybody has, and when more is needed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from demo import server
from demo.server import Service
from hashing import Eligibility, OwnerClient, Submission, hash_file, new_passphrase
from service.domain.work import FREE_OF_SOURCE
from service.sealing import Seals
from service.settings import Settings
from tests.pages import contents, journey

pytestmark = pytest.mark.enable_socket

PIECES = Settings().work_pieces
HOLD = """() => {
  window.held = [];
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...more) {
    const send = () => post.call(this, message, ...more);
    if (!("pieces" in message)) return send();
    window.held.push(send);
    document.documentElement.dataset.held = "";
  };
}"""
"""Keeps the work from beginning until `release`: a slow device."""


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contents.pictures(tmp_path_factory.mktemp("files"))[0]


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that asks for as much work as every service, and soon for more."""
    with server.running(tmp_path_factory.mktemp("state"), CASES_PER_HOUR="60") as running:
        yield running


@pytest.fixture
def page(chromium: Browser, priced: Service) -> Iterator[Page]:
    with chromium.new_context() as context:
        opened = context.new_page()
        journey.at_files(opened, priced.address)
        yield opened


def reviewed(page: Page, picture: Path) -> list[int]:
    """Go to the review; return the nonces of the message that it shows."""
    journey.choose(page, [picture])
    journey.hashed(page)
    shown = json.loads(journey.review(page))
    assert list(shown) == ["version", "access_key", "work", "eligibility", "entries"]
    nonces: list[int] = shown["work"]["nonces"]
    return nonces


def held(page: Page) -> None:
    """Wait until the page has asked for work that is held."""
    page.locator("[data-held]").wait_for(state="attached", timeout=journey.WAIT)


def release(page: Page) -> None:
    page.evaluate("() => held.forEach((send) => send())")


def posted(asked: journey.Asked) -> list[bytes]:
    """The messages that were sent."""
    return [body for body in asked.bodies() if body.startswith(b"document=")]


def sent_again(page: Page, asked: journey.Asked, before: list[int]) -> list[int]:
    """Send; return the nonces of the second message, which the page has sent by itself."""
    journey.send(page)
    journey.card(page)
    first, second = posted(asked)
    text = page.input_value("#document").replace("\n", "\r\n").encode()
    assert second == b"document=" + text + b"\r\n"
    bodies = [json.loads(each.removeprefix(b"document=")) for each in (first, second)]
    works = [each.pop("work") for each in bodies]
    assert bodies[0] == bodies[1]
    assert works[0]["nonces"] == before
    nonces: list[int] = works[1]["nonces"]
    return nonces


def test_the_work_is_done_without_a_network_before_the_review(page: Page, picture: Path) -> None:
    asked = journey.Asked(page.context)
    page.context.set_offline(offline=True)
    assert len(reviewed(page, picture)) == PIECES
    assert asked.addresses == []
    page.context.set_offline(offline=False)
    journey.send(page)
    journey.card(page)
    (body,) = posted(asked)
    text = page.input_value("#document").replace("\n", "\r\n").encode()
    assert body == b"document=" + text + b"\r\n"


def test_if_the_price_has_risen_the_page_does_the_rest_and_sends_again(
    page: Page, priced: Service, picture: Path
) -> None:
    asked = journey.Asked(page.context)
    before = reviewed(page, picture)
    answers = Eligibility("self", adults=True, intimate=True)
    for _ in range(FREE_OF_SOURCE + 1):
        OwnerClient(priced.address, new_passphrase()).open_case(
            Submission((hash_file(picture),), answers)
        )
    after = sent_again(page, asked, before)
    assert len(after) > len(before)
    assert after[: len(before)] == before


def expired(priced: Service) -> str:
    """A challenge that this service made three hours ago."""
    seals = Seals(bytes.fromhex((priced.state / "secret").read_text()))
    minute = int(time.time() // 60) - 180
    return f"{minute}.{seals.challenge(minute)}"


def test_an_old_page_does_the_work_anew_and_loses_nothing(
    page: Page, priced: Service, picture: Path
) -> None:
    page.evaluate("(old) => { app.dataset.challenge = old; }", expired(priced))
    asked = journey.Asked(page.context)
    before = reviewed(page, picture)
    assert sent_again(page, asked, before)[:5] != before[:5]


def test_whoever_goes_back_meanwhile_has_sent_nothing_more(
    page: Page, priced: Service, picture: Path
) -> None:
    page.evaluate("(old) => { app.dataset.challenge = old; }", expired(priced))
    asked = journey.Asked(page.context)
    reviewed(page, picture)
    page.evaluate(HOLD)
    with page.expect_response("**/sent/error/WorkExpired/*"):
        journey.send(page)
    held(page)  # the answer is here before the page has begun to work anew
    page.click("#to-choose")
    release(page)
    page.locator("#send-button:not([aria-disabled])").wait_for(
        state="attached", timeout=journey.WAIT
    )
    page.wait_for_timeout(500)
    assert len(posted(asked)) == 1
    assert page.locator("#choose").is_visible()
    journey.review(page)
    journey.send(page)
    journey.card(page)


def test_whoever_has_to_wait_sees_how_far_it_is(page: Page, picture: Path) -> None:
    page.evaluate(HOLD)
    journey.choose(page, [picture])
    journey.hashed(page)
    page.click("#chosen")
    page.click("#to-review")
    page.locator("#work", has_text="Almost ready: 0 %").wait_for()
    held(page)
    release(page)
    page.locator("#review").wait_for(timeout=journey.WAIT)
    assert page.locator("#work").text_content() == ""


def test_a_worker_that_breaks_is_loaded_again(page: Page, picture: Path) -> None:
    journey.worker(page, "solver").evaluate("setTimeout(() => { throw new Error('broken'); })")
    page.wait_for_timeout(200)
    assert reviewed(page, picture)
