"""Killed at any moment, a crawler goes on: it repeats nothing that was done, and loses nothing."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from crawler.frontier import outbox
from crawler.frontier.store import Store
from tests.crawler.process import Crawler
from tests.crawler.site import Site, picture
from tests.device.serving import Service
from tests.loopback import answering

PER_PAGE = 4


@pytest.fixture
def service(socket_enabled: None) -> Iterator[Service]:
    del socket_enabled
    with answering(Service()) as opened:
        opened.will({"kept": 1})
        yield opened


def thread(site: Site, pages: int) -> str:
    for page in range(pages):
        seeds = range(page * PER_PAGE, (page + 1) * PER_PAGE)
        for seed in seeds:
            site.medium(f"/{seed}.jpg", picture(seed))
        shown = "".join(f"<img src=/{seed}.jpg>" for seed in seeds)
        site.page(f"/t/{page}", f"{shown}<a rel=next href=/t/{page + 1}>next</a>")
    site.page(f"/t/{pages}", "the end")
    return site.root + "/t/0 thread"


def submitted(service: Service) -> list[tuple[str, str]]:
    """Address and MD5 of every observation that arrived."""
    seen = []
    for asked in list(service.asked):
        for each in asked.body.get("observations", ()):
            (md5,) = (one["value"] for one in each["signals"] if one["type"] == "md5")
            seen.append((each["address"], md5))
    return seen


class Kept:
    """What a killed crawler had on its disk: steps that are done, observations that wait."""

    def __init__(self, crawler: Crawler) -> None:
        frontier = Store(crawler.state)
        with frontier.read() as tx:
            steps = tx.execute("SELECT address FROM steps WHERE result IS NOT NULL")
            self.done = {tx.seals.unseal(sealed).split("/", 3)[3] for (sealed,) in steps}
            self.waiting, _ = outbox.counts(tx)
        frontier.close()


def killed_amid(
    process: subprocess.Popen[str], site: Site, requests: int, seconds: float, *, child: bool
) -> None:
    """Kill it, or its children, some time after it has made so many requests."""
    until = len(site.asked) + requests
    while len(site.asked) < until and process.poll() is None:
        time.sleep(0.005)
    time.sleep(seconds)
    with suppress(psutil.Error):
        crawler = psutil.Process(process.pid)
        for each in crawler.children() if child else [crawler]:
            each.kill()


KILLS = 20


@pytest.mark.soak  # its sibling, with leases, is test_killed_leased.py
def test_it_goes_on_where_it_was(site: Site, service: Service, tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    pages = 2 + 3 * KILLS
    settings = {"CRAWLER_DELAY": "0.02", "CRAWLER_PROFILE": "plain", "TAKEBACK_KEY": "k"}
    crawler = Crawler(tmp_path / "crawler", **settings)
    crawler.watch([thread(site, pages)])
    words = ("run", "--once", "--server", service.url)
    amid = 0
    for _ in range(KILLS):
        process = crawler.start(*words)
        killed_amid(process, site, chance.randrange(3, 9), chance.random() / 5, child=False)
        process.communicate()
        kept, sent, asked = Kept(crawler), submitted(service), len(site.asked)
        amid += bool(kept.done)
        process = crawler.start(*words)  # and a child alone, of a crawler that goes on
        killed_amid(process, site, chance.randrange(2, 6), chance.random() / 5, child=True)
        process.kill()
        process.communicate()
        assert not {path.removeprefix("/") for path in site.asked[asked:]} & kept.done
        assert len(set(sent) & set(submitted(service)[len(sent) :])) <= kept.waiting
    crawler.run(*words)
    assert amid == KILLS
    seen = submitted(service)
    with sqlite3.connect(crawler.state) as frontier:
        assert frontier.execute("SELECT count(*) FROM steps").fetchone()[0] == 0
        assert frontier.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0
        (ended,) = frontier.execute("SELECT outcome, media FROM visits").fetchall()
    assert ended == ("seen", pages * PER_PAGE)
    assert len(set(seen)) == pages * PER_PAGE
