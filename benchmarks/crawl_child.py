"""One side of crawl_speed: looks at a site once, when it is told to.

    python -m benchmarks.crawl_child ours|scrapy|hashing ROOT FOLDER PROFILE [--profile FILE]

Says on a line of JSON that it has started, with the pids of its processes; begins when a line
comes; says what it took and found; and ends when its input is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import gc
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

AT_ONCE = 16
"""Requests at once, of both sides, all of them to one host."""
Run = Callable[[], dict[str, int]]


def cpu() -> dict[str, float]:
    """Seconds of processor time so far: of this process, and of all below it, ended or not."""
    here = os.times()
    own = here.user + here.system
    ended = here.children_user + here.children_system
    living = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    return {"crawler": own, "children": ended + sum(sum(each[:4]) for each in living)}


def ours(root: str, folder: Path, profile: str) -> Run:
    """Our crawler with its frontier on the disk and its children, which have answered once."""
    from crawler.egress.guard import Guard  # noqa: PLC0415 (each side loads its own)
    from crawler.frontier import outbox, watches  # noqa: PLC0415
    from crawler.frontier.store import Store  # noqa: PLC0415
    from crawler.frontier.watches import Scope  # noqa: PLC0415
    from crawler.inspecting.inspector import Inspector  # noqa: PLC0415
    from crawler.inspecting.memory import MemoryFile  # noqa: PLC0415
    from crawler.meters import Meters  # noqa: PLC0415
    from crawler.readers.page import Page  # noqa: PLC0415
    from crawler.running import Crawl  # noqa: PLC0415
    from crawler.settings import Settings  # noqa: PLC0415
    from crawler.visiting import Visited  # noqa: PLC0415
    from hashing.views.profile import Profile  # noqa: PLC0415

    store = Store(folder / "crawler.sqlite3")
    with store.write() as tx:
        watches.add(tx, root + "/", Scope.SITE, 1, now=0)
    inspector = Inspector(Profile(profile))

    async def begin() -> None:
        inspector.use_here()
        with MemoryFile() as medium:
            medium.write(_body(root + "/3.jpg"))
            medium.end()
            await inspector.inspect(medium)
        await inspector.read(Page(root + "/", b"<p>x", "text/html", loopback=True))

    asyncio.run(begin())
    ended: list[Visited] = []

    def run() -> dict[str, int]:
        settings = Settings(
            loopback=True,
            delay=0.0,
            requests=AT_ONCE,
            requests_per_host=AT_ONCE,
            profile=Profile(profile),
        )
        guard = Guard(loopback=True)
        crawl = Crawl(settings, store, ended.append, Meters(), guard=guard, inspector=inspector)
        asyncio.run(crawl.run(once=True))
        with store.read() as tx:
            media = outbox.counts(tx)[0]
        pages = sum(n for (kind, _), n in ended[0].results.items() if kind.value == "page")
        return {"pages": pages, "media": media}

    return run


def _body(url: str) -> bytes:
    from urllib.request import urlopen  # noqa: PLC0415 (the peer does not load it here)

    with urlopen(url) as answer:  # noqa: S310 (the site that we serve)
        return bytes(answer.read())


def scrapy(root: str, folder: Path, _profile: str) -> Run:
    """Scrapy as it is, with its FilesPipeline, which keeps files and their MD5, on a disk."""
    from scrapy import Request, Spider  # noqa: PLC0415
    from scrapy.crawler import CrawlerProcess  # noqa: PLC0415

    found = {"pages": 0, "media": 0}

    class Looking(Spider):  # type: ignore[misc,unused-ignore]
        name = "looking"

        async def start(self) -> Any:  # noqa: ANN401 (an iterator, as Scrapy types it)
            yield Request(root + "/")

        def parse(self, response: Any) -> Iterator[Any]:  # noqa: ANN401 (as typed there)
            found["pages"] += 1
            urls = [response.urljoin(src) for src in response.css("img::attr(src)").getall()]
            if urls:
                yield {"file_urls": urls}
            for href in response.css("a::attr(href)").getall():
                yield response.follow(href)

    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": AT_ONCE,
            "CONCURRENT_REQUESTS_PER_DOMAIN": AT_ONCE,
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": True,
            "ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1},
            "FILES_STORE": str(folder / "files"),
            "LOG_ENABLED": False,
            "LOG_INSTALL_ROOT_HANDLER": False,
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
        },
    )

    def run() -> dict[str, int]:
        process.crawl(Looking)
        process.start()
        found["media"] = sum(1 for each in (folder / "files").rglob("*") if each.is_file())
        return found

    return run


def hashing(root: str, _folder: Path, profile: str) -> Run:
    """The child's work alone: the pictures of the site, which it has fetched before."""
    from crawler.inspecting.media import answering  # noqa: PLC0415 (each side loads its own)
    from crawler.inspecting.memory import MemoryFile  # noqa: PLC0415
    from crawler.limits import CHILD_TOGETHER  # noqa: PLC0415
    from hashing.views.profile import Profile  # noqa: PLC0415

    media = []
    for page in re.findall(r'href="([^"]+)"', _body(root + "/").decode()):
        shown = re.findall(r'src="([^"]+)"', _body(root + page).decode())
        media += [_body(root + src) for src in shown]
    answer = answering(profile)
    together = 1 if Profile(profile).views else CHILD_TOGETHER  # as a busy crawler asks
    gc.freeze()  # as the child does

    def run() -> dict[str, int]:
        for begin in range(0, len(media), together):
            with contextlib.ExitStack() as files:
                requests = []
                for untrusted in media[begin : begin + together]:
                    file = files.enter_context(MemoryFile())
                    file.write(untrusted)
                    file.end()
                    assert file.format  # noqa: S101 (it was recognised)
                    requests.append((file.descriptor, {"format": file.format.value, "tiles": ()}))
                json.dumps(answer(requests))
        return {"pages": 0, "media": len(media)}

    return run


def main(side: str, root: str, folder: Path, profile: str, profiled: Path | None) -> None:
    """Be one side."""
    began = time.monotonic()
    run = {"ours": ours, "scrapy": scrapy, "hashing": hashing}[side](root, folder, profile)
    print(json.dumps({"start_seconds": time.monotonic() - began}), flush=True)
    sys.stdin.readline()
    before, began = cpu(), time.monotonic()
    measured = cProfile.Profile(time.thread_time) if profiled else None
    found = measured.runcall(run) if measured else run()
    seconds, after = time.monotonic() - began, cpu()
    if measured and profiled:
        measured.dump_stats(profiled)
    spent = {role: after[role] - before[role] for role in after}
    print(json.dumps({"seconds": seconds, "cpu": spent, **found}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _, side, root, folder, profile, *rest = sys.argv
    main(side, root, Path(folder), profile, Path(rest[1]) if rest else None)
