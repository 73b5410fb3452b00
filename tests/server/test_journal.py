"""The journal of one machine, without a store: what it keeps, and what it refuses."""

from __future__ import annotations

import fcntl
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from service.domain.errors import NotReady
from service.domain.sighting import Sighting, Source, Verdict
from service.journal import Journal
from tests.server.full_disk import files_of_at_most

DAY = date(2026, 11, 21)


def seen(entry_id: int) -> Sighting:
    return Sighting(entry_id, 7, DAY, Source.LOOKUP, Verdict.MATCH, f"m{entry_id}")


def entries(journal: Journal) -> list[int]:
    return [one.entry_id for pending in journal.take() for one in pending.sightings]


@pytest.mark.parametrize("more", [0, 10])
def test_what_a_full_disk_takes_a_part_of_was_never_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, more: int
) -> None:
    journal = Journal(tmp_path)
    journal.append([seen(1)])
    (path,) = tmp_path.iterdir()
    size = path.stat().st_size
    with files_of_at_most(size + more), caplog.at_level(logging.ERROR), pytest.raises(NotReady):
        journal.append([seen(2)])
    assert path.stat().st_size == size
    assert ("make room in the state folder" in caplog.text) == (not more)
    journal.append([seen(3)])
    assert entries(journal) == [1, 3]


def test_what_another_process_still_writes_is_read_and_not_taken(tmp_path: Path) -> None:
    here, there = Journal(tmp_path), Journal(tmp_path)
    here.append([seen(1)])
    there.append([seen(2)])
    assert here.references(7) == {
        "m1": {(1, Verdict.MATCH)},
        "m2": {(2, Verdict.MATCH)},
    }
    assert here.references(8) == {}
    assert entries(here) == [1]
    assert sorted(entries(there)) == [1, 2]  # nobody has discarded the first


def test_what_another_process_has_copied_meanwhile_is_passed_over(tmp_path: Path) -> None:
    for entry_id in (1, 2):
        journal = Journal(tmp_path)
        journal.append([seen(entry_id)])
        assert entries(journal)
    taking = journal.take()
    first = next(taking)
    for path in tmp_path.iterdir():
        path.unlink()
    assert list(taking) == []
    journal.discard(first)
    (tmp_path / "listed.sightings").symlink_to(tmp_path / "gone")
    assert journal.references(7) == {}
    journal.append([seen(3)])
    assert entries(journal) == [3]


def test_a_file_is_not_taken_while_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else another process would delete it, empty, and what is written to it after that is lost."""
    here, there = Journal(tmp_path), Journal(tmp_path)
    lock = fcntl.flock

    def lock_late(file: int, how: int) -> None:
        if how == fcntl.LOCK_EX:
            for pending in there.take():
                there.discard(pending)
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    here.append([seen(1)])
    assert entries(here) == [1]


def test_what_a_process_left_that_was_killed_while_it_made_a_file_is_deleted(
    tmp_path: Path,
) -> None:
    old, new = tmp_path / "old.new", tmp_path / "new.new"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    assert entries(Journal(tmp_path)) == []
    assert list(tmp_path.iterdir()) == [new]


def test_of_many_threads_nothing_is_lost_or_there_twice(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    found: list[int] = []

    def append(thread: int) -> None:
        for number in range(100):
            journal.append([seen(100 * thread + number)])

    def take() -> None:
        for pending in journal.take():
            found.extend(one.entry_id for one in pending.sightings)
            journal.discard(pending)

    with ThreadPoolExecutor(8) as pool:
        working = [pool.submit(append, thread) for thread in range(8)]
        while not all(one.done() for one in working):
            take()
        for one in working:
            one.result()
    take()
    assert sorted(found) == list(range(800))
