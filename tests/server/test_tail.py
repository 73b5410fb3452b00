from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from service.matching.bit_order import permute_bits
from service.matching.codes import Codes, Ids
from service.matching.scan import scan
from service.matching.tail import Tail
from tests.examples import examples
from tests.server.following import compared, flipped, in_order, uniform


def test_an_empty_tail_finds_nothing() -> None:
    for room in (0, 1, 1024):
        tail = Tail.empty(room)
        assert tail.count == 0
        assert not len(tail.live_rows())
        assert tail.search(permute_bits(uniform(1, 3)), 256).shape == (0, 3)


def finds(tail: Tail, ids: Ids, stored: Codes, radius: int) -> bool:
    asked = np.concatenate([stored[::7], uniform(99, 2)])
    found = in_order(tail.search(permute_bits(asked), radius))
    return np.array_equal(found, compared(ids, stored, asked, radius))


@settings(max_examples=examples(40), deadline=None)
@given(
    st.integers(0, 3),
    st.lists(st.integers(0, 40), max_size=8),
    st.sampled_from([0, 31, 118, 256]),
    st.integers(0, 2**32 - 1),
)
def test_a_tail_finds_what_was_appended_and_not_removed(
    room: int, lengths: list[int], radius: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    tail, ids, stored = Tail.empty(room), np.empty(0, np.int64), uniform(seed, 0)
    for length in lengths:
        fresh = random.integers(0, 2**62, length)
        more = flipped(random, uniform(seed, 1).repeat(length, axis=0), 60)
        tail = tail.appended(fresh, permute_bits(more))
        ids, stored = np.concatenate([ids, fresh]), np.concatenate([stored, more])
        places = random.choice(tail.count, tail.count // 4, replace=False)
        tail.removed[places] = 1
        live = tail.live_rows()
        assert tail.count == len(ids)
        assert finds(tail, ids[live], stored[live], radius)
    live = tail.live_rows()
    kept = tail.subset(live)
    assert kept.count == len(live)
    assert finds(kept, ids[live], stored[live], radius)
    assert np.array_equal(kept.live_rows(), np.arange(kept.count))


def test_whoever_searches_an_older_tail_goes_on_undisturbed() -> None:
    stored = uniform(2, 800)
    words, ids = permute_bits(stored), np.arange(800)
    older = Tail.empty(4).appended(ids[:3], words[:3])
    tails = [older]
    for start in range(3, 800, 90):
        tails.append(tails[-1].appended(ids[start : start + 90], words[start : start + 90]))
    for tail in tails:
        assert finds(tail, ids[: tail.count], stored[: tail.count], 256)


def test_what_is_kept_is_of_its_own() -> None:
    words = permute_bits(uniform(3, 10))
    tail = Tail.empty().appended(np.arange(10), words)
    kept = tail.subset(np.array([1, 4]))
    tail.removed[:] = 1
    tail.ids[:] = -5
    assert kept.search(words, 0).tolist() == [[1, 1, 0], [4, 4, 0]]
    kept.removed[0] = 1
    assert kept.search(words, 0).tolist() == [[4, 4, 0]]


def test_a_scan_reads_codes_where_they_lie() -> None:
    stored = uniform(4, 50)
    words = permute_bits(stored)
    words.flags.writeable = False
    rows = in_order(scan(words[3:5], words[10:], 256))
    assert np.array_equal(rows, compared(np.arange(40), stored[10:], stored[3:5], 256))
    assert scan(words[:0], words, 256).shape == scan(words, words[:0], 256).shape == (0, 3)
    assert scan(words[:1], words[1:], 0).shape == (0, 3)


def test_a_scan_answers_in_the_order_of_the_queries() -> None:
    words = permute_bits(uniform(5, 30).repeat(30, axis=0))
    rows = scan(words, words, 0)
    assert len(rows) == 900 * 30
    assert np.all(np.diff(rows[:, 0]) >= 0)
