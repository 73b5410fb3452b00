"""What a page in the browser asks for: which requests are sent, and which are only noted."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from crawler.egress.addresses import Address, parsed
from crawler.finding.hints import is_media
from crawler.finding.playlists import is_playlist
from crawler.limits import MAX_REDIRECTS, MEDIA_PER_PAGE, RENDER_REQUESTS, UPLOAD_BYTES
from crawler.outcomes import Disallowed, ErrorKind, FetchError
from crawler.readers.page import Page

Json: TypeAlias = dict[str, Any]
Permits = Callable[[Address], Awaitable[None]]

_SENT = {"Document", "Stylesheet", "Script", "XHR", "Fetch"}
"""Kinds of resources that pages need to show something. Pictures, videos, fonts, pings, event
streams and the rest are not sent."""
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
        """More was asked for than is sent or noted."""
        self.trouble: FetchError | Disallowed | None = None
        """Why the page may show less than it would: something of its own site was not had."""
        self._page = page
        self._origins: set[str] = set()
        self._permits = permits
        self._own = _address(page.url, page)
        self._documents = 0
        self._folders: list[str] = []
        """Of playlists that were noted."""

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
        elif is_playlist(url):
            self._note_playlist(url)
        if kind == "Image":
            return "Fetch.fulfillRequest", {**_HEADERS_OF_DOT, "body": _DOT}
        try:
            address = self._judged(asked, kind, main=main)
        except Disallowed:
            return _failed("BlockedByClient")
        except FetchError as err:
            if main:
                self.trouble = err
            return _failed("AddressUnreachable")
        try:
            await self._permits(address)
        except (Disallowed, FetchError) as err:
            if main or self._is_own_site(address.host):
                self.trouble = err
            return _failed("BlockedByClient")
        self._origins.add(address.origin)
        return "Fetch.continueRequest", {}

    def answered(self, response: Json, kind: str) -> None:
        """Note what says to be a picture or video, and what says that it cannot be had now."""
        url, status = str(response["url"]), response["status"]
        mime = str(response.get("mimeType", ""))
        if mime.startswith(("image/", "video/")) and mime != "image/svg+xml":
            self._note(url)
        if kind in _SENT and isinstance(status, int) and self._is_own_site(urlsplit(url).hostname):
            self._trouble_of(status)

    def failed(self, url: str, kind: str, why: str) -> None:
        """Note that a request of the page's own site was sent, and came to nothing."""
        ours = ("net::ERR_ABORTED", "net::ERR_BLOCKED", "net::ERR_ADDRESS_UNREACHABLE")
        if kind in _SENT and not why.startswith(ours) and self._is_own_site(urlsplit(url).hostname):
            self.trouble = self.trouble or FetchError(ErrorKind.CONNECTION)

    def _trouble_of(self, status: int) -> None:
        if status in {429, 503}:
            self.trouble = FetchError(ErrorKind.BUSY)
        elif status >= 500:  # noqa: PLR2004
            self.trouble = FetchError(ErrorKind.SERVER)
        elif status in {401, 403}:
            self.trouble = FetchError(ErrorKind.FORBIDDEN)

    def _is_own_site(self, host: str | None) -> bool:
        """Whether a host is of the page's site: about, by the last two parts of its name."""
        return (host or "").split(".")[-2:] == self._own.host.split(".")[-2:]

    def _judged(self, asked: Json, kind: str, *, main: bool) -> Address:
        """Return where a request goes. Raises Disallowed, or FetchError, if it is not sent."""
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
        return address

    def _note_playlist(self, url: str) -> None:
        """Note a video in pieces; below the first list of one, the others are its renditions."""
        folder = url.partition("?")[0].rpartition("/")[0] + "/"
        if not folder.startswith(tuple(self._folders)):
            self._folders.append(folder)
            self._note(url)

    def _note(self, url: str) -> None:
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
