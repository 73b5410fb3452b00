"""One Scrapy crawl that does what it is given to do: its engine, its slots, our requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.http import Response

from crawler.egress.guard import Guard

Download = Callable[[Request], Awaitable[Response]]
Slow = Callable[[str, float], None]
"""Gives the slot of a host a delay in seconds."""
Work = Callable[[Download, Slow], Awaitable[None]]


class Looking(Spider):
    """Does its work with the engine's downloader, and yields no request of its own."""

    name = "takeback"

    def __init__(self, guard: Guard, work: Work) -> None:
        super().__init__()
        self.guard = guard
        self.failure: BaseException | None = None
        self._work = work

    async def start(self) -> AsyncIterator[Any]:
        """Do the work. What it raises is kept for `crawl`, as Scrapy would only log it."""
        try:
            await self._work(self._download, self._slow)
        except Exception as err:  # noqa: BLE001 (raised again by `crawl`)
            self.failure = err
        return
        yield  # an async generator, as Scrapy wants

    async def _download(self, request: Request) -> Response:
        assert self.crawler.engine is not None  # noqa: S101 (it runs this)
        return await self.crawler.engine.download_async(request)

    def _slow(self, host: str, delay: float) -> None:
        assert self.crawler.engine is not None  # noqa: S101 (it runs this)
        if slot := self.crawler.engine.downloader.slots.get(host):
            slot.delay = delay


async def crawl(settings: dict[str, Any], guard: Guard, work: Work) -> None:
    """Run `work` within a crawl. Raises what it raises."""
    runner = AsyncCrawlerRunner(settings)
    crawler = runner.create_crawler(Looking)
    await runner.crawl(crawler, guard=guard, work=work)
    spider = crawler.spider
    if isinstance(spider, Looking) and spider.failure is not None:
        raise spider.failure
