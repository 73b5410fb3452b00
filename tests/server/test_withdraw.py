from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from service.domain.case import EntryStatus, erase_day
from service.domain.errors import NotFound
from service.domain.sighting import Verdict
from service.store.schema import cases, signals
from service.workflows import retention, status, withdraw
from service.workflows.context import Context
from tests.server.following import signals_in

if TYPE_CHECKING:
    from tests.server.conftest import World

WITHDRAWING, WITHDRAWN = EntryStatus.WITHDRAWING, EntryStatus.WITHDRAWN


def test_a_case_is_withdrawn_once_and_the_day_stays(world: World) -> None:
    owner = world.open(world.picture(), world.picture())
    until = erase_day(world.day)
    assert withdraw.withdraw_case(world.context, owner, world.day) == (2, until)
    for later in (world.day + timedelta(days=9), world.day - timedelta(days=9)):
        assert withdraw.withdraw_case(world.context, owner, later) == (0, until)
        assert withdraw.withdraw_entry(world.context, owner, 1, later) == (0, until)
    told = status.of_case(world.context, owner)
    assert (told.withdrawn_on, told.erase_on) == (world.day, until)
    assert [(entry.status, entry.erase_on) for entry in told.entries] == [(WITHDRAWING, until)] * 2


def test_a_case_is_erased_once_and_the_day_stays(world: World) -> None:
    owner = world.open(world.picture(), world.picture())
    withdraw.withdraw_entry(world.context, owner, 1, world.day)
    withdraw.withdraw_case(world.context, owner, world.day)
    later = world.day + timedelta(days=1)
    assert withdraw.erase_case(world.context, owner, later) == (2, None)
    assert withdraw.erase_case(world.context, owner, later) == (0, None)
    assert withdraw.withdraw_case(world.context, owner, later) == (0, None)
    assert withdraw.withdraw_entry(world.context, owner, 1, later) == (0, None)
    told = status.of_case(world.context, owner)
    assert (told.withdrawn_on, told.erase_on) == (world.day, None)
    assert [(entry.status, entry.erase_on) for entry in told.entries] == [(WITHDRAWN, None)] * 2


def test_one_entry_is_erased_alone(world: World) -> None:
    owner = world.open(world.picture(), world.picture())
    withdraw.withdraw_entry(world.context, owner, 2, world.day)
    assert withdraw.erase_entry(world.context, owner, 2) == (1, None)
    assert withdraw.erase_entry(world.context, owner, 2) == (0, None)
    assert world.statuses(owner) == [EntryStatus.ACTIVE, WITHDRAWN]
    with pytest.raises(NotFound):
        withdraw.erase_entry(world.context, owner, 3)


def test_one_entry_is_withdrawn_and_the_others_match_on(world: World) -> None:
    first, second, platform = world.picture(), world.picture(), world.actor()
    owner = world.open(first, second)
    until, later = erase_day(world.day), world.day + timedelta(days=2)
    assert withdraw.withdraw_entry(world.context, owner, 1, world.day) == (1, until)
    assert withdraw.withdraw_entry(world.context, owner, 1, later) == (0, until)
    assert world.ask(platform, first, second) == [Verdict.NONE, Verdict.MATCH]
    assert withdraw.withdraw_case(world.context, owner, later) == (1, erase_day(later))
    days = [entry.erase_on for entry in status.of_case(world.context, owner).entries]
    assert days == [until, erase_day(later)]


@pytest.mark.parametrize("n", [0, 2, 10_000])
def test_an_entry_that_is_not_of_this_case_is_not_found(world: World, n: int) -> None:
    world.open(*(world.picture() for _ in range(5)))
    with pytest.raises(NotFound):
        withdraw.withdraw_entry(world.context, world.open(), n, world.day)


def test_the_claim_of_another_case_stays_and_nobody_is_told(world: World) -> None:
    picture, platform = world.picture(world.pdq(), world.sha256()), world.actor()
    mine, theirs = world.open(picture), world.open(picture)
    withdraw.withdraw_case(world.context, mine, world.day)
    assert world.ask(platform, picture) == [Verdict.MATCH]
    assert world.statuses(theirs) == [EntryStatus.ACTIVE]
    assert status.of_case(world.context, mine).events == []


@pytest.mark.stores("sqlite", "postgresql")
def test_signals_are_gone_from_the_tables(world: World) -> None:
    owner = world.open(world.picture(), world.video([world.value()] * 3))
    withdraw.erase_case(world.context, owner, world.day)
    with world.context.database.read() as tx:
        assert tx.execute(sa.select(signals)).all() == []
        assert tx.execute(sa.select(cases.c.note)).scalar_one() is None


@pytest.mark.stores("sqlite")  # PostgreSQL erases when it vacuums
@pytest.mark.parametrize("way", ["at once", "in time"])
def test_signals_are_gone_from_the_files(world: World, way: str) -> None:
    """SQLite overwrites what it deletes, in tables and indexes; the log of it ends when folded."""
    engine = world.context.database.engine
    assert engine.url.database
    folder = Path(engine.url.database).parent
    frames = [world.value() for _ in range(300)]
    mine = [world.picture(world.pdq(), world.phash(), world.md5(), world.sha256())]
    mine += [world.video(frames)]
    kept = world.picture()
    values = [signal.value for signal in mine[0].signals] + frames
    world.open(*(world.picture() for _ in range(40)))
    owner = world.open(*mine)
    world.open(kept)

    def found() -> list[bytes]:
        world.context.database.overwrite()
        content = b"".join(path.read_bytes() for path in folder.glob("*.db*"))
        assert kept.signals[0].value in content
        return [value for value in values if value in content]

    assert found() == values
    withdraw.withdraw_case(world.context, owner, world.day)
    assert found() == values
    if way == "at once":
        withdraw.erase_case(world.context, owner, world.day)
    else:
        assert retention.erase_withdrawn(world.context, erase_day(world.day)) == 2
    assert found() == []


@pytest.mark.stores("sqlite", "postgresql")
def test_withdrawing_at_once_counts_every_entry_once(world: World) -> None:
    owner = world.open(*(world.picture() for _ in range(6)))
    with ThreadPoolExecutor(8) as pool:
        of_case = pool.map(
            lambda _: withdraw.withdraw_case(world.context, owner, world.day), range(4)
        )
        of_entry = pool.map(
            lambda n: withdraw.withdraw_entry(world.context, owner, n, world.day),
            [1, 2, 3, 1, 2, 3],
        )
        assert sum(done.entries for done in (*of_case, *of_entry)) == 6
    assert set(world.statuses(owner)) == {WITHDRAWING}


def test_another_process_never_returns_it_even_before_it_catches_up(
    world: World, open_context: Callable[[], Context]
) -> None:
    picture, platform = world.picture(world.pdq(), world.phash(), world.sha256()), world.actor()
    owner = world.open(picture)
    here, there = world.context, open_context()
    world.context = there
    assert world.ask(platform, picture) == [Verdict.MATCH]
    assert withdraw.withdraw_case(here, owner, world.day).entries == 1
    assert there.replica.lag() > 0
    assert signals_in(there) == 2
    assert world.ask(platform, picture) == [Verdict.NONE]
