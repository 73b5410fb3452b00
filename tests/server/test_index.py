from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.matching.codes import Codes, Hits
from service.matching.index import HammingIndex

FEW = 8
"""Codes that all examples are made of, so that they meet."""


def codes(*values: bytes) -> Codes:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)


def add(into: HammingIndex, *rows: tuple[int, bytes]) -> None:
    into.add(np.array([one for one, _ in rows], np.int64), codes(*(value for _, value in rows)))


def pairs(hits: Hits) -> list[tuple[int, int, int]]:
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


@settings(max_examples=120, deadline=None)
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
