from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hashing.signals import ContentSignals, SignalType
from service.app import create_context
from service.domain.case import EntryStatus
from service.domain.errors import NotReady
from service.domain.sighting import Verdict
from service.settings import Settings
from service.store import banks, cases
from service.store.changes import Space
from service.workflows import authenticate, intake, lookup, observe, withdraw
from service.workflows import context as context_module
from service.workflows.context import Context
from service.workflows.observe import Claim

if TYPE_CHECKING:
    from tests.server.conftest import World

PDQ = SignalType.PDQ


@pytest.mark.stores("sqlite", "postgresql")
def test_without_tables_it_is_not_ready(empty_url: str, tmp_path: Path) -> None:
    context = create_context(Settings(state=tmp_path, database_url=empty_url))
    with pytest.raises(NotReady, match="python -m service migrate"):
        context.load()
    assert not context.ready
    context.database.close()


@pytest.mark.stores("sqlite", "postgresql")
def test_two_processes_over_one_store(world: World, open_context: Callable[[], Context]) -> None:
    picture, platform = world.picture(), world.actor()
    here, there = world.context, open_context()
    owner = world.open(picture)
    assert (here.lag(), there.lag()) == (0, 1)
    world.context = there
    assert world.ask(platform, picture) == [Verdict.NONE]
    there.catch_up()
    assert there.lag() == 0
    assert world.ask(platform, picture) == [Verdict.MATCH]
    here_index, there_index = here.indexes[Space.BANK, PDQ], there.indexes[Space.BANK, PDQ]
    assert (len(here_index), len(there_index)) == (1, 1)
    withdraw.withdraw_case(here, owner, world.day)
    assert world.ask(platform, picture) == [Verdict.NONE]
    assert (len(here_index), len(there_index)) == (0, 1)
    there.catch_up()
    assert len(there_index) == 0


def test_a_process_that_starts_later_knows_everything(
    world: World, open_context: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_module, "_CHUNK", 3)
    pictures = [world.picture(world.pdq(), world.phash()) for _ in range(8)]
    owners = [world.open(picture) for picture in pictures]
    withdraw.withdraw_case(world.context, owners[3], world.day)
    observe.observe(
        world.context, world.actor(), [Claim(pictures[0], "https://example.org")], world.day
    )
    world.context.catch_up()
    later = open_context()
    assert later.lag() == 0
    sizes = {key: len(index) for key, index in world.context.indexes.items()}
    assert {key: len(index) for key, index in later.indexes.items()} == sizes
    assert sizes[Space.BANK, PDQ] == 7
    world.context = later
    answers = world.ask(world.actor(), *pictures)
    assert [each is Verdict.MATCH for each in answers] == [n != 3 for n in range(8)]


def test_what_came_and_went_unseen_is_not_shown(
    world: World, open_context: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = open_context()
    one, other = world.open(), world.open()
    with world.context.database.write() as tx:
        (entry,) = cases.entries_of(tx, one.case_id)
        for to in (EntryStatus.QUARANTINED, EntryStatus.ACTIVE, EntryStatus.QUARANTINED):
            cases.set_status(tx, entry, to)
            (entry,) = cases.entries_of(tx, one.case_id)
    withdraw.withdraw_case(world.context, other, world.day)
    monkeypatch.setattr(context_module, "_CHUNK", 1)
    there.catch_up()
    assert len(there.indexes[Space.BANK, PDQ]) == 0
    with world.context.database.write() as tx:
        cases.set_status(tx, entry, EntryStatus.ACTIVE)
    there.catch_up()
    assert len(there.indexes[Space.BANK, PDQ]) == 1


def test_a_search_for_nothing_finds_nothing(world: World) -> None:
    assert world.context.search(Space.BANK, PDQ, [], 31) == []


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
        context.catch_up()
        with context.database.read() as tx:
            stored = sum(map(len, banks.findable(tx, Space.BANK, 100)))
        assert len(context.indexes[Space.BANK, PDQ]) == stored == 16
