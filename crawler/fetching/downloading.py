"""Scrapy's download handler over the egress guard, within budgets of bytes and seconds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import aiohttp
import yarl
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.http import Headers, Response

from crawler.egress.guard import Guard, error_of
from crawler.fetching.budget import Budget, Sink
from crawler.fetching.decoding import Body
from crawler.outcomes import ErrorKind, FetchError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

_READ = 2**16
_NO_BODY = {204, 304}
_SVG = "image/svg+xml"
_KEPT = ("Location", "Content-Type", "ETag", "Last-Modified", "Retry-After")
"""Headers of an answer that anybody asks for: hostile ones have thousands."""
_SILENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that aiohttp would add by itself: ours come from the request, and say who asks."""


@runtime_checkable
class Guarded(Protocol):
    """What this handler needs of a spider."""

    guard: Guard


class GuardedDownloads(BaseDownloadHandler):
    """Asks for one address and follows nothing.

    Of a request it reads `meta`: `headers`, a mapping; `budget`, a Budget; and `sink`, a Sink that
    takes a body with status 200 instead of the response. Raises FetchError, and nothing else but
    what a Sink raises.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        assert isinstance(crawler.spider, Guarded)  # noqa: S101 (`spider.py` makes no other)
        agent = crawler.settings["USER_AGENT"]
        self._said: dict[str, str] = {"User-Agent": str(agent), "Accept-Language": "en"}
        self._session: aiohttp.ClientSession = crawler.spider.guard.session()

    async def download_request(self, request: Request) -> Response:
        """Return the answer to a request, whatever its status."""
        budget: Budget = request.meta["budget"]
        try:
            async with asyncio.timeout(budget.seconds):
                return await self._ask(request, budget)
        except (aiohttp.ClientError, OSError, ValueError) as err:  # TimeoutError is an OSError
            raise error_of(err) from None

    async def _ask(self, request: Request, budget: Budget) -> Response:
        async with self._session.request(
            request.method,
            yarl.URL(request.url, encoded=True),  # as `addresses.parsed` wrote it
            headers={**request.meta["headers"], **self._said},
            skip_auto_headers=_SILENT,
            allow_redirects=False,
        ) as answer:
            sink: Sink | None = request.meta.get("sink") if answer.status == 200 else None  # noqa: PLR2004
            unread = answer.status in _NO_BODY or (budget.page and _is_medium(answer))
            body = b"" if unread else await _body(answer, budget, sink)
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            return Response(request.url, status=answer.status, headers=Headers(kept), body=body)

    async def close(self) -> None:
        """Close what is kept open."""
        await self._session.close()


def _is_medium(answer: aiohttp.ClientResponse) -> bool:
    """Whether a page is none: `medium` asks for it again, with the budget of its kind."""
    return answer.content_type.startswith(("image/", "video/")) and answer.content_type != _SVG


async def _body(answer: aiohttp.ClientResponse, budget: Budget, sink: Sink | None) -> bytes:
    """Read a body, into the sink if there is one."""
    encodings = answer.headers.getall("Content-Encoding", [])
    body = Body(",".join(encodings), budget.bytes)
    if not budget.cut and (answer.content_length or 0) > budget.bytes:
        raise FetchError(ErrorKind.BYTES)  # before a byte of it is read
    kept: list[bytes] = []
    try:
        async for untrusted in answer.content.iter_chunked(_READ):
            for piece in body.feed(untrusted):
                if sink is None:
                    kept.append(piece)
                else:
                    sink.write(piece)
                    await sink.room()
        body.end()
    except FetchError as err:
        if not (budget.cut and err.kind in {ErrorKind.BYTES, ErrorKind.BOMB}):
            raise
        answer.close()  # the rest is not read
    return b"".join(kept)
