"""What a person does on the pages, step by step, and what the browser asks for meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, Request, Worker

WAIT = 60_000
"""Milliseconds: hashing on a busy machine."""


class Asked:
    """Every request of a context, its workers' too, and what its pages complain of."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        self.sockets: list[str] = []
        context.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108 (Playwright marks it)
        context.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )
        context.on("page", self._heed)

    def _heed(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.sockets.append(socket.url))
        page.on("pageerror", lambda err: self.complaints.append(str(err)))

    @property
    def addresses(self) -> list[str]:
        return [request.url for request in self.requests]

    def bodies(self) -> list[bytes]:
        return [request.post_data_buffer or b"" for request in self.requests]


def to_files(page: Page, address: str, language: str = "en") -> None:
    """From the start, over leaving and the questions, to the page that hashes, ready."""
    page.goto(f"{address}/{language}/")
    page.locator(".actions a.button").first.click()
    page.locator("main a[href$='/questions']").click()
    answer(page)
    ready(page)


def answer(
    page: Page, subject: str = "self", age: str = "adults", consent: str = "without"
) -> None:
    page.check(f"#subject-{subject}")
    page.check(f"#age-{age}")
    page.check(f"#consent-{consent}")
    page.locator("main form button").click()


def at_files(page: Page, address: str, language: str = "en") -> None:
    """The page that hashes, at once."""
    page.goto(f"{address}/{language}/questions")
    answer(page)
    ready(page)


def ready(page: Page) -> None:
    page.locator("#chooser").wait_for(timeout=WAIT)


def choose(page: Page, paths: Sequence[Path]) -> None:
    page.set_input_files("#files", [str(path) for path in paths])


def hashed(page: Page) -> None:
    """Wait until every row has ended."""
    page.locator("#chosen").wait_for(timeout=WAIT)


def worker(page: Page, name: str = "worker") -> Worker:
    """The worker that hashes, or `solver`, which does the proof of work."""
    (named,) = (each for each in page.workers if each.url.endswith(f"/{name}.js"))
    return named


def row(page: Page, name: str) -> Locator:
    return page.locator("#list > li", has_text=name)


def states(page: Page) -> dict[str, str]:
    """What each row says, by the name of its file."""
    titles = page.locator("#list .title").all_inner_texts()
    return dict(zip(titles, page.locator("#list .state").all_inner_texts(), strict=True))


def review(page: Page) -> str:
    """Go on to the review, past the words of a new case; return the message that it shows."""
    page.click("#chosen")
    page.locator("#words, #review").locator("visible=true").wait_for(timeout=WAIT)
    if page.locator("#words").is_visible():
        page.click("#to-review")
        page.locator("#review").wait_for(timeout=WAIT)
    return page.input_value("#document")


def send(page: Page) -> None:
    page.check("#consent")
    page.click("#send-button")


def card(page: Page) -> tuple[str, str]:
    """Number and words, once they are shown."""
    page.locator("#card").wait_for(timeout=WAIT)
    return page.inner_text("#number"), " ".join(page.locator("#words-kept li").all_inner_texts())


def opened(page: Page, address: str, paths: Iterable[Path], language: str = "en") -> list[str]:
    """Open a case by the pages; return its number and words."""
    at_files(page, address, language)
    choose(page, list(paths))
    hashed(page)
    review(page)
    send(page)
    return list(card(page))


def sign_in(page: Page, address: str, number: str, words: str, language: str = "en") -> None:
    page.goto(f"{address}/{language}/overview")
    page.fill("#case", number)
    page.fill("#passphrase", words)
    page.locator("#open button").click()
