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

from tests.crawler.process import Crawler
from tests.crawler.site import Site, picture
from tests.device.serving import Service
from tests.loopback import answering

PAGES, PER_PAGE = 5, 4


@pytest.fixture
def service(socket_enabled: None) -> Iterator[Service]:
    del socket_enabled
    with answering(Service()) as opened:
        opened.will({"kept": 1})
        yield opened


def thread(site: Site) -> str:
    for page in range(PAGES):
        seeds = range(page * PER_PAGE, (page + 1) * PER_PAGE)
        for seed in seeds:
            site.medium(f"/{seed}.jpg", picture(seed))
        shown = "".join(f"<img src=/{seed}.jpg>" for seed in seeds)
        site.page(f"/t/{page}", f"{shown}<a rel=next href=/t/{page + 1}>next</a>")
    site.page(f"/t/{PAGES}", "the end")
    return site.root + "/t/0 thread"


def submitted(service: Service) -> list[tuple[str, str]]:
    """Address and MD5 of every observation that arrived."""
    seen = []
    for asked in list(service.asked):
        for each in asked.body["observations"]:
            (md5,) = (one["value"] for one in each["signals"] if one["type"] == "md5")
            seen.append((each["address"], md5))
    return seen


class Kept:
    """What a killed crawler had on its disk: steps that are done, observations that wait."""

    def __init__(self, crawler: Crawler) -> None:
        with sqlite3.connect(crawler.state) as frontier:
            steps = frontier.execute("SELECT address FROM steps WHERE result IS NOT NULL")
            self.done = {str(address).split("/", 3)[3] for (address,) in steps}
            self.waiting = frontier.execute("SELECT count(*) FROM outbox").fetchone()[0]


def killed_at(process: subprocess.Popen[str], seconds: float, *, child: bool) -> None:
    time.sleep(seconds)
    chosen = [psutil.Process(process.pid)]
    with suppress(psutil.Error):
        chosen = chosen[0].children() if child else chosen
    for each in chosen:
        with suppress(psutil.Error):
            each.kill()


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_it_goes_on_where_it_was(site: Site, service: Service, tmp_path: Path, kills: int) -> None:
    amid = 0
    chance = random.Random(kills)
    delay = "0.05" if kills < 10 else "0.3"
    settings = {"CRAWLER_DELAY": delay, "CRAWLER_PROFILE": "plain", "TAKEBACK_KEY": "k"}
    crawler = Crawler(tmp_path / "crawler", **settings)
    crawler.watch([thread(site)])
    for round_ in range(kills):
        process = crawler.start("run", "--once", "--server", service.url)
        killed_at(process, 1.0 + chance.random() * 1.2, child=False)
        process.communicate()
        kept, sent, asked = Kept(crawler), len(submitted(service)), len(site.asked)
        amid += bool(kept.done)
        if round_ % 2:  # also a child alone, of a crawler that goes on
            process = crawler.start("run", "--once", "--server", service.url)
            killed_at(process, 1.0 + chance.random(), child=True)
            process.kill()
            process.communicate()
            repeated = {path.removeprefix("/") for path in site.asked[asked:]} & kept.done
            assert not repeated
            assert len(submitted(service)) - sent <= kept.waiting + PAGES * PER_PAGE
    crawler.run("run", "--once", "--server", service.url)
    assert amid  # it was killed while it had work to do
    seen = submitted(service)
    assert len(set(seen)) == PAGES * PER_PAGE
    assert len(seen) - len(set(seen)) <= 2 * kills  # what was acknowledged, and not yet noted
    with sqlite3.connect(crawler.state) as frontier:
        assert frontier.execute("SELECT count(*) FROM steps").fetchone()[0] == 0
        assert frontier.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0
        (ended,) = frontier.execute("SELECT outcome, media FROM visits").fetchall()
    assert ended == ("seen", PAGES * PER_PAGE)
