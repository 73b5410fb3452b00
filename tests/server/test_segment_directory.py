from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.matching import manifest, merge_policy
from service.matching.bit_order import permute_bits
from service.matching.segment_directory import REPLAY_LIMIT, OpenResult
from tests.server.following import (
    BANK,
    EXCLUDED,
    NAMES,
    Log,
    Process,
    code,
    codes,
    committed,
    compared,
    files,
    shows,
    started,
    two_indexes,
)

SMALL = 8


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_policy, "TAIL_CODES", SMALL)


@pytest.fixture
def log() -> Log:
    return two_indexes()


# --- one process ---


def test_an_empty_folder_has_nothing(tmp_path: Path, log: Log) -> None:
    opened = Process(tmp_path / "new", log).open()
    assert opened.position == 0
    assert opened.lost == set(NAMES)


def test_what_is_committed_is_there_at_the_next_start(tmp_path: Path, log: Log) -> None:
    committed(tmp_path, log)
    again = Process(tmp_path, log)
    assert again.open() == OpenResult(log.position, frozenset())
    assert again.position == again.directory.position == log.position
    assert again.is_current()
    assert again.bank.unflushed == 0


def test_a_start_goes_on_from_the_manifest(tmp_path: Path, log: Log) -> None:
    committed(tmp_path, log)
    log.remove(3)
    log.add(3, code(3))
    log.remove(4)
    log.add(40, code(40))
    again = started(tmp_path, log)
    assert again.is_current()
    again.commit()
    assert again.is_current()
    assert started(tmp_path, log).is_current()


def test_what_changes_while_a_segment_is_written_stays(tmp_path: Path, log: Log) -> None:
    process = committed(tmp_path, log)
    for one in range(100, 112):
        log.add(one, code(one))
    log.remove(7)
    process.follow()

    def meanwhile() -> None:
        log.remove(1)  # in an old segment
        log.remove(101)  # in the tail that is being written
        log.add(102, code(102))
        log.add(200, code(200))
        process.follow()
        assert process.is_current()

    process.commit(meanwhile)
    assert process.is_current()
    assert started(tmp_path, log).is_current()


def test_what_is_removed_and_added_again_while_a_segment_is_written_stays(
    tmp_path: Path, log: Log
) -> None:
    process = committed(tmp_path, log)
    for one in range(100, 112):
        log.add(one, code(one))
    process.follow()

    def meanwhile() -> None:
        for one in (1, 101):
            log.remove(one)
            log.add(one, code(500 + one))
        for one in (2, 102):
            was = log.state()[one]
            log.remove(one)
            log.add(one, was)
        process.follow()
        assert process.is_current()

    process.commit(meanwhile)
    assert process.is_current()
    assert started(tmp_path, log).is_current()


def test_searches_go_on_in_what_was_collected(tmp_path: Path, log: Log) -> None:
    process = committed(tmp_path, log)
    older = process.bank.segments[0]
    for one in range(100, 160):
        log.add(one, code(one))
    process.follow()
    process.commit()
    assert not older.path.exists()
    stored = codes(*log.state(40).values())
    rows = older.search(permute_bits(stored), 31)
    assert sorted(rows.tolist()) == compared(np.arange(30), stored, stored, 31).tolist()


def test_garbage_is_only_what_no_manifest_names(tmp_path: Path, log: Log) -> None:
    tmp_path.joinpath("bank-pdq-0.segment").write_bytes(b"left by a kill")
    tmp_path.joinpath("bank-pdq-1.part").write_bytes(b"left by a kill")
    tmp_path.joinpath("notes.txt").write_text("of the operator")
    process = committed(tmp_path, log)
    named = {each.path.name for index in process.indexes.values() for each in index.segments}
    assert files(tmp_path) == named | {manifest.NAME, "notes.txt"}
    found = manifest.read(tmp_path)
    assert found is not None
    assert found.files() == named


def test_all_removed_leaves_no_segment(tmp_path: Path, log: Log) -> None:
    process = committed(tmp_path, log)
    for name in NAMES:
        for one in log.state(None, name):
            log.remove(one, name)
    process.follow()
    assert process.directory.is_flush_due(process.position)
    process.commit()
    assert files(tmp_path) == {manifest.NAME}
    assert started(tmp_path, log).is_current()


def test_what_is_due(tmp_path: Path) -> None:
    log = Log()
    for one in range(SMALL - 1):
        log.add(one, code(one))
    process = started(tmp_path, log)
    assert not process.directory.is_flush_due(REPLAY_LIMIT - 1)
    assert process.directory.is_flush_due(REPLAY_LIMIT)
    log.add(50, code(50))
    process.follow()
    assert process.directory.is_flush_due(process.position)
    process.commit()
    assert not process.directory.is_flush_due(process.position)
    assert not process.directory.is_flush_due(process.position + REPLAY_LIMIT - 1)
    assert process.directory.is_flush_due(process.position + REPLAY_LIMIT)
    for one in (0, 1, 2):
        log.remove(one)
        process.follow()
    assert process.directory.is_flush_due(process.position)


def test_rebuilding_replaces_all_that_was_there(tmp_path: Path, log: Log) -> None:
    process = committed(tmp_path, log)
    log.remove(2)
    log.remove(3)
    log.add(70, code(70))
    process.follow()
    for many in (SMALL - 1, SMALL + 20):
        truth = {one: code(one + many) for one in (*range(2, many), 70, 71)}
        ids = np.array(sorted(truth), np.int64)
        with process.directory.write_lock():
            process.directory.rebuild(
                BANK, ids, permute_bits(codes(*(truth[one] for one in ids.tolist())))
            )
        assert shows(process.bank, truth)


def test_discarding_shows_nothing(tmp_path: Path, log: Log) -> None:
    process = committed(tmp_path, log)
    log.add(70, code(70))
    process.follow()
    process.directory.discard()
    assert shows(process.bank, {})
    assert process.directory.position == -1


# --- two processes ---


def test_another_process_reloads_what_is_committed(tmp_path: Path, log: Log) -> None:
    one, other = started(tmp_path, log), started(tmp_path, log)
    one.commit()
    other.reload()
    assert other.is_current()
    assert [each.path for each in other.bank.segments] == [each.path for each in one.bank.segments]
    assert other.bank.unflushed == 0
    segments = other.bank.segments
    other.reload()
    assert other.bank.segments == segments


def test_what_is_open_is_not_opened_again(tmp_path: Path, log: Log) -> None:
    one, other = committed(tmp_path, log), started(tmp_path, log)
    mapped = [each.words for each in other.indexes[EXCLUDED].segments]
    for number in range(100, 120):
        log.add(number, code(number))
    one.follow()
    one.commit()
    other.reload()
    assert all(
        each.words is was
        for each, was in zip(other.indexes[EXCLUDED].segments, mapped, strict=True)
    )
    other.follow()
    assert other.is_current()


def test_a_process_ahead_of_the_manifest_keeps_what_came_later(tmp_path: Path, log: Log) -> None:
    one, ahead = started(tmp_path, log), started(tmp_path, log)
    log.remove(5)
    log.remove(6, EXCLUDED)
    log.add(90, code(90))
    log.add(91, code(91))
    log.remove(91)
    ahead.follow()
    one.commit()
    ahead.reload()
    assert ahead.is_current()
    ahead.commit()
    assert ahead.is_current()
    assert started(tmp_path, log).is_current()


def test_a_process_ahead_keeps_what_was_removed_and_added_again(tmp_path: Path, log: Log) -> None:
    one, ahead = started(tmp_path, log), started(tmp_path, log)
    log.remove(5)
    log.add(5, log.state(40)[5])
    log.remove(6)
    log.add(6, code(6))
    log.remove(7)
    log.add(7, code(7))
    log.remove(7)
    ahead.follow()
    one.commit()
    ahead.reload()
    assert ahead.is_current()


def test_a_process_behind_the_manifest_reaches_it(tmp_path: Path, log: Log) -> None:
    one, behind = started(tmp_path, log), started(tmp_path, log)
    log.remove(5)
    log.remove(6)
    log.add(6, code(6))
    log.add(90, code(90))
    log.remove(90)
    log.add(91, code(91))
    one.follow()
    one.commit()
    behind.reload()
    for _ in range(6):
        behind.follow(behind.position + 1)
    assert behind.is_current()


def test_a_removal_outlasts_a_writer_that_has_not_seen_it(tmp_path: Path, log: Log) -> None:
    behind, one = started(tmp_path, log), started(tmp_path, log)
    log.remove(5)
    one.follow()
    one.commit()
    behind.commit()
    one.reload()
    assert one.is_current()
    one.commit()
    assert started(tmp_path, log).is_current()
    behind.follow()
    assert behind.is_current()


def test_nobody_writes_while_another_does(tmp_path: Path, log: Log) -> None:
    one, other = Process(tmp_path / "new", log), Process(tmp_path / "new", log)
    with one.directory.write_lock() as locked:
        assert locked
        with other.directory.write_lock() as also:
            assert not also
        with other.directory.write_lock() as also:  # the first refusal did not let go of the lock
            assert not also
    with other.directory.write_lock(wait=True) as locked:
        assert locked
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
