"""Which requests of a page are sent, and what is made of them: without a browser."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crawler.egress.addresses import Address, parsed
from crawler.limits import MAX_REDIRECTS, RENDER_REQUESTS
from crawler.outcomes import Disallowed, ErrorKind, FetchError
from crawler.readers.page import Page
from crawler.rendering.requests import Requests

PAGE = Page("https://www.example.org/page", b"<script></script>", "text/html")
CONTINUED, FAILED, GIVEN = "Fetch.continueRequest", "Fetch.failRequest", "Fetch.fulfillRequest"


class Asked:
    """The requests of one page, of which robots.txt forbids /no, and does not answer for /down."""

    def __init__(self) -> None:
        self.requests = Requests(PAGE, self._permits)
        self.permitted: list[str] = []
        self.ask(PAGE.url, "Document")

    async def _permits(self, address: Address) -> None:
        self.permitted.append(address.url)
        if "/no" in address.url:
            raise Disallowed
        if "/down" in address.url:
            raise FetchError(ErrorKind.SERVER)

    def ask(self, url: str, kind: str, *, frame: str = "main", **more: Any) -> str:
        paused = {
            "request": {"url": url, "method": "GET", **more},
            "resourceType": kind,
            "frameId": frame,
        }
        return asyncio.run(self.requests.answer(paused, "main"))[0]

    def connected(self, url: str) -> bool:
        try:
            asyncio.run(self.requests.permits_connection(parsed(url)))
        except Disallowed:
            return False
        return True


KINDS = [
    ("/app.js", "Script", CONTINUED),
    ("/style.css", "Stylesheet", CONTINUED),
    ("https://cdn.example.net/app.js", "Script", CONTINUED),
    ("/list.json", "Fetch", CONTINUED),
    ("/frame", "Document", CONTINUED),
    ("https://ads.example.net/frame", "Document", FAILED),
    ("/1.jpg", "Image", GIVEN),
    ("/1.mp4", "Media", FAILED),
    ("/segment.ts", "XHR", FAILED),
    ("/font.woff2", "Font", FAILED),
    ("/beacon", "Ping", FAILED),
    ("/events", "EventSource", FAILED),
    ("/later", "Prefetch", FAILED),
    ("/what", "Other", FAILED),
    ("/no/app.js", "Script", FAILED),
    ("http://169.254.169.254/", "Fetch", FAILED),
    ("http://localhost:8080/", "Fetch", FAILED),
    ("http://[::1]/", "Script", FAILED),
    ("file:///etc/passwd", "Document", FAILED),
    ("https://user@www.example.org/", "Fetch", FAILED),
]


@pytest.mark.parametrize(("reference", "kind", "command"), KINDS)
def test_only_what_shows_something_is_sent(reference: str, kind: str, command: str) -> None:
    asked = Asked()
    url = reference if "://" in reference or ":/" in reference else PAGE.url[:-5] + reference
    assert asked.ask(url, kind, frame="child") == command
    assert asked.permitted == [url] * (command == CONTINUED or "/no" in url)
    if command != CONTINUED and url.startswith("http") and "169" not in url:
        assert list(asked.requests.media) == [url] * (kind in {"Image", "Media", "XHR"})


def test_a_page_itself_is_not_asked_for_again_and_leads_on_as_far_as_a_redirect() -> None:
    asked = Asked()
    assert asked.permitted == []
    on = [asked.ask(f"https://other.example/{n}", "Document") for n in range(MAX_REDIRECTS + 1)]
    assert on == [CONTINUED] * MAX_REDIRECTS + [FAILED]
    assert isinstance(asked.requests.trouble, FetchError)
    assert asked.requests.trouble.kind is ErrorKind.REDIRECTS


def test_posts_go_to_the_page_s_own_origin() -> None:
    asked = Asked()
    own, other = "https://www.example.org/api", "https://api.example.org/"
    assert asked.ask(own, "Fetch", method="POST", postData="{}") == CONTINUED
    assert asked.ask(own, "Fetch", method="POST", postData="x" * 70_000) == FAILED
    assert asked.ask(own, "Fetch", method="DELETE") == FAILED
    assert asked.ask(own, "Document", method="POST", frame="child") == FAILED
    assert asked.ask(other, "Fetch", method="POST") == FAILED


def test_connections_lead_only_to_where_a_request_was_sent() -> None:
    asked = Asked()
    assert not asked.connected("https://www.example.org/")
    asked.ask("https://www.example.org/app.js", "Script")
    asked.ask("https://cdn.example.net/no.js", "Script")
    assert asked.connected("https://www.example.org/")
    assert not asked.connected("http://www.example.org/")
    assert not asked.connected("https://cdn.example.net/")


def test_there_are_not_more_requests_than_may_be() -> None:
    asked = Asked()
    commands = [asked.ask(f"https://www.example.org/{n}", "Fetch") for n in range(400)]
    assert commands.count(CONTINUED) == RENDER_REQUESTS
    assert asked.requests.cut


TROUBLES = [
    ("https://www.example.org/no/list", 0, Disallowed),
    ("https://api.example.org/down", 0, ErrorKind.SERVER),
    ("https://ads.example.net/down", 0, None),
    ("https://www.example.org/list", 200, None),
    ("https://www.example.org/list", 404, None),  # this is how what is gone looks
    ("https://www.example.org/list", 403, ErrorKind.FORBIDDEN),
    ("https://www.example.org/list", 429, ErrorKind.BUSY),
    ("https://www.example.org/list", 502, ErrorKind.SERVER),
    ("https://ads.example.net/list", 502, None),
]


@pytest.mark.parametrize(("url", "status", "trouble"), TROUBLES)
def test_what_of_its_own_site_a_page_could_not_have_is_noted(
    url: str, status: int, trouble: object
) -> None:
    asked = Asked()
    asked.ask(url, "Fetch")
    if status:
        asked.requests.answered({"url": url, "status": status, "mimeType": "text/plain"}, "Fetch")
    found = asked.requests.trouble
    assert (found.kind if isinstance(found, FetchError) else found and type(found)) == trouble


def test_of_a_video_in_pieces_its_main_list_is_noted() -> None:
    asked = Asked()
    lists = ["/a/main.m3u8?x=1", "/a/low/list.m3u8", "/a/high.m3u8", "/b/main.m3u8"]
    for each in lists:  # players need them, so they are sent
        assert asked.ask("https://v.example.net" + each, "Fetch") == CONTINUED
    assert list(asked.requests.media) == [
        "https://v.example.net/a/main.m3u8?x=1",
        "https://v.example.net/b/main.m3u8",
    ]


def test_what_an_answer_says_to_be_is_noted() -> None:
    asked = Asked()
    for kind, url in (("video/mp4", "https://a.example/v?id=1"), ("image/svg+xml", "https://a/x")):
        asked.requests.answered({"url": url, "status": 200, "mimeType": kind}, "Fetch")
    assert list(asked.requests.media) == ["https://a.example/v?id=1"]
    asked.requests.failed("https://www.example.org/list", "Fetch", "net::ERR_EMPTY_RESPONSE")
    assert isinstance(asked.requests.trouble, FetchError)
