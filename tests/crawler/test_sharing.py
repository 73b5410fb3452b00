"""Several crawlers on one service: each watch is visited by one of them.

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
from crawler.frontier.store import MEMORY, Store
from crawler.inspecting.inspector import Inspector
from crawler.meters import Meters
from crawler.outcomes import Outcome
from crawler.reporting.submitting import Reporter, service
from crawler.running import Crawl
from crawler.visiting import Visited
from demo.server import Service, running
from hashing.views.profile import Profile
from tests.crawler.looking import QUICK
from tests.crawler.site import Site, picture

LATENCY = 0.2
# Two visits at a time: what costs time is the site, and not the machine of the test.
SLOW = replace(QUICK, visits=2, requests_per_host=2)


def visited_by(count: int, store: Service, site: Site, key: str) -> tuple[list[list[str]], float]:
    """Which watches each of `count` crawlers visits until none is due, and the seconds it takes."""

    def lookup(host: str, port: int) -> list[AddrInfo]:
        del host, port
        return [(2, 1, 6, "", site.server_address)]

    seen: list[list[str]] = [[] for _ in range(count)]
    crawls = []
    with ExitStack() as stack:
        for mine in seen:

            def note(visited: Visited, mine: list[str] = mine) -> None:
                assert visited.judged.outcome is Outcome.SEEN
                mine.append(visited.watch.address)

            frontier, to = Store(MEMORY), service(store.address, key)
            inspector = Inspector(Profile.PLAIN)
            stack.callback(inspector.close)
            guard = Guard(loopback=True, lookup=lookup)
            reporter = Reporter(frontier, to)
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
            seen, seconds[crawlers] = visited_by(crawlers, store, site, watched(store, count))
        assert each_once(seen, count)
        assert all(seen)
    with capsys.disabled():
        sys.stderr.write(f"\n{count} watches: seconds by crawlers: {seconds}\n")
    assert seconds[3] <= 0.4 * seconds[1], seconds
