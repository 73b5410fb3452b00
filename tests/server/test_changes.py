from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from service.domain.errors import NotReady
from service.store import changes, schema
from service.store.changes import Change, Row, Space
from service.store.database import Database

pytestmark = pytest.mark.stores("sqlite", "postgresql")


def test_changes_are_read_in_their_order(database: Database) -> None:
    with database.write_changes() as tx:
        assert changes.last(tx) == 0
        changes.append(tx, Space.BANK, Change.ADD, [])
        assert changes.last(tx) == 0
        changes.append(tx, Space.BANK, Change.ADD, [7, 8])
        changes.append(tx, Space.OBSERVED, Change.REMOVE, [7, 9])
    with database.read() as tx:
        assert changes.after(tx, 0, 9) == [
            Row(1, Space.BANK, Change.ADD, 7, 8),
            Row(2, Space.OBSERVED, Change.REMOVE, 7, 7),
            Row(3, Space.OBSERVED, Change.REMOVE, 9, 9),
        ]
        assert [row.position for row in changes.after(tx, 1, 1)] == [2]
        assert changes.last(tx) == 3


def test_progress_never_goes_back(database: Database) -> None:
    with database.write_changes() as tx:
        assert changes.reached(tx, "w") == 0
        for position, expected in ((5, 5), (3, 5), (5, 5), (9, 9)):
            changes.set_reached(tx, "w", position)
            assert changes.reached(tx, "w") == expected
        assert changes.reached(tx, "other") == 0


@pytest.mark.parametrize("failing", [False, True])
def test_positions_are_committed_in_order(database: Database, *, failing: bool) -> None:
    """Whoever follows the table never passes a position that shows up later."""
    stop, seen, late = threading.Event(), set[int](), set[int]()

    def follow() -> None:
        reached = 0
        while True:
            last_look = stop.is_set()
            with database.read() as tx:
                rows = changes.after(tx, 0, 100_000)
            positions = {row.position for row in rows}
            late.update(one for one in positions - seen if one < reached)
            seen.update(positions)
            reached = max([reached, *positions])
            if last_look:
                return

    def write(worker: int) -> None:
        for turn in range(25):
            try:
                with database.write_changes() as tx:
                    changes.append(tx, Space.BANK, Change.ADD, [1, 3, 5])
                    tx.execute(sa.select(sa.func.count()).select_from(schema.changes))
                    if failing and (worker + turn) % 3 == 0:
                        tx.execute(sa.text("no statement"))
            except (sa.exc.DBAPIError, NotReady):
                pass

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    stop.set()
    follower.join()
    assert not late
    kept = sum(not failing or (worker + turn) % 3 != 0 for worker in range(8) for turn in range(25))
    assert len(seen) == 3 * kept


def test_what_appends_says_so(database: Database) -> None:
    with database.write() as tx, pytest.raises(RuntimeError, match="write_changes"):
        changes.append(tx, Space.BANK, Change.ADD, [1])


def test_what_every_follower_has_passed_is_deleted_and_nothing_else(database: Database) -> None:
    day = date(2026, 11, 21)
    with database.write_changes() as tx:
        for one in range(1, 11):
            changes.append(tx, Space.BANK, Change.ADD, [2 * one])
        changes.set_followed(tx, "here", 7, day)
        changes.set_followed(tx, "there", 6, day - timedelta(days=3))
        assert changes.prune(tx, 99) == 0  # the worker has not begun
        changes.set_reached(tx, changes.WORKER, 10)
        assert [changes.prune(tx, 4), changes.prune(tx, 4), changes.prune(tx, 4)] == [4, 2, 0]
        assert [row.position for row in changes.after(tx, 0, 99)] == [7, 8, 9, 10]
        assert [changes.is_pruned(tx, position) for position in (5, 6)] == [True, False]
        assert changes.forget_followers(tx, day - timedelta(days=2)) == 1
        assert changes.prune(tx, 99) == 1
        changes.set_followed(tx, "here", 10, day)
        assert changes.prune(tx, 99) == 3
        assert changes.last(tx) == 10  # what an index on disk is compared with
