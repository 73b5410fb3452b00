"""What lies on the disk names no address, and whoever has the key loses nothing."""

from __future__ import annotations

import fcntl
import sqlite3
import stat
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from crawler.frontier import known, outbox, reports, visits, watches
from crawler.frontier.known import Known
from crawler.frontier.sealing import WrongKey
from crawler.frontier.store import Store
from crawler.frontier.transactions import Frontier, InUse
from crawler.frontier.visits import Kind, New
from crawler.frontier.watches import Scope
from crawler.outcomes import Outcome
from tests.crawler.looking import look
from tests.crawler.postgresql import Server
from tests.crawler.process import Crawler
from tests.crawler.site import Site, picture

OLDER = Path(__file__).with_name("frontier_1.sql")
MARKS = (b"secret-page", b"secret-medium", b"secret-new", b"127.0.0.1", b"localhost")


def on_disk(path: Path) -> bytes:
    """Everything that is there of a frontier, but its key."""
    files = [each for each in path.parent.iterdir() if each.name.startswith(path.name)]
    return b"".join(each.read_bytes() for each in files if each.suffix != ".key")


def on_disk_of(server: Server, place: str) -> bytes:
    """Everything that a server has there of a frontier: tables, their log, and what it says."""
    server.ask("CHECKPOINT")
    ((number,),) = server.ask(
        "SELECT oid FROM pg_database WHERE datname = current_database()", place
    )
    folders = (server.folder / "base" / str(number), server.folder / "pg_wal")
    files = [each for folder in folders for each in folder.iterdir() if each.is_file()]
    return b"".join(each.read_bytes() for each in (*files, server.folder / "log"))


def older(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(OLDER.read_text())
    connection.close()
    return path


def test_no_address_is_on_the_disk(
    site: Site, store: Frontier, place: str, request: pytest.FixtureRequest
) -> None:
    """Amid a visit, after it, with an outbox, and with a page that has moved."""
    site.medium("/secret-medium.jpg", picture(1), etag='"secret-medium"')
    site.page("/secret-new", "<img src=/secret-medium.jpg><a rel=next href=/secret-page?p=2>n</a>")
    address = site.redirect("/secret-page", "/secret-new", 301)
    site.page("/secret-page?p=2", "<p>the end")
    marks: Sequence[bytes] = MARKS
    kept = partial(on_disk, Path(place))
    if store.shared:  # its own files name this machine
        server: Server = request.getfixturevalue("server")
        marks, kept = MARKS[:3], partial(on_disk_of, server, place)
    amid: list[bytes] = []
    site.harms["/secret-page?p=2"] = lambda _: amid.append(kept())
    found = look([address], scope=Scope.THREAD, store=store)
    assert found.outcome(address) == (Outcome.MOVED, None)
    assert found.visited[address].judged.moved_to == site.root + "/secret-new"
    assert len(found.seen[address]) == 1
    store.close()
    for text in (*amid, kept()):
        assert len(text) > 4096
        assert not [mark for mark in marks if mark in text]
    assert amid


def test_what_is_known_is_found_again_with_the_key(site: Site, tmp_path: Path) -> None:
    page = site.page("/page", "<img src=/1.jpg>")
    site.medium("/1.jpg", picture(1), etag='"e1"')
    path, key = tmp_path / "f.sqlite3", tmp_path / "elsewhere" / "key"
    key.parent.mkdir()
    for outcome in (Outcome.SEEN, Outcome.UNCHANGED):
        store = Store(path, key_file=key)
        assert look([page], store=store).outcome(page) == (outcome, None)
        with store.read() as tx:
            assert [each.address for each in watches.every(tx)] == [page]
        store.close()
    assert site.headers_of["/1.jpg"]["If-None-Match"] == '"e1"'
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not path.with_name("f.sqlite3.key").exists()


def test_without_its_key_a_frontier_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite3"
    Store(path).close()
    before = on_disk(path)
    with pytest.raises(WrongKey):
        Store(path, secret=b"x" * 32)
    key = path.with_name("f.sqlite3.key")
    key.write_text("no key")
    with pytest.raises(WrongKey):
        Store(path)
    key.unlink()
    with pytest.raises(WrongKey, match="is missing"):
        Store(path)
    assert not key.exists(), "another one would only hide that it is lost"
    assert on_disk(path) == before


def test_an_older_frontier_is_sealed_and_loses_nothing(tmp_path: Path) -> None:
    path = older(tmp_path / "f.sqlite3")
    assert b"open.example" in on_disk(path)
    store = Store(path)
    assert b".example" not in on_disk(path)
    store.close()
    store = Store(path)
    with store.write() as tx:
        moved, leased = watches.every(tx)
        assert (moved.address, moved.moved_to) == (
            "https://moved.example/a",
            "https://moved.example/b",
        )
        assert (moved.scope, moved.depth, moved.due_at, moved.digest) == (Scope.SITE, 2, 77, "d1")
        assert (leased.name, leased.lease, leased.leased_until) == ("name", "lease", 99)
        assert not watches.add(tx, moved.address, Scope.PAGE, 0, now=5)
        assert visits.opened(tx, 2, New(Kind.PAGE, "x", "x", 0), 40) == 2
        assert visits.first_result(tx, 2) == "moved https://open.example/new"
        (waiting,) = visits.waiting(tx, 2, Kind.MEDIUM, 9)
        assert (waiting.address, waiting.page) == (
            "https://open.example/2.jpg",
            "https://open.example/t",
        )
        visits.add(tx, 2, [New(Kind.MEDIUM, "https://open.example/1.jpg", "p", 0)])
        assert visits.count(tx, 2, Kind.MEDIUM) == 2, "it is recognised as done"
        held = known.get(tx, "https://open.example/1.jpg", Kind.MEDIUM)
        assert known.get(tx, "https://open.example/page", Kind.PAGE) is None  # it is read again
        assert held == Known('"e"', "Sun", '{"a": 1}')
        (one,) = outbox.waiting(tx, 9)
        outbox.add(tx, 2, "https://open.example/t", one.document, now=70)
        assert outbox.counts(tx) == (1, 0), "the same one"
        (report,) = reports.ready(tx, 9)
        assert report.document == '{"moved_to": "https://moved.example/b"}'
        reports.acknowledged(tx, [report])
        assert [each.id for each in watches.every(tx)] == [2]
        assert tx.execute("SELECT count(*) FROM visits").fetchone()[0] == 1, "with its watch"
    store.close()


def test_an_older_frontier_in_use_is_left_alone(tmp_path: Path) -> None:
    path = older(tmp_path / "f.sqlite3")
    with path.open("rb") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        with pytest.raises(InUse):
            Store(path)
    Store(path).close()


def test_the_commands_take_the_key_from_where_it_is_said_to_be(tmp_path: Path) -> None:
    digits = "5e" * 32
    crawler = Crawler(tmp_path / "crawler", CRAWLER_SECRET=digits)
    crawler.watch(["http://127.0.0.1:9/secret-page"])
    assert b"secret-page" not in on_disk(crawler.state)
    assert not any(name.endswith(".key") for name in crawler.written())
    Store(crawler.state, secret=bytes.fromhex(digits)).close()
    key = tmp_path / "key"
    key.write_text(digits + "\n")
    named = Crawler(tmp_path / "named", CRAWLER_STATE=str(crawler.state), CRAWLER_KEY_FILE=str(key))
    assert "secret-page" in named.run("status")[0]
    other = Crawler(tmp_path / "other", CRAWLER_STATE=str(crawler.state), CRAWLER_SECRET="00" * 32)
    _, err = other.run("status", code=2)
    assert "CRAWLER_KEY_FILE" in err
    assert "00" * 32 not in err
