"""Several crawlers on one frontier: each thing is done by one of them, whoever dies."""

from __future__ import annotations

import asyncio
import re
import select
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from crawler import settings
from crawler.__main__ import main
from crawler.frontier import outbox, visits, watches
from crawler.frontier.opening import opened
from crawler.frontier.transactions import Frontier, Lost, Tx
from crawler.frontier.visits import Kind, New
from crawler.frontier.watches import Scope
from crawler.inspecting.inspector import Inspector
from crawler.meters import Meters
from crawler.running import Crawl
from hashing.views.profile import Profile
from tests.crawler.looking import QUICK
from tests.crawler.postgresql import PASSWORD, SECRET, Server
from tests.loopback import answering

FIRST = New(Kind.PAGE, "https://example.org/", "https://example.org/", 0)


@pytest.fixture
def place(database: str) -> str:
    return database


@pytest.fixture
def crawler(opening: Callable[[], Frontier]) -> Callable[[], Frontier]:
    def another() -> Frontier:
        store = opening()
        store.claim()
        return store

    return another


def watched(store: Frontier, count: int) -> None:
    with store.write() as tx:
        for n in range(count):
            watches.add(tx, f"https://example.org/{n}", Scope.PAGE, 0, now=0)


def due(store: Frontier, most: int = 100) -> list[int]:
    found = store.take(lambda tx: watches.due(tx, now=1, most=most))
    return [each.id for each in found]


def test_what_one_takes_no_other_is_given(crawler: Callable[[], Frontier]) -> None:
    several = [crawler() for _ in range(4)]
    watched(several[0], 200)
    taken: dict[int, list[int]] = {n: [] for n in range(4)}
    ready = threading.Barrier(4)

    def take_all(n: int) -> None:
        ready.wait()
        while more := several[n].take(lambda tx: watches.due(tx, now=1, most=3, besides=taken[n])):
            taken[n] += [each.id for each in more]

    threads = [threading.Thread(target=take_all, args=(n,)) for n in taken]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(chain.from_iterable(taken.values())) == list(range(1, 201))
    assert due(several[0]) == sorted(taken[0])[:100], "what is its own it is given again"
    mine = len(taken[1])
    several[1].close()
    assert len(due(several[2], 500)) == len(taken[2]) + mine, "at once, of whoever ends"


def test_the_dead_lose_what_they_had_and_change_nothing(
    crawler: Callable[[], Frontier], server: Server, database: str
) -> None:
    first, second = crawler(), crawler()
    watched(first, 2)
    assert len(due(first)) == 2
    (visit,) = first.write_each([lambda tx: visits.opened(tx, 1, FIRST, 5)])
    assert isinstance(visit, int)
    server.bury(first.crawler, database)
    first.keep()
    assert due(second) == [], "it lives"
    server.bury(first.crawler, database)
    assert due(second) == [1, 2]
    assert second.write_each([lambda tx: visits.opened(tx, 1, FIRST, 6)]) == [visit]
    done = [lambda tx: visits.done(tx, 1, "gone")]
    for refused in (lambda: first.write_each(done), lambda: first.take(lambda tx: tx)):
        with pytest.raises(Lost):
            refused()
    assert first.lost
    assert second.answer(lambda tx: visits.results(tx, visit)) == {}
    first.claim()
    assert not first.lost
    assert due(first) == []
    second.change(lambda tx: watches.postpone(tx, 1, until=1))
    assert due(first) == [1]


def test_a_server_that_was_away_for_long_makes_nobody_dead(
    crawler: Callable[[], Frontier], server: Server, database: str
) -> None:
    """Whoever comes back first waits for the others."""
    first, second = crawler(), crawler()
    watched(first, 2)
    assert due(second, 1) == [1]
    server.cut(database)
    for each in (first, second):
        server.bury(each.crawler, database)
    assert due(first) == [2]
    second.keep()
    assert not second.lost
    assert due(second) == [1]


def test_what_could_not_be_submitted_others_may_try(
    crawler: Callable[[], Frontier], server: Server, database: str
) -> None:
    first, second = crawler(), crawler()
    with first.write() as tx:
        for n in range(5):
            outbox.add(tx, 1, "https://example.org/", str(n), now=0)

    def waiting(store: Frontier, most: int) -> list[int]:
        return [each.id for each in store.take(lambda tx: outbox.waiting(tx, most))]

    assert waiting(first, 3) == [1, 2, 3]
    assert waiting(second, 9) == [4, 5]
    second.change(outbox.later)
    assert waiting(first, 9) == [1, 2, 3, 4, 5]
    server.bury(first.crawler, database)
    assert waiting(second, 9) == [1, 2, 3, 4, 5]


# --- connections that break ---


class Passing(socketserver.BaseRequestHandler):
    server: Between

    def handle(self) -> None:
        here: socket.socket = self.request
        with socket.socket(socket.AF_UNIX) as there, suppress(OSError):
            there.connect(self.server.to)
            while True:
                ready, _, _ = select.select([here, there], [], [], 30)
                for each in ready:
                    if not (data := each.recv(65536)):
                        return
                    if each is here and self.server.breaks and b"COMMIT" in data:
                        self.break_off(there, data)
                        return
                    (there if each is here else here).sendall(data)

    def break_off(self, there: socket.socket, data: bytes) -> None:
        self.server.broke += 1
        if self.server.breaks == "after":
            there.sendall(data)
            there.recv(65536)
        self.server.breaks = ""


class Between(socketserver.ThreadingTCPServer):
    """Stands between a crawler and the server, and breaks the connection at a COMMIT."""

    daemon_threads = True

    def __init__(self, server: Server) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.to = str(server.socket / ".s.PGSQL.5432")
        self.port = self.server_address[1]
        self.breaks = ""
        """`before` or `after` the server has answered the next COMMIT; empty: not."""
        self.broke = 0


@pytest.fixture
def between(socket_enabled: None, server: Server) -> Iterator[Between]:
    del socket_enabled
    with answering(Between(server)) as opened:
        yield opened


@pytest.mark.parametrize("breaks", ["before", "after"])
def test_a_change_is_made_once_when_its_answer_is_lost(
    between: Between, database: str, breaks: str
) -> None:
    address = re.sub(r"\?host=.*", f"?sslmode=disable&port={between.port}", database)
    address = address.replace("@/", "@127.0.0.1/")

    def count(tx: Tx) -> int:
        return int(tx.execute("UPDATE watches SET media = media + 1 RETURNING media").fetchone()[0])

    with closing(opened(address, secret=bytes.fromhex(SECRET))) as store:
        store.claim()
        watched(store, 1)
        between.breaks = breaks
        assert store.change(count) == between.broke == 1
        between.breaks = breaks
        assert store.write_each([count]) == [2]
        assert between.broke == 2


def test_it_stops_while_the_server_is_away(
    crawler: Callable[[], Frontier],
    server: Server,
    socket_enabled: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also when it is just about to ask what is due, and has asked ever since."""
    del socket_enabled
    store, inspector = crawler(), Inspector(Profile.PLAIN)
    crawl = Crawl(QUICK, store, lambda _: None, Meters(), inspector=inspector)

    async def stopped() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(crawl.run(once=False, stop=stop))
        while "the frontier is away" not in caplog.text:  # noqa: ASYNC110 (a log has none)
            await asyncio.sleep(0.01)
        stop.set()
        ended, _ = await asyncio.wait([running], timeout=20)
        assert ended
        await running

    server.stop()
    try:
        asyncio.run(stopped())
    finally:
        inspector.close()
        server.start()


def test_crawlers_that_meet_at_the_same_rows_both_go_on(crawler: Callable[[], Frontier]) -> None:
    """Each waits for a row that the other has: the server ends one, which begins again."""
    several = [crawler(), crawler()]
    watched(several[0], 2)
    met = [threading.Event(), threading.Event()]

    def media(tx: Tx, watch: int) -> None:
        tx.execute("UPDATE watches SET media = media + 1 WHERE id = ?", (watch,))

    def both(n: int, tx: Tx) -> int:
        media(tx, 1 + n)
        met[n].set()
        met[1 - n].wait(10)
        media(tx, 2 - n)
        return n

    with ThreadPoolExecutor() as pool:
        made = [pool.submit(several[n].change, partial(both, n)) for n in range(2)]
        assert [each.result() for each in made] == [0, 1]
    assert several[0].answer(lambda tx: [each.media for each in watches.every(tx)]) == [2, 2]


def test_status_says_what_all_crawlers_do(
    crawler: Callable[[], Frontier],
    server: Server,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = crawler(), crawler()
    watched(first, 3)
    due(first, 2)
    with first.write() as tx:
        visits.add(tx, visits.opened(tx, 1, FIRST, 5), [replace(FIRST, address="https://b")])
        visits.done(tx, 1, "seen")
        outbox.add(tx, 1, "https://example.org/0", "{}", now=0)
    second.take(lambda tx: outbox.waiting(tx, 1))
    server.bury(second.crawler, database)
    for name, value in (("STATE", database), ("SECRET", SECRET), ("LOOPBACK", "1")):
        monkeypatch.setenv(f"CRAWLER_{name}", value)
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "https://example.org/2 (page): not yet" in said
    assert re.search(
        rf"Crawler {first.crawler}, since .*: 2 visits, 1 of 2 steps done; .* 0 observations; "
        r"silent for \d s$",
        said,
        re.M,
    )
    assert re.search(
        rf"Crawler {second.crawler}, since .*: 0 visits, .* 1 observations; .*: others take over$",
        said,
        re.M,
    )
    assert PASSWORD not in said


# --- what cannot be used ---


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **settings: str
) -> str:
    """What a command says of a frontier that it cannot use."""
    monkeypatch.setenv("CRAWLER_LOOPBACK", "1")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert main(["status"]) == 2
    out, err = capsys.readouterr()
    assert PASSWORD not in out + err
    assert "Traceback" not in err
    return err


def test_what_cannot_be_used_is_said_and_no_password(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: Server,
    database: str,
    tmp_path: Path,
) -> None:
    def told(**settings: str) -> str:
        with monkeypatch.context() as patched:
            return said(patched, capsys, **{"CRAWLER_STATE": database, **settings})

    assert "Name one with CRAWLER_KEY_FILE" in told()
    opened(database, key_file=tmp_path / "key").close()
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert "is missing" in told(CRAWLER_KEY_FILE=str(tmp_path / "no key"))
    assert "not the key of the frontier" in told(CRAWLER_SECRET=SECRET)
    key = {"CRAWLER_KEY_FILE": str(tmp_path / "key")}
    server.ask("UPDATE versions SET version = 99", database)
    assert "another version" in told(**key)
    server.ask("DROP TABLE versions", database)
    assert "refuses to make or read the frontier's tables" in told(**key)
    away = database.replace(str(server.socket), str(tmp_path))
    assert "does not answer" in told(CRAWLER_STATE=away, **key)
    assert "no address of PostgreSQL" in told(CRAWLER_STATE=f"{database}&nothing=%zz", **key)
    assert PASSWORD not in repr(settings.read({"CRAWLER_STATE": database, "CRAWLER_LOOPBACK": "1"}))
    assert "CRAWLER_STATE has a value" in told(CRAWLER_STATE=f"mysql://me:{PASSWORD}@h/n")
    with monkeypatch.context() as without:
        without.delitem(sys.modules, "crawler.frontier.shared")
        without.setitem(sys.modules, "psycopg", None)
        without.delitem(sys.modules, "crawler.frontier.connecting")
        assert "needs psycopg" in told(**key)
    theirs = server.database()
    server.ask("CREATE TABLE public.cases (); CREATE TABLE public.entries ()", theirs)
    assert "that of a service" in told(CRAWLER_STATE=theirs, **key)
    ours = server.database()
    server.ask("CREATE ROLE nobody LOGIN", ours)
    less = ours.replace("//postgres:", "//nobody:")
    assert "grant CREATE" in told(CRAWLER_STATE=less, CRAWLER_KEY_FILE=str(tmp_path / "other"))
