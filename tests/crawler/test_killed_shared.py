"""Crawlers on one PostgreSQL frontier, killed and cut off: all is seen, and nothing done again."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.frontier import watches
from crawler.frontier.crawlers import CLAIM_SECONDS
from crawler.frontier.opening import opened
from crawler.frontier.watches import Scope
from tests.crawler.postgresql import PASSWORD, SECRET, Server
from tests.crawler.process import Crawler
from tests.crawler.site import Site, picture
from tests.crawler.test_killed import submitted
from tests.device.serving import Service
from tests.loopback import answering

PAGES, PER_PAGE = 2, 4


@pytest.fixture
def service(socket_enabled: None) -> Iterator[Service]:
    del socket_enabled
    with answering(Service()) as opened:
        opened.will({"kept": 1})
        yield opened


class Crowd:
    """Crawlers, each a process, on one frontier; and what is on its disk."""

    def __init__(self, site: Site, service: Service, server: Server, folder: Path) -> None:
        self.site, self.service, self.server, self.folder = site, service, server, folder
        self.address = server.database()
        self.store = opened(self.address, secret=bytes.fromhex(SECRET))
        self.paths: set[str] = set()
        self.processes: dict[int, subprocess.Popen[str]] = {}
        self.said = ""

    def watch(self, count: int) -> None:
        """Watch threads of some pages with some pictures, each another one."""
        begun = len(self.paths)
        for number in range(begun, begun + count):
            for page in range(PAGES):
                seeds = [(number * PAGES + page) * PER_PAGE + n for n in range(PER_PAGE)]
                for seed in seeds:
                    self.site.medium(f"/{seed}.jpg", picture(seed, size=(96, 72)))
                shown = "".join(f"<img src=/{seed}.jpg>" for seed in seeds)
                on = f"<a rel=next href=/t/{number}/{page + 1}>on</a>" if page + 1 < PAGES else ""
                self.site.page(f"/t/{number}/{page}", shown + on)
                self.paths |= {f"/{seed}.jpg" for seed in seeds} | {f"/t/{number}/{page}"}
            with self.store.write() as tx:
                watches.add(tx, f"{self.site.root}/t/{number}/0", Scope.THREAD, 0, now=0)

    def start(self, count: int = 1) -> None:
        """Start some more. Each says first which number it has."""
        begun = []
        settings = {"CRAWLER_STATE": self.address, "CRAWLER_SECRET": SECRET, "TAKEBACK_KEY": "k"}
        settings |= {"CRAWLER_PROFILE": "plain", "CRAWLER_VISITS": "2", "CRAWLER_DELAY": "0.02"}
        for _ in range(count):
            crawler = Crawler(self.folder / str(len(list(self.folder.iterdir()))), **settings)
            begun.append(crawler.start("run", "--server", self.service.url))
        for process in begun:
            assert process.stderr is not None
            found = re.search(r"this is crawler (\d+)", process.stderr.readline())
            assert found, "".join(process.communicate())
            self.processes[int(found[1])] = process

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        return self.server.ask(statement, self.address)

    def crawlers(self) -> set[int]:
        return {each for (each,) in self.ask("SELECT id FROM crawlers")}

    def until_buried(self, number: int) -> None:
        others = [process for each, process in self.processes.items() if each != number]
        until(lambda: number not in self.crawlers(), *others, seconds=CLAIM_SECONDS + 60)

    def stop_for_long(self, number: int) -> None:
        """Stop one outside of a transaction (in one, the server would end it after 30 seconds)."""
        process = self.processes[number]
        free = f"SELECT 1 FROM crawlers WHERE id = {number} FOR UPDATE SKIP LOCKED"  # noqa: S608
        process.send_signal(signal.SIGSTOP)
        while not self.ask(free):
            process.send_signal(signal.SIGCONT)
            time.sleep(0.01)
            process.send_signal(signal.SIGSTOP)
        self.server.bury(number, self.address)
        self.until_buried(number)
        process.send_signal(signal.SIGCONT)

    def done(self, number: int) -> set[str]:
        """Paths of the finished steps of a crawler's open visits."""
        rows = self.ask(
            "SELECT s.address FROM steps s JOIN visits v ON s.visit = v.id "  # noqa: S608 (a number)
            f"JOIN watches w ON v.watch = w.id WHERE w.crawler = {number} AND s.result IS NOT NULL"
        )
        with self.store.read() as tx:
            return {"/" + tx.seals.unseal(sealed).split("/", 3)[3] for (sealed,) in rows}

    def amid_visits(self) -> int:
        """Wait until a crawler has done some of what it has begun; return its number."""
        amid: list[int] = []

        def there() -> bool:
            amid[:] = [each for each in self.processes if len(self.done(each)) > 2]
            return bool(amid)

        until(there, *self.processes.values())
        return amid[-1]

    def kill(self, number: int) -> tuple[set[str], int]:
        """Return the paths that it had done of open visits, and how many observations it had taken.

        What it had asked for is all in `site.asked` by then.
        """
        process = self.processes.pop(number)
        process.kill()
        self.said += "".join(process.communicate())
        ((taken,),) = self.ask(f"SELECT count(*) FROM outbox WHERE crawler = {number}")  # noqa: S608
        return self.done(number), taken

    def finish(self) -> None:
        """Wait until all is seen and submitted, then stop whoever is left."""
        left = (
            "(SELECT count(*) FROM watches WHERE outcome IS NULL) + (SELECT count(*) FROM outbox)"
        )
        until(lambda: self.ask(f"SELECT {left}") == [(0,)], *self.processes.values(), seconds=120)
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
            self.said += "".join(process.communicate(timeout=30))
            assert process.returncode == 0, self.said
        assert self.crawlers() == set(), "who ends gives back what it has at once"
        self.store.close()
        assert "Traceback" not in self.said
        assert PASSWORD not in self.said
        assert "127.0.0.1" not in self.said

    def seen(self) -> Counter[tuple[str, str]]:
        """How often each observation arrived, of all that there are."""
        seen = Counter(submitted(self.service))
        pictures = [path for path in self.paths if path.endswith(".jpg")]
        assert len({md5 for _, md5 in seen}) == len(seen) == len(pictures)
        outcomes = {outcome for (outcome,) in self.ask("SELECT outcome FROM watches")}
        assert outcomes == {"seen"}
        return seen


def until(
    there: Callable[[], object], *processes: subprocess.Popen[str], seconds: float = 60
) -> None:
    """Wait for something, while these processes run."""
    latest = time.monotonic() + seconds
    while not there():
        for each in processes:
            assert each.poll() is None, "".join(each.communicate())
        assert time.monotonic() < latest
        time.sleep(0.01)


@pytest.fixture
def crowd(site: Site, service: Service, server: Server, tmp_path: Path) -> Iterator[Crowd]:
    made = Crowd(site, service, server, tmp_path)
    yield made
    made.store.close()
    for process in made.processes.values():
        process.kill()
        process.communicate()


@pytest.mark.parametrize("kills", [1, pytest.param(15, marks=pytest.mark.soak)])
def test_three_crawlers_share_a_frontier_and_some_are_killed(
    crowd: Crowd, site: Site, kills: int
) -> None:
    """At last one is only stopped for so long that others go on with what it did."""
    chance = random.Random(kills)
    site.latency = 0.05
    crowd.watch(12)
    crowd.start(3)
    repeated: set[str] = set()
    done, taken = 0, 0
    for kill in range(kills):
        chosen = crowd.amid_visits()
        time.sleep(chance.random() / 5)
        kept, sending = crowd.kill(chosen)
        done, taken, asked = done + len(kept), taken + sending, len(site.asked)
        if kill != 1:  # once, the time passes
            crowd.server.bury(chosen, crowd.address)
        crowd.until_buried(chosen)
        if kills > 1:
            crowd.start()
            crowd.watch(6)
        repeated |= kept & set(site.asked[asked:])
    crowd.stop_for_long(crowd.amid_visits())
    crowd.finish()
    assert done, "it was killed amid visits"
    assert not repeated | (kept & set(site.asked[asked:]))
    assert "others go on with what was begun here" in crowd.said
    seen = crowd.seen()
    assert seen.total() - len(seen) <= taken, "again at most what was not known to be acknowledged"


def test_a_server_that_restarts_ends_nothing(crowd: Crowd, site: Site) -> None:
    site.latency = 0.05
    crowd.watch(6)
    crowd.start()
    for end in (crowd.server.crash, crowd.server.stop):
        crowd.amid_visits()
        end()
        crowd.server.start()
    crowd.finish()
    assert set(crowd.seen().values()) == {1}, "also what was on its way meanwhile"
    times = site.times()
    assert {path: times[path] for path in crowd.paths if times[path] != 1} == {}
    assert "the frontier is there again" in crowd.said
