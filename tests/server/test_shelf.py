from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.matching import manifest, merging
from service.matching.codes import arranged
from service.matching.shelf import REPLAYED, Opened
from tests.server.following import (
    BANK,
    EXCLUDED,
    NAMES,
    Log,
    Process,
    code,
    codes,
    compared,
    files,
    published,
    shows,
    started,
    two_indexes,
)

SMALL = 8


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "TAIL", SMALL)


@pytest.fixture
def log() -> Log:
    return two_indexes()


# --- one process ---


def test_an_empty_folder_has_nothing(tmp_path: Path, log: Log) -> None:
    opened = Process(tmp_path / "new", log).open()
    assert opened.position == 0
    assert opened.lost == set(NAMES)


def test_what_is_published_is_there_at_the_next_start(tmp_path: Path, log: Log) -> None:
    published(tmp_path, log)
    again = Process(tmp_path, log)
    assert again.open() == Opened(log.position, frozenset())
    assert again.position == again.shelf.position == log.position
    assert again.is_current()
    assert again.bank.newest == 0


def test_a_start_goes_on_from_the_view(tmp_path: Path, log: Log) -> None:
    published(tmp_path, log)
    log.remove(3)
    log.add(3, code(3))
    log.remove(4)
    log.add(40, code(40))
    again = started(tmp_path, log)
    assert again.is_current()
    again.publish()
    assert again.is_current()
    assert started(tmp_path, log).is_current()


def test_what_changes_while_a_segment_is_written_stays(tmp_path: Path, log: Log) -> None:
    process = published(tmp_path, log)
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

    process.publish(meanwhile)
    assert process.is_current()
    assert started(tmp_path, log).is_current()


def test_what_is_removed_and_added_again_while_a_segment_is_written_stays(
    tmp_path: Path, log: Log
) -> None:
    process = published(tmp_path, log)
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

    process.publish(meanwhile)
    assert process.is_current()
    assert started(tmp_path, log).is_current()


def test_searches_go_on_in_what_was_swept(tmp_path: Path, log: Log) -> None:
    process = published(tmp_path, log)
    older = process.bank.segments[0]
    for one in range(100, 160):
        log.add(one, code(one))
    process.follow()
    process.publish()
    assert not older.path.exists()
    stored = codes(*log.state(40).values())
    rows = older.search(arranged(stored), 31)
    assert sorted(rows.tolist()) == compared(np.arange(30), stored, stored, 31).tolist()


def test_sweeping_takes_only_what_no_view_names(tmp_path: Path, log: Log) -> None:
    tmp_path.joinpath("bank-pdq-0.segment").write_bytes(b"left by a kill")
    tmp_path.joinpath("bank-pdq-1.part").write_bytes(b"left by a kill")
    tmp_path.joinpath("notes.txt").write_text("of the operator")
    process = published(tmp_path, log)
    named = {each.path.name for index in process.indexes.values() for each in index.segments}
    assert files(tmp_path) == named | {manifest.NAME, "notes.txt"}
    found = manifest.read(tmp_path)
    assert found is not None
    assert found.files() == named


def test_all_removed_leaves_no_segment(tmp_path: Path, log: Log) -> None:
    process = published(tmp_path, log)
    for name in NAMES:
        for one in log.state(None, name):
            log.remove(one, name)
    process.follow()
    assert process.shelf.due(process.position)
    process.publish()
    assert files(tmp_path) == {manifest.NAME}
    assert started(tmp_path, log).is_current()


def test_what_is_due(tmp_path: Path) -> None:
    log = Log()
    for one in range(SMALL - 1):
        log.add(one, code(one))
    process = started(tmp_path, log)
    assert not process.shelf.due(REPLAYED - 1)
    assert process.shelf.due(REPLAYED)
    log.add(50, code(50))
    process.follow()
    assert process.shelf.due(process.position)
    process.publish()
    assert not process.shelf.due(process.position)
    assert not process.shelf.due(process.position + REPLAYED - 1)
    assert process.shelf.due(process.position + REPLAYED)
    for one in (0, 1, 2):
        log.remove(one)
        process.follow()
    assert process.shelf.due(process.position)


def test_filling_takes_the_place_of_all_that_was_there(tmp_path: Path, log: Log) -> None:
    process = published(tmp_path, log)
    log.remove(2)
    log.remove(3)
    log.add(70, code(70))
    process.follow()
    for many in (SMALL - 1, SMALL + 20):
        truth = {one: code(one + many) for one in (*range(2, many), 70, 71)}
        ids = np.array(sorted(truth), np.int64)
        with process.shelf.writing():
            process.shelf.fill(BANK, ids, arranged(codes(*(truth[one] for one in ids.tolist()))))
        assert shows(process.bank, truth)


def test_forgetting_shows_nothing(tmp_path: Path, log: Log) -> None:
    process = published(tmp_path, log)
    log.add(70, code(70))
    process.follow()
    process.shelf.forget()
    assert shows(process.bank, {})
    assert process.shelf.position == -1


# --- two processes ---


def test_another_process_takes_over_what_is_published(tmp_path: Path, log: Log) -> None:
    one, other = started(tmp_path, log), started(tmp_path, log)
    one.publish()
    other.adopt()
    assert other.is_current()
    assert [each.path for each in other.bank.segments] == [each.path for each in one.bank.segments]
    assert other.bank.newest == 0
    segments = other.bank.segments
    other.adopt()
    assert other.bank.segments == segments


def test_what_is_open_is_not_opened_again(tmp_path: Path, log: Log) -> None:
    one, other = published(tmp_path, log), started(tmp_path, log)
    mapped = [each.words for each in other.indexes[EXCLUDED].segments]
    for number in range(100, 120):
        log.add(number, code(number))
    one.follow()
    one.publish()
    other.adopt()
    assert all(
        each.words is was
        for each, was in zip(other.indexes[EXCLUDED].segments, mapped, strict=True)
    )
    other.follow()
    assert other.is_current()


def test_a_process_ahead_of_the_view_keeps_what_came_later(tmp_path: Path, log: Log) -> None:
    one, ahead = started(tmp_path, log), started(tmp_path, log)
    log.remove(5)
    log.remove(6, EXCLUDED)
    log.add(90, code(90))
    log.add(91, code(91))
    log.remove(91)
    ahead.follow()
    one.publish()
    ahead.adopt()
    assert ahead.is_current()
    ahead.publish()
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
    one.publish()
    ahead.adopt()
    assert ahead.is_current()


def test_a_process_behind_the_view_reaches_it(tmp_path: Path, log: Log) -> None:
    one, behind = started(tmp_path, log), started(tmp_path, log)
    log.remove(5)
    log.remove(6)
    log.add(6, code(6))
    log.add(90, code(90))
    log.remove(90)
    log.add(91, code(91))
    one.follow()
    one.publish()
    behind.adopt()
    for _ in range(6):
        behind.follow(behind.position + 1)
    assert behind.is_current()


def test_a_removal_outlasts_a_writer_that_has_not_seen_it(tmp_path: Path, log: Log) -> None:
    behind, one = started(tmp_path, log), started(tmp_path, log)
    log.remove(5)
    one.follow()
    one.publish()
    behind.publish()
    one.adopt()
    assert one.is_current()
    one.publish()
    assert started(tmp_path, log).is_current()
    behind.follow()
    assert behind.is_current()


def test_nobody_writes_while_another_does(tmp_path: Path, log: Log) -> None:
    one, other = Process(tmp_path / "new", log), Process(tmp_path / "new", log)
    with one.shelf.writing() as mine:
        assert mine
        with other.shelf.writing() as too:
            assert not too
        with other.shelf.writing() as too:  # the first refusal did not let go of the lock
            assert not too
    with other.shelf.writing(wait=True) as mine:
        assert mine
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
