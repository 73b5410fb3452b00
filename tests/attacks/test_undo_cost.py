"""Withdrawing and undoing again and again costs little, and leaves nothing that stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from service.domain.case import MOST_UNDONE, EntryStatus
from service.domain.errors import UndoneTooOften
from service.domain.sighting import Verdict
from service.store.schema import changes
from service.workflows import retention, withdraw
from service.workflows.context import Context

if TYPE_CHECKING:
    from tests.server.conftest import World

FRAMES = 400
"""Of each of three entries. What is counted must not depend on it."""

pytestmark = pytest.mark.stores("sqlite", "postgresql")


@contextmanager
def rows_written(context: Context) -> Iterator[Counter[str]]:
    """Count the rows that INSERT, UPDATE and DELETE touch."""
    counted: Counter[str] = Counter()

    def count(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        word = statement.split(maxsplit=1)[0]
        if word in {"INSERT", "UPDATE", "DELETE"}:
            counted[word] += max(cursor.rowcount, 0)

    engine = context.database.engine
    sa.event.listen(engine, "after_cursor_execute", count)
    yield counted
    sa.event.remove(engine, "after_cursor_execute", count)


def number_of_changes(context: Context) -> int:
    with context.database.read() as tx:
        return tx.scalar(sa.select(sa.func.count()).select_from(changes)) or 0


def test_withdrawal_and_undo_write_a_few_rows_for_each_entry(world: World) -> None:
    value, platform = world.value(), world.actor()
    owner = world.open(*(world.video([value] * FRAMES, world.sha256()) for _ in range(3)))
    asked = world.picture(world.pdq(value))
    assert number_of_changes(world.context) == 3
    with rows_written(world.context) as written:
        withdraw.withdraw_case(world.context, owner, world.day)
    assert written.total() <= 8
    assert world.ask(platform, asked) == [Verdict.NONE]
    with rows_written(world.context) as written:
        withdraw.undo_case(world.context, owner, world.day)
    assert written.total() <= 9
    assert world.ask(platform, asked) == [Verdict.MATCH]
    assert number_of_changes(world.context) == 9


def test_few_undos_a_day_and_always_a_withdrawal(world: World) -> None:
    owner = world.open(*(world.picture() for _ in range(50)))
    for _ in range(MOST_UNDONE // 50):
        withdraw.withdraw_case(world.context, owner, world.day)
        assert withdraw.undo_case(world.context, owner, world.day) == 50
    withdraw.withdraw_case(world.context, owner, world.day)
    with pytest.raises(UndoneTooOften):
        withdraw.undo_case(world.context, owner, world.day)
    assert set(world.statuses(owner)) == {EntryStatus.WITHDRAWING}
    tomorrow = world.day + timedelta(days=1)
    assert withdraw.undo_case(world.context, owner, tomorrow) == 50
    assert withdraw.withdraw_entry(world.context, owner, 1, tomorrow).entries == 1


def test_changes_do_not_grow_for_ever(world: World, open_context: Callable[[], Context]) -> None:
    """A process that was away while they were deleted reads the store anew, and is right."""
    away, platform = open_context(), world.actor()
    pictures = [world.picture() for _ in range(4)]
    owners = [world.open(picture) for picture in pictures]
    world.work()
    assert retention.prune_changes(world.context, world.day) == 4
    withdraw.withdraw_case(world.context, owners[0], world.day)
    for _ in range(3):
        withdraw.withdraw_case(world.context, owners[1], world.day)
        withdraw.undo_case(world.context, owners[1], world.day)
    world.work()
    world.context.replica.report(world.day)
    assert retention.prune_changes(world.context, world.day) == 7
    assert number_of_changes(world.context) == 0
    later = world.open(world.picture())
    away.replica.catch_up()
    assert away.replica.lag() == 0
    assert away.replica.searcher.statistics() == world.context.replica.searcher.statistics()
    world.context = away
    asked = world.ask(platform, *pictures)
    assert asked == [Verdict.NONE, *[Verdict.MATCH] * 3]
    withdraw.withdraw_case(away, later, world.day)
    assert open_context().replica.lag() == 0
