"""Leaving in a hurry, from every page, and what is left behind on the device."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.pages import contents, journey, places
from tests.pages.places import Cases
from tests.pages.serving import Elsewhere, Service, elsewhere, serving

pytestmark = pytest.mark.enable_socket

FORGOTTEN = 5000
TOLD = ("Shift, press 2 more times to leave.", "Shift, press 1 more time to leave.")
STOPPED = "Leaving by Shift was stopped."
# What a page could leave on the device: everything that a site may store.
KEPT = """async () => ({
  cookies: document.cookie,
  local: localStorage.length,
  session: sessionStorage.length,
  databases: (await indexedDB.databases()).length,
  caches: (await caches.keys()).length,
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  files: await navigator.storage.estimate().then(({ usage }) => usage),
})"""
NOTHING = {
    **{"cookies": "", "local": 0, "session": 0},
    **{"databases": 0, "caches": 0, "workers": 0, "files": 0},
}
TELLING = re.compile("takeback|picture|photo|video|nude|intimate|hash|withdraw", re.I)


@pytest.fixture(scope="module")
def weather() -> Iterator[Elsewhere]:
    with elsewhere() as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, weather: Elsewhere) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("state"), weather.address) as running:
        yield running


@pytest.fixture(scope="module")
def cases(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Cases:
    return places.made(service, tmp_path_factory.mktemp("files"))


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context() as context:
        yield context.new_page()


def shift(page: Page, times: int = 3) -> None:
    for _ in range(times):
        page.keyboard.press("Shift")


def lights(page: Page) -> str:
    return page.inner_text(".lights") if page.locator(".lights").is_visible() else ""


def click(page: Page) -> None:
    page.click(".exit")


def left(page: Page, leave: Callable[[Page], None], weather: Elsewhere) -> None:
    """Leave while the next page is slow: this one is blank at once. Then go back: it is not there."""
    here, before = page.url, page.evaluate("history.length")
    weather.may_answer.clear()
    leave(page)
    page.wait_for_function("document.documentElement.classList.contains('leaving')")
    assert page.inner_text("html").strip() == ""
    assert page.title() == ""
    weather.may_answer.set()
    page.wait_for_url(weather.address)
    assert page.evaluate("history.length") == before
    page.go_back()
    assert page.url != here


def test_from_every_page_and_state(
    chromium: Browser, service: Service, weather: Elsewhere, cases: Cases
) -> None:
    """Shift three times, wherever one is; the walk then starts anew and goes one state further."""
    walks = (places.information, _files, _overview)
    for walk in walks:
        states = _count(chromium, service, cases, walk)
        assert states
    del weather


def _count(
    chromium: Browser,
    service: Service,
    cases: Cases,
    walk: Callable[[Page, str, Cases], Iterator[str]],
) -> list[str]:
    del chromium, service, cases, walk
    return []
