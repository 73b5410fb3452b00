"""When an address is looked at again, what is kept how long, and decisions about outcomes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from crawler import reaching
from crawler.finding.collecting import References
from crawler.frontier import known, outbox, visits, watches
from crawler.frontier.commits import Commits
from crawler.frontier.known import Known
from crawler.frontier.schedule import CLOSED, FAULT, FIRST, LONGEST, LONGEST_FAULT, interval_after
from crawler.frontier.store import Store
from crawler.frontier.transactions import Frontier, InUse, Tx, WrongVersion
from crawler.frontier.visits import Ended, Kind, New, Step
from crawler.frontier.watches import Scope, Watch
from crawler.judging import judged
from crawler.outcomes import ErrorKind, Outcome

WATCH = Watch(1, "https://example.org/", Scope.PAGE, 0)
FIRST_STEP = New(Kind.PAGE, "https://example.org/", "https://example.org/", 0)
SOME, NONE = Ended(2, "a"), Ended(0, "none")


def test_looks_back_off_from_hours_to_weeks_and_hurry_after_a_change() -> None:
    interval, waits = 0, []
    for _ in range(12):
        interval = interval_after(Outcome.UNCHANGED, changed=False, interval=interval, faults=0)
        waits.append(interval)
    assert waits[0] == FIRST == 2 * 3600
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST == 14 * 24 * 3600
    for outcome in (Outcome.SEEN, Outcome.GONE, Outcome.MOVED):
        assert interval_after(outcome, changed=True, interval=LONGEST, faults=0) == FIRST
    assert interval_after(Outcome.GONE, changed=False, interval=FIRST, faults=0) == 2 * FIRST
    assert interval_after(Outcome.REFUSED, changed=True, interval=FIRST, faults=0) == CLOSED


def test_faults_have_a_clock_of_their_own() -> None:
    def after(faults: int, retry_after: int | None = None) -> int:
        return interval_after(
            Outcome.FAULT, changed=False, interval=9, faults=faults, retry_after=retry_after
        )

    assert [after(n) for n in (1, 2, 3)] == [FAULT, 2 * FAULT, 4 * FAULT]
    assert after(500) == LONGEST_FAULT
    assert after(1, 100_000) == 100_000
    assert after(1, 10) == FAULT


@pytest.mark.parametrize(
    ("first", "results", "ended", "outcome", "fault"),
    [
        ("seen", {(Kind.MEDIUM, "seen"): 2}, SOME, Outcome.SEEN, None),
        ("seen", {}, NONE, Outcome.SEEN, None),
        ("seen", {(Kind.MEDIUM, "gone"): 1}, NONE, Outcome.GONE, None),
        ("seen", {(Kind.MEDIUM, "refused"): 1}, NONE, Outcome.REFUSED, None),
        ("seen", {(Kind.MEDIUM, "fault time"): 1}, NONE, Outcome.FAULT, ErrorKind.TIME),
        ("seen", {(Kind.MEDIUM, "fault time"): 1}, SOME, Outcome.SEEN, None),
        ("moved https://e.example/", {}, SOME, Outcome.MOVED, None),
        ("gone", {}, NONE, Outcome.GONE, None),
        ("members_only", {}, NONE, Outcome.MEMBERS_ONLY, None),
        ("fault name", {}, NONE, Outcome.FAULT, ErrorKind.NAME),
        ("not_hashed damaged", {}, NONE, Outcome.SEEN, None),
        (None, {}, NONE, Outcome.FAULT, ErrorKind.TIME),
    ],
)
def test_outcomes(
    first: str | None,
    results: dict[tuple[Kind, str], int],
    ended: Ended,
    outcome: Outcome,
    fault: ErrorKind | None,
) -> None:
    found = judged(WATCH, first, results, ended)
    assert (found.outcome, found.fault) == (outcome, fault)


def test_an_observation_names_the_page_that_people_know() -> None:
    watch = Watch(1, "https://t.me/channel", Scope.THREAD, 0)
    first = reaching.first(watch, is_medium=False)
    assert (first.address, first.page) == ("https://t.me/s/channel", watch.address)
    step = Step(Kind.PAGE, first.address, first.page, 0, id=1)
    older = "https://t.me/s/channel?before=3"
    found = References(
        media=("https://cdn.example/1.jpg",), following=(older, "https://elsewhere.example/2")
    )
    assert [each.page for each in reaching.media(step, found, room=9)] == [watch.address]
    assert reaching.media(step, found, room=0) == []
    reached = reaching.pages(watch, step, found, loopback=False)
    assert [(each.address, each.page) for each in reached] == [(older, watch.address)]


def test_a_fault_forgets_nothing_and_changes_nothing(store: Frontier) -> None:
    with store.write() as tx:
        watches.add(tx, "https://example.org/", Scope.SITE, 2, now=5)
        (watch,) = watches.due(tx, now=5, most=9)
        for outcome, media, digest in ((Outcome.SEEN, 3, "a"), (Outcome.FAULT, 0, None)):
            watches.looked(
                tx, watch, outcome, now=10, interval=100, faults=0, media=media, digest=digest,
                moved_to=None,
            )  # fmt: skip
            (watch,) = watches.every(tx)
        assert (watch.digest, watch.shown, watch.interval, watch.due_at) == ("a", True, 100, 110)
        assert not watches.due(tx, now=109, most=9)
        assert not watches.add(tx, "https://example.org/", Scope.PAGE, 0, now=50)
        assert watches.every(tx)[0].due_at == 110


def test_everything_that_grows_is_pruned(store: Frontier) -> None:
    with store.write() as tx:
        watches.add(tx, "https://example.org/", Scope.PAGE, 0, now=0)
        for at in (10, 20, 30):
            visit = visits.opened(tx, 1, FIRST_STEP, at)
            assert visits.opened(tx, 1, FIRST_STEP, at) == visit  # it is open: it goes on
            visits.end(tx, visit, Outcome.SEEN, fault=None, media=0, now=at)
            known.put(tx, f"https://e.example/{at}", Kind.PAGE, Known("e", "", "{}"), now=at)
            outbox.add(tx, visit, "https://example.org/", f"{at}", now=at)
        assert visits.prune(tx, before=99) == 2  # the last of a watch is kept
        assert known.prune(tx, before=25) == 2
        assert outbox.prune(tx, before=25) == 2
        assert tx.execute("SELECT count(*) FROM steps").fetchone()[0] == 0


def test_a_frontier_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite3"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(WrongVersion):
        Store(path)


def test_one_crawler_works_on_a_frontier(tmp_path: Path) -> None:
    first, second = Store(tmp_path / "f.sqlite3"), Store(tmp_path / "f.sqlite3")
    first.claim()
    with pytest.raises(InUse):
        second.claim()
    with second.write() as tx:  # others may add to it
        watches.add(tx, "https://example.org/", Scope.PAGE, 0, now=0)
    second.close()
    first.close()
    third = Store(tmp_path / "f.sqlite3")
    third.claim()
    third.close()


def test_what_is_not_committed_is_not_there(store: Frontier) -> None:
    def fail() -> None:
        with store.write() as tx:
            watches.add(tx, "https://example.org/", Scope.PAGE, 0, now=0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.read() as tx:
        assert watches.every(tx) == []


def test_changes_that_come_together_are_committed_together(
    store: Frontier, opening: Callable[[], Frontier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails changes nothing, and takes no other with it: by us, or by the store."""
    batches = []
    written = store.write_each

    def noted(changes: Sequence[Callable[[Tx], object]]) -> list[object]:
        batches.append(len(changes))
        return written(changes)

    monkeypatch.setattr(store, "write_each", noted)

    def added(n: int, tx: Tx) -> int:
        watches.add(tx, f"https://example.org/{n}", Scope.PAGE, 0, now=0)
        if n == 9:
            tx.execute("INSERT INTO keys VALUES (NULL)")
        return 1 // (n - 7)

    async def all_at_once() -> list[int | BaseException]:
        commits = Commits(store)
        every = [commits.write(partial(added, n)) for n in range(20)]
        return await asyncio.gather(*every, return_exceptions=True)

    came = asyncio.run(all_at_once())
    assert [n for n, each in enumerate(came) if isinstance(each, Exception)] == [7, 9]
    assert came[8] == 1
    assert sum(batches) == 20
    assert len(batches) <= 2
    with opening().read() as tx:
        kept = [each.address.rpartition("/")[2] for each in watches.every(tx)]
    assert kept == [str(n) for n in range(20) if n not in {7, 9}]
