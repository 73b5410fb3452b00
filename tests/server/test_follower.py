from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hashing.signals import ContentSignals, SignalType
from service.domain.case import EntryStatus
from service.domain.errors import NotReady
from service.domain.sighting import Verdict
from service.replica import follower
from service.settings import Settings
from service.store import entries, signals
from service.store.changes import Space
from service.workflows import authenticate, intake, lookup, observe, withdraw
from service.workflows.context import Context
from service.workflows.context import create as create_context
from service.workflows.observe import Claim
from tests.server.following import statistics_of

if TYPE_CHECKING:
    from tests.server.conftest import World

PDQ = SignalType.PDQ


@pytest.mark.stores("sqlite", "postgresql")
def test_without_tables_it_is_not_ready(empty_url: str, tmp_path: Path) -> None:
    context = create_context(Settings(state=tmp_path, database_url=empty_url))
    with pytest.raises(NotReady, match="python -m service migrate"):
        context.replica.load()
    assert not context.replica.ready
    context.database.close()


def counts(*contexts: Context) -> tuple[int, ...]:
    return tuple(statistics_of(each, Space.BANK, PDQ).signals for each in contexts)


@pytest.mark.stores("sqlite", "postgresql")
def test_two_processes_over_one_store(world: World, open_context: Callable[[], Context]) -> None:
    picture, platform = world.picture(), world.actor()
    here, there = world.context, open_context()
    owner = world.open(picture)
    assert (here.replica.lag(), there.replica.lag()) == (0, 1)
    world.context = there
    assert world.ask(platform, picture) == [Verdict.NONE]
    there.replica.catch_up()
    assert there.replica.lag() == 0
    assert world.ask(platform, picture) == [Verdict.MATCH]
    assert counts(here, there) == (1, 1)
    withdraw.withdraw_case(here, owner, world.day)
    assert world.ask(platform, picture) == [Verdict.NONE]
    assert counts(here, there) == (0, 1)
    there.replica.catch_up()
    assert counts(here, there) == (0, 0)


def test_a_process_that_starts_later_knows_everything(
    world: World, open_context: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_BATCH", 3)
    pictures = [world.picture(world.pdq(), world.phash()) for _ in range(8)]
    owners = [world.open(picture) for picture in pictures]
    withdraw.withdraw_case(world.context, owners[3], world.day)
    observe.observe(
        world.context, world.actor(), [Claim(pictures[0], "https://example.org")], world.day
    )
    world.context.replica.catch_up()
    later = open_context()
    assert later.replica.lag() == 0
    assert later.replica.searcher.statistics() == world.context.replica.searcher.statistics()
    assert statistics_of(later, Space.BANK, PDQ).signals == 7
    world.context = later
    answers = world.ask(world.actor(), *pictures)
    assert [each is Verdict.MATCH for each in answers] == [n != 3 for n in range(8)]


def test_what_came_and_went_unseen_is_not_shown(
    world: World, open_context: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = open_context()
    one, other = world.open(), world.open()
    with world.context.database.write_changes() as tx:
        (entry,) = entries.of_case(tx, one.case_id)
        for to in (EntryStatus.QUARANTINED, EntryStatus.ACTIVE, EntryStatus.QUARANTINED):
            entries.set_status(tx, entry, to)
            (entry,) = entries.of_case(tx, one.case_id)
    withdraw.withdraw_case(world.context, other, world.day)
    monkeypatch.setattr(follower, "_BATCH", 1)
    there.replica.catch_up()
    assert statistics_of(there, Space.BANK, PDQ).signals == 0
    with world.context.database.write_changes() as tx:
        entries.set_status(tx, entry, EntryStatus.ACTIVE)
    there.replica.catch_up()
    assert statistics_of(there, Space.BANK, PDQ).signals == 1


@pytest.mark.stores("sqlite", "postgresql")
def test_the_index_shows_what_the_store_holds_however_many_write(
    world: World, open_context: Callable[[], Context]
) -> None:
    """Cases are opened, withdrawn and asked about at once, in two processes."""
    platform = world.actor()
    here, there = world.context, open_context()
    for context in (here, there):
        context.settings = replace(context.settings, matches_per_day=10**6)
    batches = [[world.submission(world.picture()) for _ in range(8)] for _ in range(4)]
    withdrawn: set[ContentSignals] = set()
    stop = threading.Event()

    def write(part: int) -> None:
        context = (here, there)[part % 2]
        for n, new in enumerate(batches[part]):
            number, _ = intake.open_case(context, new, world.day)
            owner = authenticate.owner(context, number, new.access_key.hex())
            if n % 2:
                withdraw.withdraw_case(context, owner, world.day)
                withdrawn.add(new.entries[0])

    def ask() -> None:
        every = [new.entries[0] for batch in batches for new in batch]
        while not stop.is_set():
            gone = set(withdrawn)
            for context in (here, there):
                answers = lookup.lookup(context, platform, every, world.day)
                told = {c for c, a in zip(every, answers, strict=True) if a.matches}
                assert not told & gone

    with ThreadPoolExecutor(5) as pool:
        asking = pool.submit(ask)
        for each in [pool.submit(write, part) for part in range(4)]:
            each.result()
        stop.set()
        asking.result()
    for context in (here, there):
        context.replica.catch_up()
        with context.database.read() as tx:
            stored = sum(map(len, signals.searchable(tx, Space.BANK, 100)))
        assert statistics_of(context, Space.BANK, PDQ).signals == stored == 16
