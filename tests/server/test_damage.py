"""A folder of segments in which something is broken, or for which there is no room."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from service.matching import manifest, merge_policy
from service.matching.bit_order import permute_bits
from service.matching.segment_directory import OpenResult
from tests.server.following import (
    BANK,
    EXCLUDED,
    NAMES,
    Log,
    Process,
    code,
    codes,
    committed,
    files,
    shows,
    started,
    two_indexes,
    uniform,
)
from tests.server.full_disk import files_of_at_most

SMALL = 8


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_policy, "TAIL_CODES", SMALL)


@pytest.fixture
def log() -> Log:
    return two_indexes()


def test_a_damaged_segment_costs_its_index_alone(
    tmp_path: Path, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    (segment,) = committed(tmp_path, log).bank.segments
    whole = segment.path.read_bytes()
    segment.path.write_bytes(whole[:-1])
    again = Process(tmp_path, log)
    with caplog.at_level(logging.ERROR):
        opened = again.open()
    assert opened == OpenResult(log.position, frozenset({BANK}))
    assert segment.path.name in caplog.text
    assert not len(again.bank)
    assert shows(again.indexes[EXCLUDED], log.state(None, EXCLUDED))
    segment.path.unlink()
    assert Process(tmp_path, log).open().lost == {BANK}


def test_a_damaged_manifest_costs_all_indexes(
    tmp_path: Path, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    committed(tmp_path, log)
    path = tmp_path / manifest.NAME
    path.write_bytes(path.read_bytes()[:-9])
    with caplog.at_level(logging.ERROR):
        opened = Process(tmp_path, log).open()
    assert opened.position == 0
    assert opened.lost == set(NAMES)
    assert manifest.NAME in caplog.text


def test_an_index_that_the_manifest_does_not_name_is_lost(tmp_path: Path, log: Log) -> None:
    committed(tmp_path, log)
    found = manifest.read(tmp_path)
    assert found is not None
    manifest.write(tmp_path, manifest.Manifest(found.position, {BANK: found.indexes[BANK]}))
    assert Process(tmp_path, log).open().lost == {EXCLUDED}


@pytest.mark.parametrize("what", ["manifest", "segment"])
def test_damage_is_passed_over_and_then_replaced(
    tmp_path: Path, log: Log, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = committed(tmp_path, log)
    one = started(tmp_path, log)
    for number in range(100, 160):
        log.add(number, code(number))
    for process in (one, other):
        process.follow()
    other.commit()  # and what `one` has open is deleted
    (segment,) = other.bank.segments
    path = tmp_path / manifest.NAME if what == "manifest" else segment.path
    path.write_bytes(path.read_bytes()[:-9])
    one.reload()
    assert path.name in caplog.text
    assert one.is_current()
    one.commit()
    assert one.is_current()
    assert not Process(tmp_path, log).open().lost


def test_a_full_disk_leaves_the_manifest_before(tmp_path: Path, log: Log) -> None:
    committed(tmp_path, log)
    before = files(tmp_path)
    for one in range(100, 140):
        log.add(one, code(one))
    for one in range(200, 1400):
        log.add(one, code(one), EXCLUDED)
    process = started(tmp_path, log)
    for _ in range(3):
        # enough for the first of the indexes
        with pytest.raises(OSError, match="File too large"), files_of_at_most(90_000):
            process.commit()
        assert process.is_current()
        assert files(tmp_path) == before
    assert started(tmp_path, log).is_current()
    process.commit()
    assert process.is_current()
    assert started(tmp_path, log).is_current()


def rebuild(process: Process, log: Log) -> None:
    """Read one index anew from the log, which the process has followed to its end."""
    state = log.state()
    ids = np.array(sorted(state), np.int64)
    with process.directory.write_lock():
        process.directory.rebuild(
            BANK, ids, permute_bits(codes(*(state[one] for one in ids.tolist())))
        )


def test_what_was_rebuilt_outlasts_a_commit_that_fails(tmp_path: Path, log: Log) -> None:
    process = committed(tmp_path, log)
    rebuild(process, log)
    log.add(99, code(99), EXCLUDED)
    process.follow()
    with pytest.raises(OSError, match="File too large"), files_of_at_most(100):
        process.commit()
    assert process.is_current()
    process.commit()
    assert process.is_current()
    assert not Process(tmp_path, log).open().lost
    assert started(tmp_path, log).is_current()


def test_a_manifest_names_only_what_is_there(tmp_path: Path, log: Log) -> None:
    other = committed(tmp_path, log)
    one = started(tmp_path, log)
    for number in range(100, 160):
        log.add(number, code(number))
    other.follow()
    other.commit()  # and what `one` has open is deleted
    path = tmp_path / manifest.NAME
    path.write_bytes(path.read_bytes()[:-9])
    one.follow(one.position + 2)
    one.commit()
    assert one.is_current()
    assert not Process(tmp_path, log).open().lost
    assert started(tmp_path, log).is_current()


def test_rebuilding_goes_on_without_a_disk(tmp_path: Path, log: Log) -> None:
    process = committed(tmp_path, log)
    stored = uniform(5, 100)
    with files_of_at_most(4096), process.directory.write_lock():
        process.directory.rebuild(BANK, np.arange(100), permute_bits(stored))
    assert shows(process.bank, {one: stored[one].tobytes() for one in range(100)})
