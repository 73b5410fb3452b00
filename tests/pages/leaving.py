"""Leaving in a hurry from every state of a walk, and what the walk leaves behind on the device."""

from __future__ import annotations

from playwright.sync_api import Page, Response, Route

from tests.pages.elsewhere import Elsewhere
from tests.pages.fits import TELLING

TOLD = ("Press Shift 2 more times to leave.", "Press Shift 1 more time to leave.")
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
    "cookies": "",
    "local": 0,
    "session": 0,
    "databases": 0,
    "caches": 0,
    "workers": 0,
    "files": 0,
}
COME_BACK = """(title) => {
  document.title = title;
  dispatchEvent(new Event("pageshow"));
}"""
BLANK = "!document.documentElement.innerText.trim() && !document.body.checkVisibility()"


def shift(page: Page, times: int = 3) -> None:
    for _ in range(times):
        page.keyboard.press("Shift")


def lights(page: Page) -> str:
    return page.inner_text(".lights") if page.locator(".lights").is_visible() else ""


class Leaving:
    """Tries to leave from each state of a walk, which goes on as no page really leaves."""

    def __init__(self, page: Page, weather: Elsewhere) -> None:
        self._page = page
        self._weather = weather
        self._wanted = 0
        self._titles: list[str] = []
        self._stored = set[str]()
        page.context.route(weather.address, self._nothing)
        page.context.on("response", self._note)

    def _nothing(self, route: Route) -> None:
        self._wanted += 1
        route.fulfill(status=204)

    def _note(self, answer: Response) -> None:
        """What an answer of ours says of storing it; nothing of it is asked for at the exit."""
        if answer.status != 204:
            self._stored.add(answer.headers.get("cache-control", answer.url))

    def tried(self, state: str) -> None:
        """Press Shift three times: the page is blank at once, and its title is back afterwards."""
        page = self._page
        page.wait_for_load_state()  # what listens to Shift is there
        self._titles.append(page.title())
        page.evaluate("document.activeElement.blur()")
        for told in TOLD:
            shift(page, 1)
            assert lights(page) == told, state
        with page.expect_request(self._weather.address):
            shift(page, 1)
        assert page.evaluate(BLANK), state
        assert self._wanted == len(self._titles), state
        page.evaluate(COME_BACK, self._titles[-1])

    def ended(self) -> None:
        """Nothing was kept on the device, and no title tells what the pages are for."""
        self._page.context.remove_listener("response", self._note)
        assert len(self._titles) > 30
        assert len(set(self._titles)) > 8
        assert not [title for title in self._titles if TELLING.search(title)]
        assert self._page.evaluate(KEPT) == NOTHING
        assert self._page.context.storage_state() == {"cookies": [], "origins": []}
        assert self._stored == {"no-store"}
