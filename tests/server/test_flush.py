"""The index on disk and the store: what a start finds, what other processes reload."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from hashing.signals import ContentSignals, SignalType
from service import worker
from service.domain.actor import Owner
from service.domain.case import EntryStatus
from service.domain.sighting import Verdict
from service.matching import (
    kernels,
    manifest,
    merge_policy,
    plan,
    segment,
    segment_directory,
    segment_writer,
)
from service.matching.bit_order import Words, permute_bits
from service.matching.codes import codes_of
from service.replica import loader
from service.replica.follower import Replica
from service.store import entries, schema
from service.store.changes import Space
from service.store.database import Database
from service.workflows import withdraw
from service.workflows.context import Context
from tests.server.following import statistics_of

if TYPE_CHECKING:
    from tests.server.conftest import World

PDQ = SignalType.PDQ
Open = Callable[[], Context]


@pytest.fixture(autouse=True)
def _early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_policy, "TAIL_CODES", 4)


@pytest.fixture
def _never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a start that reads the bank from the store."""

    def refuse(*_: object) -> None:
        raise AssertionError("the bank was read from the store")

    monkeypatch.setattr(loader, "read_all", refuse)


def opened(world: World, count: int) -> tuple[list[ContentSignals], list[Owner]]:
    pictures = [world.picture(world.pdq(), world.phash()) for _ in range(count)]
    return pictures, [world.open(picture) for picture in pictures]


def found(world: World, context: Context, pictures: list[ContentSignals]) -> list[bool]:
    world.context = context
    return [verdict is Verdict.MATCH for verdict in world.ask(world.actor(), *pictures)]


def segments(context: Context) -> list[str]:
    return sorted(path.name for path in context.replica.directory.path.glob("*.segment"))


def words(picture: ContentSignals) -> Words:
    return permute_bits(codes_of([picture.signals[0].value]))


def test_a_start_reads_no_bank(world: World, open_context: Open, _never_read: None) -> None:  # noqa: PT019
    pictures, owners = opened(world, 6)
    world.context.replica.flush()
    assert len(segments(world.context)) == 2  # of PDQ and pHash
    late, _ = opened(world, 1)
    withdraw.withdraw_case(world.context, owners[2], world.day)
    later = open_context()
    assert later.replica.lag() == 0
    assert statistics_of(later, Space.BANK, PDQ).segments == 1
    assert statistics_of(later, Space.BANK, PDQ).signals == 6
    assert found(world, later, pictures + late) == [n != 2 for n in range(7)]


def test_what_was_withdrawn_before_the_manifest_stays_so(world: World, open_context: Open) -> None:
    pictures, owners = opened(world, 8)
    world.context.replica.flush()
    withdraw.withdraw_case(world.context, owners[5], world.day)
    opened(world, 4)
    world.context.replica.flush()
    later = open_context()
    assert found(world, later, pictures) == [n != 5 for n in range(8)]


def test_a_replica_reloads_a_manifest(world: World, open_context: Open) -> None:
    here, there = world.context, open_context()
    pictures, owners = opened(world, 6)
    there.replica.catch_up()
    here.replica.flush()
    assert (statistics_of(there, Space.BANK, PDQ).unflushed, segments(here)) == (6, segments(there))
    withdraw.withdraw_case(here, owners[0], world.day)
    there.replica.catch_up()
    there.replica.flush()
    assert statistics_of(there, Space.BANK, PDQ).unflushed == 0
    assert there.replica.directory.position == here.replica.directory.position
    assert found(world, there, pictures) == [n != 0 for n in range(6)]


def test_a_replica_that_was_behind_catches_up(world: World, open_context: Open) -> None:
    here, there = world.context, open_context()
    pictures, owners = opened(world, 6)
    withdraw.withdraw_case(here, owners[1], world.day)
    here.replica.flush()
    there.replica.flush()
    assert there.replica.position < there.replica.directory.position
    assert there.replica.lag() > 0
    there.replica.catch_up()
    assert there.replica.lag() == 0
    assert found(world, there, pictures) == [n != 1 for n in range(6)]
    there.replica.flush()
    assert found(world, there, pictures) == [n != 1 for n in range(6)]


@pytest.mark.stores("sqlite", "postgresql")
def test_what_left_and_came_back_between_two_looks_is_kept(
    world: World, open_context: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process saw an entry held and released in two looks and wrote in between, one in one."""
    pictures, owners = opened(world, 6)
    here = world.context
    here.replica.flush()
    there = open_context()
    monkeypatch.setattr(segment_directory, "REPLAY_LIMIT", 1)
    set_status(there, owners[2], EntryStatus.QUARANTINED)
    there.replica.catch_up()
    there.replica.flush()
    set_status(there, owners[2], EntryStatus.ACTIVE)
    here.replica.catch_up()
    assert here.replica.position > there.replica.directory.position
    assert found(world, here, pictures) == [True] * 6
    here.replica.flush()
    assert found(world, here, pictures) == [True] * 6
    there.replica.catch_up()
    there.replica.flush()
    assert found(world, there, pictures) == [True] * 6
    assert found(world, open_context(), pictures) == [True] * 6


def set_status(context: Context, owner: Owner, status: EntryStatus) -> None:
    with context.database.write_changes() as tx:
        (entry,) = entries.of_case(tx, owner.case_id)
        entries.set_status(tx, entry, status)


def test_only_one_process_writes(world: World, open_context: Open) -> None:
    here, there = world.context, open_context()
    pictures, _ = opened(world, 6)
    with there.replica.directory.write_lock() as locked:
        assert locked
        here.replica.flush()
        assert segments(here) == []
    here.replica.flush()
    assert len(segments(here)) == 2
    assert found(world, here, pictures) == [True] * 6


def spoil(path: os.PathLike[str]) -> None:
    with open(path, "r+b") as file:  # noqa: PTH123
        file.seek(segment.BODY + 40)
        byte = file.read(1)
        file.seek(segment.BODY + 40)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("damage", ["missing", "truncated", "altered", "manifest"])
def test_damage_is_named_and_mended(
    world: World, open_context: Open, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    pictures, owners = opened(world, 6)
    world.context.replica.flush()
    late, _ = opened(world, 1)
    withdraw.withdraw_case(world.context, owners[3], world.day)
    (path,) = world.context.replica.directory.path.glob("bank-pdq-*.segment")
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        os.truncate(path, path.stat().st_size - 1)
    elif damage == "altered":
        spoil(path)
    else:
        path = world.context.replica.directory.path / manifest.NAME
        path.write_bytes(path.read_bytes()[:-1])
    with caplog.at_level(logging.ERROR):
        later = open_context()
    assert path.name in caplog.text
    assert found(world, later, pictures + late) == [n != 3 for n in range(7)]
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        last = open_context()
    assert caplog.text == ""  # it was written anew
    assert found(world, last, pictures + late) == [n != 3 for n in range(7)]


def forget_last_changes(context: Context, count: int) -> None:
    """As if an older backup had been restored."""
    with context.database.write_changes() as tx:
        last = tx.scalar(sa.select(sa.func.max(schema.changes.c.position))) or 0
        tx.execute(sa.delete(schema.changes).where(schema.changes.c.position > last - count))


@pytest.mark.stores("sqlite", "postgresql")
def test_a_store_that_went_back_is_read_anew(
    world: World, open_context: Open, caplog: pytest.LogCaptureFixture
) -> None:
    pictures, _ = opened(world, 6)
    world.context.replica.flush()
    forget_last_changes(world.context, 2)
    later = open_context()
    assert "not of this store" in caplog.text
    assert found(world, later, pictures) == [True] * 6
    assert later.replica.directory.position == later.replica.position


@pytest.mark.stores("sqlite", "postgresql")
def test_another_store_is_read_anew(
    world: World, open_context: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """The same ids and as many changes, other signals."""
    pictures, _ = opened(world, 6)
    world.context.replica.flush()
    values = [world.value() for _ in pictures]
    with world.context.database.write_changes() as tx:
        for place, value in enumerate(values):
            of_this = schema.signals.c.value == pictures[place].signals[0].value
            tx.execute(sa.update(schema.signals).where(of_this).values(value=value))
    later = open_context()
    assert "not of this store" in caplog.text
    others = [world.picture(world.pdq(value)) for value in values]
    assert found(world, later, others) == [True] * 6


@pytest.mark.stores("sqlite", "postgresql")
def test_two_stores_in_one_folder_never_take_each_others_signals(
    world: World,
    open_context: Open,
    migrated_sqlite: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "other.db")
    with contextlib.closing(Database(f"sqlite:///{tmp_path / 'other.db'}")) as database:
        with database.write_changes() as tx:
            tx.execute(sa.update(schema.identity).values(name="another"))
        pictures, _ = opened(world, 6)
        here = world.context
        here.replica.flush()
        world.context = there = Context(
            here.settings,
            database,
            here.seals,
            Replica(database, here.settings.index),
            here.journal,
        )
        there.replica.load()
        assert "of another store" in caplog.text
        theirs, _ = opened(world, 6)
        there.replica.flush()
        here.replica.flush()
        assert found(world, there, pictures + theirs) == [False] * 6 + [True] * 6
    assert found(world, here, pictures + theirs) == [True] * 6 + [False] * 6
    assert found(world, open_context(), pictures + theirs) == [True] * 6 + [False] * 6


def test_a_full_disk_leaves_the_old_manifest(
    world: World,
    open_context: Open,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pictures, _ = opened(world, 6)
    world.context.replica.flush()
    before = segments(world.context), world.context.replica.directory.position
    late, _ = opened(world, 6)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(segment_writer, "_reserve_space", full)
        world.context.replica.flush()
        world.context.replica.flush()  # and does not try again at once
    assert caplog.text.count("index cannot be written") == 1
    assert (segments(world.context), world.context.replica.directory.position) == before
    assert found(world, world.context, pictures + late) == [True] * 12
    assert statistics_of(world.context, Space.BANK, PDQ).unflushed == 6
    clock = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: clock + 3600)
    world.context.replica.flush()
    assert statistics_of(world.context, Space.BANK, PDQ).unflushed == 0
    assert found(world, open_context(), pictures + late) == [True] * 12


def test_nothing_is_deleted_by_a_manifest_that_is_damaged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have named what this process does not know of."""
    opened(world, 6)
    world.context.replica.flush()
    folder = world.context.replica.directory.path
    (folder / "bank-pdq-of-another.segment").touch()
    whole = (folder / manifest.NAME).read_bytes()
    (folder / manifest.NAME).write_bytes(whole[:-1])
    before = segments(world.context)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    opened(world, 6)
    with monkeypatch.context() as patch:
        patch.setattr(segment_writer, "_reserve_space", full)
        world.context.replica.flush()
    assert segments(world.context) == before
    (folder / manifest.NAME).write_bytes(whole)
    world.context.replica.load(anew=True)
    assert "bank-pdq-of-another.segment" not in segments(world.context)


def test_a_folder_that_cannot_be_written_is_said_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    pictures, _ = opened(world, 6)
    (world.context.replica.directory.path / "lock").unlink(missing_ok=True)
    (world.context.replica.directory.path / "lock").mkdir(parents=True)
    world.context.replica.flush()
    world.context.replica.flush()
    assert caplog.text.count("index cannot be written") == 1
    assert found(world, world.context, pictures) == [True] * 6


def test_a_full_disk_does_not_keep_it_from_starting(
    world: World, open_context: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, _ = opened(world, 6)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segment_writer, "_reserve_space", full)
    later = open_context()
    assert segments(later) == []
    assert found(world, later, pictures) == [True] * 6


def test_what_was_withdrawn_leaves_the_files(
    world: World, open_context: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, owners = opened(world, 6)
    world.context.replica.flush()
    withdraw.withdraw_case(world.context, owners[4], world.day)
    there = open_context()
    gone = words(pictures[4]).tobytes()

    def stored() -> bytes:
        return b"".join(p.read_bytes() for p in world.context.replica.directory.path.iterdir())

    world.context.replica.flush()
    assert gone in stored()  # not yet: a minute per 10,000 signals
    clock = time.time()
    monkeypatch.setattr(time, "time", lambda: clock + 70)
    world.context.replica.flush()
    assert gone not in stored()
    assert words(pictures[3]).tobytes() in stored()
    there.replica.flush()
    assert found(world, there, pictures) == [n != 4 for n in range(6)]


def test_a_quiet_service_writes_nothing_and_a_long_log_is_cut_short(
    world: World, open_context: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_policy, "TAIL_CODES", 1000)
    pictures, _ = opened(world, 3)
    world.context.replica.flush()
    assert world.context.replica.directory.is_empty
    monkeypatch.setattr(segment_directory, "REPLAY_LIMIT", 3)
    world.context.replica.flush()
    assert world.context.replica.directory.position == world.context.replica.position == 3
    assert found(world, open_context(), pictures) == [True] * 3


def test_reindex_reads_everything_and_others_reload_it(world: World, open_context: Open) -> None:
    pictures, _ = opened(world, 6)
    here, there = world.context, open_context()
    here.replica.flush()
    before = segments(here)
    with here.database.write_changes() as tx:  # behind the index's back
        tx.execute(sa.delete(schema.signals).where(schema.signals.c.id == 1))
    there.replica.load(anew=True)
    assert statistics_of(there, Space.BANK, PDQ).signals == 5
    assert not set(before) & set(segments(there))
    here.replica.flush()
    assert statistics_of(here, Space.BANK, PDQ).signals == 5
    assert found(world, here, pictures)[1:] == [True] * 5


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PAUSE_SECONDS", 0.01)


@pytest.mark.parametrize("follow", [worker.follow, worker.run])
def test_a_running_process_flushes(
    world: World,
    _quick: None,  # noqa: PT019
    follow: Callable[[Context, threading.Event], None],
) -> None:
    opened(world, 6)
    stop = threading.Event()
    thread = threading.Thread(target=follow, args=(world.context, stop))
    thread.start()
    deadline = time.monotonic() + 20
    while statistics_of(world.context, Space.BANK, PDQ).unflushed and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    world.context.work_waits.set()
    thread.join()
    assert statistics_of(world.context, Space.BANK, PDQ).unflushed == 0
    assert len(segments(world.context)) == 2


def test_before_it_has_loaded_nothing_is_written(world: World) -> None:
    opened(world, 6)
    world.context.replica.ready = False
    world.context.replica.flush()
    assert segments(world.context) == []


def test_no_request_waits_for_machine_code(
    world: World, open_context: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(world, 6)
    world.context.replica.flush()
    later = open_context()
    parts = (kernels.search, kernels.permute_diagonally, kernels.fill_buckets)
    compiled = [len(each.signatures) for each in parts]
    assert all(compiled)
    monkeypatch.setattr(plan, "cost", lambda *_: 0.0)  # so that few codes are looked up as many are
    assert found(world, later, [world.picture()]) == [False]
    opened(world, 6)
    later.replica.catch_up()
    later.replica.flush()
    assert [len(each.signatures) for each in parts] == compiled
