"""What is kept where very much is near: as by sorting all rows, and less is looked at twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.matching import turns
from service.matching.codes import Most
from service.search.neighbours import groups, ranks

Rows = NDArray[np.int64]
RADIUS = 31


def ranges_of(random: np.random.Generator, contents: int) -> Rows:
    """Contents of one to thirty signals, with gaps, each observed by one of three."""
    sizes = random.integers(1, 31, contents)
    gaps = random.integers(1, 4, contents)
    first = np.cumsum(sizes + gaps) - sizes
    content = random.permutation(contents) + 1
    return np.stack((first, first + sizes - 1, content, random.integers(0, 3, contents)), axis=1)


def rows_of(random: np.random.Generator, ranges: Rows, codes: int) -> Rows:
    """Rows of some codes, each near some signals, all of them once, in any order."""
    ids = np.concatenate([np.arange(first, last + 1) for first, last, *_ in ranges.tolist()])
    of_codes = []
    for code in range(codes):
        near = random.permutation(ids)[: random.integers(1, len(ids) + 1)]
        distances = random.integers(0, random.integers(1, RADIUS + 2), len(near))
        of_codes.append(np.stack((np.full(len(near), code), near, distances), axis=1))
    return np.concatenate(of_codes)


def holder(rows: Rows, ranges: Rows, column: int = 2) -> Any:
    place = np.searchsorted(ranges[:, 0], rows[:, 1], side="right") - 1
    return ranges[place, column]


def sorted_nearest(rows: Rows, ranges: Rows, most: Most, *, by_observer: bool) -> Any:
    """The same by sorting everything, as it was done before."""
    code, _, distance = rows.T
    content = holder(rows, ranges)
    nth = ranks(groups(code, content), distance)
    order = ranks(code, nth, distance)
    if by_observer:
        turn = ranks(groups(code, holder(rows, ranges, 3)), nth, distance)
        order = ranks(code, turn, distance)
    kept = (order < most.signals) | ((nth == 0) & (order < most.contents))
    crowded = np.bincount(code)[code] > most.signals
    return rows[~crowded | kept]


def sorted_turns(rows: Rows, ranges: Rows, *, by_observer: bool) -> Rows:
    code, _, distance = rows.T
    nth, of_code = ranks(holder(rows, ranges), distance), ranks(code, distance)
    turn = np.zeros_like(nth)
    if by_observer:
        turn = ranks(holder(rows, ranges, 3), nth, of_code, distance)
    order: Rows = np.lexsort((distance, of_code, nth, turn))
    return order


def placed(rows: Rows, ranges: Rows, fewest: int = 0) -> Any:
    place = np.empty(len(rows), np.int32)
    assert turns.places(rows, ranges, fewest, place) == 0
    return place


def left_by_scans(
    rows: Rows, part: Rows, ranges: Rows, most: Most, random: np.random.Generator
) -> Rows:
    """What is left of rows that two scans found, each with signals that were removed."""
    left = []
    for number in range(2):
        ours = rows[part == number]
        gone = random.permutation(ours)[: len(ours) // 3]
        found = np.concatenate((ours, gone))
        removed = np.repeat([0, 1], [len(ours), len(gone)]).astype(np.uint8)
        order = np.argsort(found[:, 0], kind="stable")
        limits = np.searchsorted(found[order, 0], np.arange(rows[-1, 0] + 2))
        distances = found[order, 2].astype(np.float32)
        triples, unknown = turns.wanted(
            limits, order, distances, found[:, 1].copy(), removed, ranges, most.signals, RADIUS
        )
        assert not len(unknown)
        left.append(triples)
    every = np.concatenate(left)
    return every[np.argsort(every[:, 0], kind="stable")]


@pytest.mark.parametrize("by_observer", [False, True])
@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    contents=st.integers(1, 25),
    codes=st.integers(1, 5),
    signals=st.integers(1, 60),
    more=st.integers(0, 20),
)
def test_the_same_is_kept_as_by_sorting_all(
    *, by_observer: bool, seed: int, contents: int, codes: int, signals: int, more: int
) -> None:
    random = np.random.default_rng(seed)
    ranges = ranges_of(random, contents)
    rows, most = rows_of(random, ranges, codes), Most(signals, signals + more)
    place = placed(rows, ranges, signals)
    kept = rows[turns.nearest(rows, place, ranges, by_observer, *most)]
    assert np.array_equal(kept, sorted_nearest(rows, ranges, most, by_observer=by_observer))
    order = turns.in_turns(rows, placed(rows, ranges), ranges, by_observer)
    assert np.array_equal(order, sorted_turns(rows, ranges, by_observer=by_observer))


@pytest.mark.parametrize("by_observer", [False, True])
def test_where_most_codes_have_no_row_there_are_still_as_many_places_as_rows(
    *, by_observer: bool
) -> None:
    ranges = ranges_of(np.random.default_rng(7), 3)
    rows = np.array([[code, ranges[code % 3, 0], code] for code in (4, 500, 900)], np.int64)
    order = turns.in_turns(rows, placed(rows, ranges), ranges, by_observer)
    assert sorted(order.tolist()) == [0, 1, 2]


@pytest.mark.parametrize("by_observer", [False, True])
@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 2**32), contents=st.integers(1, 25), signals=st.integers(1, 60))
def test_what_a_scan_leaves_out_nobody_keeps(
    *, by_observer: bool, seed: int, contents: int, signals: int
) -> None:
    """Contents are in one part each, as they are but for a moment."""
    random = np.random.default_rng(seed)
    ranges = ranges_of(random, contents)
    if not by_observer:
        ranges[:, 3] = 0
    rows, most = rows_of(random, ranges, 4), Most(signals, signals + 9)
    part = random.integers(0, 2, contents)
    part = part[np.searchsorted(ranges[:, 0], rows[:, 1], side="right") - 1]
    order = np.lexsort((part, rows[:, 0]))
    rows, part = rows[order], part[order]
    left = left_by_scans(rows, part, ranges, most, random)
    assert len(left) <= len(rows)
    place = placed(left, ranges, signals)
    kept = left[turns.nearest(left, place, ranges, by_observer, *most)]
    expected = sorted_nearest(rows, ranges, most, by_observer=by_observer)
    if by_observer:  # what is left out takes no turn, so the nearest of some more contents is kept
        assert set(map(tuple, expected.tolist())) <= set(map(tuple, kept.tolist()))
    else:
        assert np.array_equal(kept, expected)


def test_a_scan_of_very_many_leaves_few_of_each_content() -> None:
    """60,000 frames of 150 videos near one value: 7 of each are enough for a thousand."""
    contents, frames = 150, 400
    first = np.arange(contents) * frames
    ranges = np.stack((first, first + frames - 1, first + 1, 0 * first), axis=1)
    ids = np.arange(contents * frames)
    distances = np.random.default_rng(1).integers(0, RADIUS + 1, len(ids)).astype(np.float32)
    limits, removed = np.array([0, len(ids)]), np.zeros(len(ids), np.uint8)
    triples, _ = turns.wanted(limits, ids, distances, ids, removed, ranges, 1000, RADIUS)
    assert len(triples) == 7 * contents
    assert set(np.bincount(triples[:, 1] // frames)) == {7}
    nothing, unknown = turns.wanted(limits, ids, distances, ids, removed, ranges[1:], 1000, RADIUS)
    assert not len(nothing)
    assert unknown.tolist() == list(range(frames))
    removed[:] = 1
    nothing, unknown = turns.wanted(limits, ids, distances, ids, removed, ranges, 1000, RADIUS)
    assert not len(nothing)
    assert not len(unknown)
