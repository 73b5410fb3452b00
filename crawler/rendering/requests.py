"""What a page in the browser asks for: which requests are sent, and which are only noted."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from crawler.egress.addresses import Address, parsed
from crawler.finding.hints import is_media
from crawler.limits import MAX_REDIRECTS, MEDIA_PER_PAGE, RENDER_REQUESTS, UPLOAD_BYTES
from crawler.outcomes import Disallowed, ErrorKind, FetchError
from crawler.readers.page import Page

Json: TypeAlias = dict[str, Any]
Permits = Callable[[Address], Awaitable[None]]

_SENT = {"Document", "Stylesheet", "Script", "XHR", "Fetch"}
"""Kinds of resources that pages need to show something. Pictures, videos, fonts, pings, event
streams and the rest are not sent."""
_PLAYLIST = re.compile(r"\.(?:m3u8|mpd)$", re.I)
_DOT = base64.b64encode(
    b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
).decode()
"""A picture of one transparent point, which is loaded without an error: scripts go on."""


class Requests:
    """Decides over the requests of one page, and notes the media among them."""

    def __init__(self, page: Page, permits: Permits) -> None:
        self.media: dict[str, None] = {}
        self.sent = 0
        self.cut = False
        """More was asked for than is sent."""
        self.refused: ErrorKind | None = None
        """Why the page itself could not be had where it leads to."""
        self._page = page
        self._origins: set[str] = set()
        self._permits = permits
        self._own = _address(page.url, page)
        self._documents = 0

    async def permits_connection(self, address: Address) -> None:
        """Refuse connections, for the proxy, but to where a request was sent. Raises Disallowed.

        So what no request was seen of (sockets, workers, the browser itself) leads nowhere else.
        """
        if address.origin not in self._origins:
            raise Disallowed

    async def answer(self, paused: Json, frame: str) -> tuple[str, Json]:
        """Return the command for a request that waits. `frame` is the page's own."""
        asked = paused["request"]
        url, kind = str(asked["url"]), str(paused["resourceType"])
        main = kind == "Document" and paused["frameId"] == frame
        if main and not self._documents:
            self._documents = 1
            return "Fetch.fulfillRequest", _fulfilled(self._page)
        if kind in {"Image", "Media"} or (kind in {"XHR", "Fetch"} and is_media(url)):
            self._note(url)
        if kind == "Image":
            return "Fetch.fulfillRequest", {**_HEADERS_OF_DOT, "body": _DOT}
        try:
            await self._judge(asked, kind, main=main)
        except Disallowed:
            return _failed("BlockedByClient")
        except FetchError as err:
            if main:
                self.refused = err.kind
            return _failed("AddressUnreachable")
        return "Fetch.continueRequest", {}

    def seen(self, response: Json) -> None:
        """Note what says to be a picture or video once it is there."""
        kind = str(response.get("mimeType", ""))
        url = str(response.get("url", ""))
        if kind.startswith(("image/", "video/")) and kind != "image/svg+xml":
            self._note(url)

    async def _judge(self, asked: Json, kind: str, *, main: bool) -> None:
        """Raise Disallowed, or FetchError, for what is not sent."""
        address = _address(str(asked["url"]), self._page)
        own = address.origin == self._own.origin
        posts = asked["method"] == "POST" and own and kind in {"XHR", "Fetch"}
        if asked["method"] not in {"GET", "HEAD"} and not posts:
            raise Disallowed
        if kind not in _SENT or (kind != "Document" and is_media(address.url)):
            raise Disallowed
        if len(str(asked.get("postData", ""))) > UPLOAD_BYTES:
            raise Disallowed
        if main:
            self._documents += 1
            if self._documents > MAX_REDIRECTS + 1:
                raise FetchError(ErrorKind.REDIRECTS)
        elif kind == "Document" and address.host != self._own.host:
            raise Disallowed  # of a frame: the page's parts are steps of their own
        self.sent += 1
        if self.sent > RENDER_REQUESTS:
            self.cut = True
            raise Disallowed
        await self._permits(address)
        self._origins.add(address.origin)

    def _note(self, url: str) -> None:
        if _PLAYLIST.search(urlsplit(url).path):
            return
        if len(self.media) < MEDIA_PER_PAGE:
            self.media[url] = None
        else:
            self.cut = True


_HEADERS_OF_DOT: Json = {
    "responseCode": 200,
    "responseHeaders": [
        {"name": "Content-Type", "value": "image/gif"},
        {"name": "Access-Control-Allow-Origin", "value": "*"},
    ],
}


def _address(url: str, page: Page) -> Address:
    return parsed(url, loopback=page.loopback)


def _fulfilled(page: Page) -> Json:
    """The page as it came: it is not asked for again."""
    kind = page.content_type or "text/html"
    return {
        "responseCode": 200,
        "responseHeaders": [{"name": "Content-Type", "value": kind}],
        "body": base64.b64encode(page.body).decode(),
    }


def _failed(why: str) -> tuple[str, Json]:
    return "Fetch.failRequest", {"errorReason": why}
