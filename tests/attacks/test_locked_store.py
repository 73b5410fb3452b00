"""Whoever keeps the store locked keeps no upload from being recognised, and no sighting away."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from service import journal
from service.domain.errors import NotReady
from service.domain.sighting import Feedback, Verdict
from service.store.schema import entries, sightings, signals
from service.workflows import drain, lookup, respond, status
from service.workflows.context import Context
from service.workflows.respond import Response

if TYPE_CHECKING:
    from tests.server.conftest import World

MATCH = Verdict.MATCH


@contextmanager
def locked(context: Context) -> Iterator[None]:
    """Another process writes, and does not end. On PostgreSQL it also has the row of a sighting."""
    with context.database.write_changes() as tx:
        tx.execute(sa.update(sightings).values(count=sightings.c.count))
        yield


def events(world: World, *owners: object) -> list[int]:
    return [len(status.of_case(world.context, owner).events) for owner in owners]  # type: ignore[arg-type]


def waiting(context: Context) -> int:
    return len(list(context.settings.journal.glob("*")))


@pytest.mark.stores("sqlite", "postgresql")
def test_a_lookup_that_matches_is_answered_and_its_sighting_kept(
    world: World, open_context: Callable[[], Context]
) -> None:
    pictures, platform, other = [world.picture() for _ in range(2)], world.actor(), open_context()
    owners = [world.open(picture) for picture in pictures]
    world.ask(platform, pictures[0])
    with locked(other), ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(world.ask, platform, *pictures) for _ in range(8)]
        assert all(one.result(timeout=10) == [MATCH, MATCH] for one in asked)
    assert waiting(world.context) == 1
    world.context.database.close()  # as if killed: only the disk is left
    world.context.journal._close()  # noqa: SLF001 (what the system does for a process that ends)
    world.context = other
    assert drain.drain(other, world.day) == 1
    assert events(world, *owners) == [1, 1]
    with other.database.read() as tx:
        assert tx.scalars(sa.select(sightings.c.count).order_by(sightings.c.count)).all() == [8, 9]
    assert waiting(other) == 0


def test_a_journal_is_copied_once_wherever_a_process_is_killed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    with locked(world.context):
        world.ask(platform, picture)
    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "discard", lambda *_: None)  # killed just before
        drain.drain(world.context, world.day)
    assert drain.drain(world.context, world.day) == 1
    assert drain.drain(world.context, world.day) == 0
    assert events(world, owner) == [1]
    with world.context.database.read() as tx:
        assert tx.scalars(sa.select(sightings.c.count)).all() == [1]


def test_a_line_that_is_cut_short_was_never_acknowledged(world: World) -> None:
    pictures, platform = [world.picture() for _ in range(2)], world.actor()
    owners = [world.open(picture) for picture in pictures]
    with locked(world.context):
        for picture in pictures:
            world.ask(platform, picture)
    (path,) = world.context.settings.journal.glob("*")
    os.truncate(path, path.stat().st_size - 5)
    drain.drain(world.context, world.day)
    assert events(world, *owners) == [1, 0]


def test_a_full_store_keeps_no_upload_from_being_recognised(world: World) -> None:
    """Where the journal has room, as on another disk than PostgreSQL's."""
    picture, platform, engine = world.picture(), world.actor(), world.context.database.engine
    owner = world.open(picture)

    def grow_no_further(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=1")  # as many as there are

    engine.dispose()
    sa.event.listen(engine, "connect", grow_no_further)
    asked = 0
    while not waiting(world.context):  # until its last page is full
        asked += 1
        assert asked < 1000
        day = world.day + timedelta(days=asked)
        (answer,) = lookup.lookup(world.context, platform, [picture], day)
        assert answer.verdict is MATCH
    sa.event.remove(engine, "connect", grow_no_further)
    engine.dispose()
    drain.drain(world.context, world.day)
    assert events(world, owner) == [asked]


def test_a_journal_of_a_store_that_was_restored_holds_up_no_other(
    world: World, open_context: Callable[[], Context]
) -> None:
    """The backup was made before an entry of it: the rest is recorded, and so are others."""
    pictures, platform, other = [world.picture() for _ in range(2)], world.actor(), open_context()
    owners = [world.open(picture) for picture in pictures]
    with locked(other):
        world.ask(platform, *pictures)
    with other.database.write_changes() as tx:
        gone = world.entry_id(owners[1])
        for table in (signals, entries):
            column = table.c.entry_id if table is signals else table.c.id
            tx.execute(sa.delete(table).where(column == gone))
    assert drain.drain(world.context, world.day) == 1
    assert events(world, *owners) == [1, 0]
    assert waiting(world.context) == 0


def test_feedback_on_what_still_waits(world: World, open_context: Callable[[], Context]) -> None:
    """Also when another process of the machine gets it."""
    picture, platform, other = world.picture(), world.actor(), open_context()
    owner = world.open(picture)
    with locked(other):
        reference = world.reference(platform, picture)
    assert waiting(world.context) == 1
    respond.respond(other, platform, [Response(reference, Feedback.BLOCKED)], world.day)
    drain.drain(world.context, world.day)
    (event,) = status.of_case(world.context, owner).events
    assert event.outcome is Feedback.BLOCKED


def test_a_full_journal_takes_what_it_has_and_refuses_what_it_has_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repeating one lookup never fills it."""
    picture, other, platform = world.picture(), world.picture(), world.actor()
    owner = world.open(picture)
    world.open(other)
    monkeypatch.setattr(journal, "MOST_BYTES", 120)
    with locked(world.context):
        assert [world.ask(platform, picture) for _ in range(4)] == [[MATCH]] * 4
        with pytest.raises(NotReady):
            lookup.lookup(world.context, platform, [other], world.day)
        assert world.ask(platform, picture) == [MATCH]
    drain.drain(world.context, world.day)
    assert events(world, owner) == [1]
