"""Several crawlers on one service, or one frontier: each watch is visited by one of them.

That no two take the same, tests/server/test_watches.py tries on both stores.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.egress.guard import AddrInfo, Guard
from crawler.frontier import watches
from crawler.frontier.opening import opened
from crawler.frontier.store import MEMORY, Store
from crawler.frontier.transactions import Frontier
from crawler.frontier.watches import Scope
from crawler.inspecting.inspector import Inspector
from crawler.meters import Meters
from crawler.outcomes import Outcome
from crawler.reporting import submitting
from crawler.reporting.submitting import Reporter
from crawler.running import Crawl
from crawler.visiting import Visited
from demo.server import Service, running
from hashing.views.profile import Profile
from tests.crawler.looking import QUICK
from tests.crawler.postgresql import SECRET, Server
from tests.crawler.site import Site, picture

LATENCY = 0.2
# Two visits at a time: what costs time is the site, and not the machine of the test.
SLOW = replace(QUICK, visits=2, requests_per_host=2)


def visited_by(
    frontiers: Sequence[Frontier], to: submitting.Service | None, site: Site
) -> tuple[list[list[str]], float]:
    """Which watches a crawler of each visits until none is due, and the seconds it takes."""

    def lookup(host: str, port: int) -> list[AddrInfo]:
        del host, port
        return [(2, 1, 6, "", site.server_address)]

    seen: list[list[str]] = [[] for _ in frontiers]
    crawls = []
    with ExitStack() as stack:
        for frontier, mine in zip(frontiers, seen, strict=True):

            def note(visited: Visited, mine: list[str] = mine) -> None:
                assert visited.judged.outcome is Outcome.SEEN
                mine.append(visited.watch.address)

            inspector = Inspector(Profile.PLAIN)
            stack.callback(inspector.close)
            guard = Guard(loopback=True, lookup=lookup)
            reporter = Reporter(frontier, to) if to else None
            crawls.append(Crawl(SLOW, frontier, note, Meters(), reporter, guard, inspector, to))
        begun = time.monotonic()
        asyncio.run(together(crawls))
        return seen, time.monotonic() - begun


async def together(crawls: Sequence[Crawl]) -> None:
    await asyncio.gather(*(each.run(once=True) for each in crawls))


def watched(store: Service, count: int) -> str:
    """Report addresses as a platform; return the key of a crawler."""
    platform = f"Bearer {store.new_key('Somewhere')}"
    for n in range(count):
        wanted = {"address": f"http://w{n}.example.com/page", "shows_minor": False}
        assert store.ask("POST", "/v1/watches", wanted, platform)[0] == 200
    return store.new_key("Ours", "crawler")


def each_once(seen: list[list[str]], count: int) -> bool:
    visits = Counter(address for mine in seen for address in mine)
    return len(visits) == count and set(visits.values()) == {1}


@pytest.mark.soak
def test_three_crawlers_take_two_fifths_of_the_time_of_one(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count, seconds = 500, {}
    site.medium("/1.jpg", picture(1))
    site.page("/page", "<img src=/1.jpg>")
    site.latency = LATENCY
    for crawlers in (1, 3):
        with running(tmp_path / f"{crawlers}") as store:
            to = submitting.service(store.address, watched(store, count))
            frontiers = [Store(MEMORY) for _ in range(crawlers)]
            seen, seconds[crawlers] = visited_by(frontiers, to, site)
        assert each_once(seen, count)
        assert all(seen)
    assert_faster(seconds, capsys)


@pytest.mark.soak
def test_three_crawlers_of_one_frontier_do_too(
    site: Site, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    count, seconds = 500, {}
    site.medium("/1.jpg", picture(1))
    site.page("/page", "<img src=/1.jpg>")
    site.latency = LATENCY
    for crawlers in (1, 3):
        place = server.database()
        with ExitStack() as stack:
            frontiers = [opened(place, secret=bytes.fromhex(SECRET)) for _ in range(crawlers)]
            for each in frontiers:
                stack.callback(each.close)
                each.claim()
            with frontiers[0].write() as tx:
                for n in range(count):
                    watches.add(tx, f"http://w{n}.example.com/page", Scope.PAGE, 0, now=0)
            seen, seconds[crawlers] = visited_by(frontiers, None, site)
        assert each_once(seen, count)
        assert all(seen)
    assert_faster(seconds, capsys)


def assert_faster(seconds: dict[int, float], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stderr.write(f"\nseconds by crawlers: {seconds}\n")
    assert seconds[3] <= 0.4 * seconds[1], seconds
