from __future__ import annotations

import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from service.matching import merge_policy, segment_writer
from service.matching.bit_order import permute_bits
from service.matching.codes import Codes, Neighbours
from service.matching.index import HammingIndex
from tests.examples import examples
from tests.server.following import Log, Process, compared, flipped, rows_of, uniform

FEW = 8
"""Codes that all examples are made of, so that they meet."""


def codes(*values: bytes) -> Codes:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)


def add(into: HammingIndex, *rows: tuple[int, bytes]) -> None:
    into.add(np.array([one for one, _ in rows], np.int64), codes(*(value for _, value in rows)))


def pairs(hits: Neighbours) -> list[tuple[int, int, int]]:
    return sorted(
        zip(hits.queries.tolist(), hits.ids.tolist(), hits.distances.tolist(), strict=True)
    )


def scanned(
    stored: dict[int, bytes], asked: list[bytes], radius: int
) -> list[tuple[int, int, int]]:
    """The answer by comparing everything with everything."""
    near = (
        (at, one, (int.from_bytes(value) ^ int.from_bytes(query)).bit_count())
        for at, query in enumerate(asked)
        for one, value in stored.items()
    )
    return sorted(each for each in near if each[2] <= radius)


base = b"\x5a" * 32
values = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.integers(0, 256).map(lambda bits: ((1 << bits) - 1).to_bytes(32)),
    st.integers(0, 2**16 - 1).map(lambda low: base[:30] + low.to_bytes(2)),
)
adds = st.tuples(
    st.just("add"), st.lists(st.tuples(st.integers(0, FEW), values), min_size=1, max_size=6)
)
removes = st.tuples(st.just("remove"), st.lists(st.integers(0, FEW + 1), max_size=6))
searches = st.tuples(
    st.just("search"), st.tuples(st.lists(values, max_size=3), st.integers(0, 256))
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.one_of(adds, adds, removes, searches), max_size=30))
def test_the_index_equals_a_scan_of_everything(steps: list[tuple[str, object]]) -> None:
    found, stored = HammingIndex(), dict[int, bytes]()
    for step, what in steps:
        if step == "add":
            assert isinstance(what, list)
            add(found, *what)
            for one, value in what:
                stored.setdefault(one, value)
        elif step == "remove":
            assert isinstance(what, list)
            found.remove(what)
            for one in what:
                stored.pop(one, None)
        else:
            assert isinstance(what, tuple)
            asked, radius = what
            assert pairs(found.search(codes(*asked), radius)) == scanned(stored, asked, radius)
        assert len(found) == len(stored)
    every = list(stored.values())
    assert pairs(found.search(codes(*every), 256)) == scanned(stored, every, 256)


@pytest.mark.parametrize("radius", [0, 1, 31, 32, 255, 256])
def test_what_is_exactly_at_the_radius_is_found(radius: int) -> None:
    found = HammingIndex()
    add(found, (7, ((1 << radius) - 1).to_bytes(32)))
    assert pairs(found.search(codes(bytes(32)), radius)) == [(0, 7, radius)]
    if radius:
        assert pairs(found.search(codes(bytes(32)), radius - 1)) == []


def test_an_empty_index_finds_nothing() -> None:
    assert pairs(HammingIndex().search(codes(bytes(32)), 256)) == []
    assert len(HammingIndex()) == 0


def test_an_id_there_already_is_passed_over() -> None:
    found = HammingIndex()
    add(found, (1, b"a" * 32), (1, b"b" * 32))
    add(found, (1, b"c" * 32))
    assert pairs(found.search(codes(b"a" * 32, b"b" * 32, b"c" * 32), 0)) == [(0, 1, 0)]
    found.remove([1])
    assert pairs(found.search(codes(b"a" * 32), 256)) == []


def test_a_removed_id_may_come_back() -> None:
    found = HammingIndex()
    for _ in range(20):
        add(found, (1, b"a" * 32), (2, b"b" * 32))
        found.remove([1])
    add(found, (1, b"c" * 32))
    assert pairs(found.search(codes(b"c" * 32), 0)) == [(0, 1, 0)]
    assert pairs(found.search(codes(b"a" * 32), 0)) == []


def test_many_threads_see_what_one_would() -> None:
    found = HammingIndex()
    random = np.random.default_rng(1)
    stored = random.integers(0, 256, (800, 32), np.uint8)

    def work(part: int) -> None:
        mine = np.arange(part, 800, 8, dtype=np.int64)
        for one in mine:
            found.add(np.array([one]), stored[one : one + 1])
            assert one in found.search(stored[one : one + 1], 0).ids
        found.remove(mine[::2].tolist())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    left = {
        int(one): stored[one].tobytes()
        for part in range(8)
        for one in np.arange(part, 800, 8)[1::2]
    }
    assert len(found) == len(left)
    assert pairs(found.search(stored, 0)) == scanned(left, [row.tobytes() for row in stored], 0)


# --- with segments ---

some = st.lists(st.tuples(st.integers(0, 25), values), min_size=1, max_size=12)
radii = st.one_of(st.integers(0, 64), st.just(256))


class Life(RuleBasedStateMachine):
    """One index with its folder: what is found is always what a dictionary holds."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="takeback-"))
        self.log, self.stored = Log(), dict[int, bytes]()
        self.begin()

    def begin(self) -> None:
        self.process = Process(self.folder, self.log)
        self.process.open()
        self.process.follow()

    def teardown(self) -> None:
        self.search([bytes(32), *self.stored.values()], 256)
        shutil.rmtree(self.folder)

    @rule(what=some)
    def add(self, what: list[tuple[int, bytes]]) -> None:
        for one, value in what:
            self.log.add(one, value)
            self.stored.setdefault(one, value)
        self.process.follow()

    @rule(what=st.lists(st.integers(0, 26), max_size=8))
    def remove(self, what: list[int]) -> None:
        for one in what:
            self.log.remove(one)
            self.stored.pop(one, None)
        self.process.follow()

    @rule(what=some)
    def replace(self, what: list[tuple[int, bytes]]) -> None:
        self.remove([one for one, _ in what])
        self.add(what)

    @rule(asked=st.lists(values, max_size=3), radius=radii)
    def search(self, asked: list[bytes], radius: int) -> None:
        asked += list(self.stored.values())[:3]
        found = self.process.bank.search(codes(*asked), radius)
        assert pairs(found) == scanned(self.stored, asked, radius)

    @rule()
    def commit(self) -> None:
        self.process.commit()

    @rule(added=some, removed=st.lists(st.integers(0, 26), max_size=8))
    def commit_during(self, added: list[tuple[int, bytes]], removed: list[int]) -> None:
        def meanwhile() -> None:
            self.remove(removed)
            self.replace(added)

        self.process.commit(meanwhile)

    @rule()
    def reopen(self) -> None:
        self.begin()

    @invariant()
    def counts(self) -> None:
        assert len(self.process.bank) == len(self.stored)


def test_an_index_with_segments_equals_a_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_policy, "TAIL_CODES", 8)
    monkeypatch.setattr(merge_policy, "SEGMENT_CODES", 16)
    run_state_machine_as_test(
        Life, settings=settings(max_examples=examples(20), stateful_step_count=20, deadline=None)
    )


def several(tmp_path: Path) -> tuple[HammingIndex, Codes]:
    """An index of three segments and a tail, and its 1500 codes, whose ids are their places."""
    stored = flipped(np.random.default_rng(3), uniform(4, 3).repeat(500, axis=0), 50)
    stored = stored[np.random.default_rng(5).permutation(len(stored))]
    words, found = permute_bits(stored), HammingIndex()
    found.reset(
        [
            segment_writer.write(tmp_path / f"{first}.segment", ids, words[ids])
            for first, ids in enumerate(np.arange(first, 1200, 3) for first in range(3))
        ]
    )
    found.add(np.arange(1500), stored)
    assert found.unflushed == 300
    return found, stored


@pytest.mark.parametrize("threads", [None, 1, 2, 5])
@pytest.mark.parametrize("asked", [0, 1, 15, 16, 33, 200, 700])
def test_a_batch_is_answered_as_its_queries_are(
    tmp_path: Path, asked: int, threads: int | None
) -> None:
    found, stored = several(tmp_path)
    found.remove([3, 1499, 7], change=1)
    left = np.setdiff1d(np.arange(1500), [3, 1499, 7])
    queries = stored[:asked]
    hits = found.search(queries, 31, threads=threads)
    assert np.array_equal(rows_of(hits), compared(left, stored[left], queries, 31))
    assert np.all(np.diff(hits.queries) >= 0)


def test_what_is_removed_while_others_search_is_gone_at_once(tmp_path: Path) -> None:
    found, stored = several(tmp_path)

    def work(part: int) -> None:
        for one in range(part, 1500, 4):
            assert one in found.search(stored[one : one + 1], 0).ids
            found.remove([one], change=one + 1)
            assert one not in found.search(stored[one : one + 1], 0).ids

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(found) == 0
    assert not len(found.search(stored[:40], 256).ids)


def test_a_snapshot_is_a_copy(tmp_path: Path) -> None:
    found, _ = several(tmp_path)
    found.remove([5], change=1)
    snapshot = found.snapshot()
    found.remove([6, 1498], change=2)
    found.add(np.array([5]), uniform(9, 1))
    ids = np.concatenate([snapshot.ids, *(snapshot.live_codes(at)[0] for at in range(3))])
    assert np.array_equal(np.sort(ids), np.setdiff1d(np.arange(1500), [5]))


def test_what_stays_is_found_all_the_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_policy, "TAIL_CODES", 8)
    log = Log()
    process = Process(tmp_path, log)
    stored = uniform(8, 60)
    answer = compared(np.arange(60), stored, stored, 20)
    done = threading.Event()

    def search() -> int:
        times = 0
        while not done.is_set():
            assert np.array_equal(rows_of(process.bank.search(stored, 20, threads=1)), answer)
            times += 1
        return times

    for one, value in enumerate(stored):
        log.add(one, value.tobytes())
    process.follow()
    with ThreadPoolExecutor(2) as pool:
        searches = [pool.submit(search) for _ in range(2)]
        for number in range(100, 500, 10):
            for one in range(number, number + 10):
                log.add(one, uniform(one, 1)[0].tobytes())
                log.remove(one - 25)
            process.follow()
            process.commit()
        done.set()
        assert all(each.result() for each in searches)


def test_what_is_replaced_is_found_once_and_goes_to_the_tail() -> None:
    found = HammingIndex()
    add(found, (1, b"a" * 32), (2, b"b" * 32))
    found.replace(np.array([1, 3]), codes(b"a" * 32, b"c" * 32), change=5)
    assert pairs(found.search(codes(b"a" * 32, b"c" * 32), 0)) == [(0, 1, 0), (1, 3, 0)]
    assert len(found) == 3
    found.install([], upto=5)
    assert pairs(found.search(codes(b"a" * 32, b"c" * 32), 0)) == [(0, 1, 0), (1, 3, 0)]
    found.remove([1])
    assert pairs(found.search(codes(b"a" * 32), 0)) == []
