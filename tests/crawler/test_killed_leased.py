"""Crawler, child and service killed amid a crawl of leased watches: all is seen, and seen once."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image, ImageOps

from crawler.frontier import watches
from crawler.frontier.store import Store
from demo.server import Service, running
from hashing import Eligibility, OwnerClient, Submission, new_passphrase
from hashing.hasher import hash_picture
from tests.crawler.process import Crawler
from tests.crawler.site import Site, picture
from tests.crawler.test_killed import Kept
from tests.loopback import answering

PAGES, PER_PAGE = 3, 4
SIZE = (480, 360)
ANSWERS = Eligibility("self", adults=True, intimate=True)
Observed = tuple[str, str]
"""The address and the MD5 of an observation."""


class Between(ThreadingHTTPServer):
    """Stands between a crawler and a service, and notes what the service took."""

    daemon_threads = True

    def __init__(self, to: str) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.to = to
        self.taken: list[Observed] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a crawler that is killed ends its connections."""


class Passing(BaseHTTPRequestHandler):
    server: Between

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        names = ("Authorization", "Content-Type")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        request = urllib.request.Request(self.server.to + self.path, body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as got:
                status, answer = got.status, got.read()
        except urllib.error.HTTPError as err:
            status, answer = err.code, err.read()
        except OSError:  # it is away: so are we
            self.close_connection = True
            return
        if status == 200 and self.path == "/v1/observations":
            self.server.taken += [observed(each) for each in json.loads(body)["observations"]]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name)
        """Say nothing."""


def observed(document: dict[str, Any]) -> Observed:
    (md5,) = (one["value"] for one in document["signals"] if one["type"] == "md5")
    return document["address"], md5


def mirrored(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as opened:
        turned = ImageOps.mirror(opened.convert("RGB"))
    made = io.BytesIO()
    turned.save(made, "JPEG", quality=70)
    return made.getvalue()


def thread(site: Site, number: int) -> str:
    """A thread of some pages, on the second of which is a copy of what an owner has."""
    for page in range(PAGES):
        shown = ""
        for n in range(PER_PAGE):
            seed = (number * PAGES + page) * PER_PAGE + n
            copied = page == 1 and n == 0
            content = mirrored(original(number)) if copied else picture(10_000 + seed)
            site.medium(f"/{seed}.jpg", content)
            shown += f"<img src=/{seed}.jpg>"
        on = f"<a rel=next href=/t/{number}/{page + 1}>next</a>" if page + 1 < PAGES else ""
        site.page(f"/t/{number}/{page}", shown + on)
    return f"{site.root}/t/{number}/0"


def original(number: int) -> bytes:
    return picture(number, "PNG", SIZE)


class Killed:
    """A crawl that is killed in its parts, and goes on."""

    def __init__(self, site: Site, service: Service, folder: Path, count: int) -> None:
        self.site, self.service = site, service
        self.count = count
        key = service.new_key("Ours", "crawler")
        platform = service.new_key("Somewhere")
        settings = {"CRAWLER_DELAY": "0.02", "CRAWLER_PROFILE": "plain", "CRAWLER_VISITS": "2"}
        self.crawler = Crawler(folder / "crawler", TAKEBACK_KEY=key, **settings)
        self.owner = OwnerClient(service.address, new_passphrase())
        contents = tuple(hash_picture(original(n)) for n in range(count))
        self.number = self.owner.open_case(Submission(contents, ANSWERS))
        for n in range(count):
            wanted = {"address": thread(site, n), "scope": "thread", "shows_minor": False}
            status, _ = service.ask("POST", "/v1/watches", wanted, f"Bearer {platform}")
            assert status == 200
        self.lost = 0

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Read the service's own store."""
        path = self.service.state / "takeback.db"
        with closing(sqlite3.connect(path, timeout=30)) as store, store:
            return store.execute(statement).fetchall()

    @property
    def finished(self) -> bool:
        """Whether the service knows of every watch how a visit of it ended."""
        ((done,),) = self.ask("SELECT count(DISTINCT watch_id) FROM visits WHERE outcome = 'seen'")
        return bool(done == self.count)

    def expire(self) -> None:
        """End leases that a crawler was killed over before it had written them down."""
        frontier = Store(self.crawler.state)
        with frontier.read() as tx:
            known = watches.every(tx)
        frontier.close()
        if known:
            return
        self.lost += len(self.ask("SELECT 1 FROM visits WHERE outcome IS NULL"))
        self.ask("UPDATE watches SET leased_until = 0 WHERE leased_until IS NOT NULL")


@pytest.fixture
def service(socket_enabled: None, tmp_path: Path) -> Iterator[Service]:
    del socket_enabled
    settings = {"WORK_PIECES": "0", "WATCH_LOOPBACK": "1"}
    with running(tmp_path / "service", **settings) as opened:
        yield opened


@pytest.mark.parametrize("rounds", [1, pytest.param(7, marks=pytest.mark.soak)])
def test_all_is_seen_and_seen_once(
    site: Site, service: Service, tmp_path: Path, rounds: int
) -> None:
    chance = random.Random(rounds)
    killed = Killed(site, service, tmp_path, 2 + 3 * rounds)
    with answering(Between(service.address)) as between:
        words = ("run", "--once", "--server", between.url)
        process = killed.crawler.start(*words)
        for _ in range(rounds):
            for part in chance.sample(("crawler", "child", "service"), 3):
                process = amid(killed, process, words, chance)
                if part == "child":
                    kill_children(process)
                elif part == "service":
                    service.kill()
                    time.sleep(chance.random())
                    service.start()
                else:
                    process = kill_crawler(killed, process, words, between)
        process.communicate(timeout=300)
        for _ in range(20):
            if killed.finished:
                break
            killed.expire()
            killed.crawler.run(*words)
    assert killed.finished
    assert killed.lost <= rounds
    assert_seen_once(killed)


def amid(
    killed: Killed, process: subprocess.Popen[str], words: tuple[str, ...], chance: random.Random
) -> subprocess.Popen[str]:
    """Wait until some more was looked at; a crawler that found no service is started again."""
    until = len(killed.site.asked) + chance.randrange(4, 12)
    patience = time.monotonic() + 60
    while len(killed.site.asked) < until and time.monotonic() < patience:
        if process.poll() is not None:
            process.communicate()
            if killed.finished:
                break
            process = killed.crawler.start(*words)
        time.sleep(0.005)
    time.sleep(chance.random() / 4)
    return process


def kill_children(process: subprocess.Popen[str]) -> None:
    with suppress(psutil.Error):
        for each in psutil.Process(process.pid).children():
            each.kill()


def kill_crawler(
    killed: Killed, process: subprocess.Popen[str], words: tuple[str, ...], between: Between
) -> subprocess.Popen[str]:
    """Kill it, and start it again: it repeats nothing that it knew to be done."""
    process.kill()
    process.communicate()
    time.sleep(0.1)  # what it had sent arrives
    kept = Kept(killed.crawler)
    asked, taken = len(killed.site.asked), len(between.taken)
    process = killed.crawler.start(*words)
    until = time.monotonic() + 30
    while len(killed.site.asked) < asked + 6 and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)
    again = {path.removeprefix("/") for path in killed.site.asked[asked:]}
    assert not again & kept.done
    before, after = set(between.taken[:taken]), set(between.taken[taken:])
    assert len(before & after) <= kept.waiting
    return process


def assert_seen_once(killed: Killed) -> None:
    """Every picture once in the visit that saw it, as the service counts; the owner reads of it."""
    seen = killed.ask(
        "SELECT v.id, s.value, count(DISTINCT o.id) FROM visits v "
        "JOIN observations o ON o.visit_id = v.id "
        "JOIN observed_signals s ON s.observation_id = o.id AND s.type = 'md5' "
        "WHERE v.outcome = 'seen' GROUP BY v.id, s.value"
    )
    assert {times for _, _, times in seen} == {1}
    assert len(seen) == len({md5 for _, md5, _ in seen}) == killed.count * PAGES * PER_PAGE
    until = time.monotonic() + 60
    while time.monotonic() < until:
        entries = killed.owner.status(killed.number)["entries"]
        if all(each["sightings"] for each in entries):
            break
        time.sleep(0.2)
    assert all(len(each["sightings"]) == 1 for each in entries)
    found = killed.ask("SELECT entry_id, count(*) FROM findings GROUP BY entry_id")
    assert len(found) == killed.count
