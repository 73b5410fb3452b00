"""Crawlers on one PostgreSQL frontier, killed and cut off: all is seen, and nothing done again."""

from __future__ import annotations

import random
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
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
        self.gate = threading.Event()
        """Until it is set, no visit ends: one picture of each is not answered."""

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
            last = f"/{seeds[-1]}.jpg"
            self.site.harms[last] = partial(self.answer, self.site.put[last].body)
            with self.store.write() as tx:
                watches.add(tx, f"{self.site.root}/t/{number}/0", Scope.THREAD, 0, now=0)

    def answer(self, body: bytes, connection: socket.socket) -> None:
        self.gate.wait(100)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}"
        connection.sendall(head.encode() + b"\r\nConnection: close\r\n\r\n" + body)

    def start(self, count: int = 1) -> None:
        """Start some more. Each says first which number it has."""
        begun = []
        settings = {"CRAWLER_STATE": self.address, "CRAWLER_SECRET": SECRET, "TAKEBACK_KEY": "k"}
        settings |= {"CRAWLER_PROFILE": "plain", "CRAWLER_VISITS": "2", "CRAWLER_DELAY": "0"}
        settings["CRAWLER_REQUESTS_PER_HOST"] = "8"
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

    def bury(self, *numbers: int) -> None:
        for each in numbers:
            self.server.bury(each, self.address)

    def until_buried(self, *numbers: int) -> None:
        others = [process for each, process in self.processes.items() if each not in numbers]
        until(lambda: not self.crawlers() & set(numbers), *others, seconds=CLAIM_SECONDS + 60)

    def pause(self, number: int) -> None:
        """Stop one outside of a transaction (in one, the server would end it after 30 seconds)."""
        process = self.processes[number]
        free = f"SELECT 1 FROM crawlers WHERE id = {number} FOR UPDATE SKIP LOCKED"  # noqa: S608
        process.send_signal(signal.SIGSTOP)
        while not self.ask(free):
            process.send_signal(signal.SIGCONT)
            time.sleep(0.01)
            process.send_signal(signal.SIGSTOP)

    def go_on(self, number: int) -> None:
        """Let one go on that was buried: it becomes another one."""
        before = self.crawlers()
        process = self.processes.pop(number)
        process.send_signal(signal.SIGCONT)
        until(lambda: self.crawlers() - before, process)
        self.processes[(self.crawlers() - before).pop()] = process

    def done(self, number: int) -> set[str]:
        """Paths of the finished steps of a crawler's open visits."""
        rows = self.ask(
            "SELECT s.address FROM steps s JOIN visits v ON s.visit = v.id "  # noqa: S608 (a number)
            f"JOIN watches w ON v.watch = w.id WHERE w.crawler = {number} AND s.result IS NOT NULL"
        )
        with self.store.read() as tx:
            return {"/" + tx.seals.unseal(sealed).split("/", 3)[3] for (sealed,) in rows}

    def until_amid_visits(self) -> None:
        """Wait until each crawler has done some of what it has begun, which the gate holds open."""
        until(lambda: all(len(self.done(n)) > 2 for n in self.processes), *self.processes.values())

    def kill(self, number: int) -> None:
        process = self.processes.pop(number)
        process.kill()
        self.said += "".join(process.communicate())

    def taken(self, number: int) -> int:
        """How many observations a crawler has taken, and may have submitted."""
        ((count,),) = self.ask(f"SELECT count(*) FROM outbox WHERE crawler = {number}")  # noqa: S608
        return int(count)

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
    there: Callable[[], object], *processes: subprocess.Popen[str], seconds: float = 120
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


@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.soak)])
def test_three_crawlers_share_a_frontier_and_one_is_left(
    crowd: Crowd, site: Site, rounds: int
) -> None:
    """One is killed amid its visits, one stopped for so long that others go on with what it did."""
    chance = random.Random(rounds)
    repeated: set[str] = set()
    taken = 0
    for number in range(rounds):
        crowd.gate.clear()
        crowd.watch(8)
        crowd.start(3 - len(crowd.processes))
        crowd.until_amid_visits()
        time.sleep(chance.random() / 5)
        two = killed, paused = chance.sample(sorted(crowd.processes), 2)
        crowd.kill(killed)
        crowd.pause(paused)
        kept = crowd.done(killed) | crowd.done(paused)
        asked = len(site.asked)
        taken += sum(map(crowd.taken, two))
        if number != 1:  # once, the time passes
            crowd.bury(*two)
        crowd.gate.set()
        crowd.until_buried(*two)
        crowd.go_on(paused)
        repeated |= kept & set(site.asked[asked:])
    crowd.finish()
    assert not repeated | (kept & set(site.asked[asked:]))
    assert "others go on with what was begun here" in crowd.said
    seen = crowd.seen()
    assert seen.total() - len(seen) <= taken, "again at most what was not known to be acknowledged"


def test_a_server_that_restarts_ends_nothing(crowd: Crowd, site: Site) -> None:
    crowd.watch(6)
    crowd.start()
    for end in (crowd.server.crash, crowd.server.stop):
        crowd.until_amid_visits()
        end()
        crowd.gate.set()  # what is answered now is noted when the server is there again
        crowd.gate.clear()
        crowd.server.start()
    crowd.gate.set()
    crowd.finish()
    assert set(crowd.seen().values()) == {1}, "also what was on its way meanwhile"
    times = site.times()
    assert {path: times[path] for path in crowd.paths if times[path] != 1} == {}
    assert "the frontier is there again" in crowd.said
