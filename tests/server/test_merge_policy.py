from __future__ import annotations

from dataclasses import dataclass, field
from math import log, log2
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.matching import merge_policy
from service.matching.merge_policy import (
    ERASE_AFTER_SECONDS,
    ERASE_CODES_PER_SECOND,
    MAX_REMOVED_SHARE,
    SEGMENT_CODES,
    SIZE_RATIO,
    TAIL_CODES,
    SegmentSize,
)
from tests.examples import examples

sizes = st.builds(
    lambda count, share, age: SegmentSize(count, int(count * share), age),
    st.one_of(st.integers(1, SEGMENT_CODES), st.integers(0, 24).map(lambda power: 2**power)),
    st.sampled_from([0.0, 0.0, 0.1, 0.3, 1.0]),
    st.sampled_from([0.0, 1000.0, 1e7]),
)
tails = st.one_of(st.just(0), st.integers(1, 2 * TAIL_CODES))


@dataclass
class Written:
    """A segment, and how often the code in it that was written most often was written."""

    count: int
    removed: int = 0
    times: int = 1


@dataclass
class Life:
    """Additions and removals by number, as they go through the merge policy."""

    segments: list[Written] = field(default_factory=list)
    written: int = 0
    most_segments: int = 0
    most_times: int = 0

    def flush(self, tail: int) -> None:
        buckets = merge_policy.find_merges(
            tail, [SegmentSize(each.count, each.removed, 0) for each in self.segments]
        )
        kept = [
            each
            for at, each in enumerate(self.segments)
            if not any(at in bucket for bucket in buckets)
        ]
        for first, bucket in enumerate(buckets):
            taken = [self.segments[at] for at in bucket]
            count = sum(each.count - each.removed for each in taken) + (0 if first else tail)
            assert count <= SEGMENT_CODES
            if count:
                times = 1 + max((each.times for each in taken), default=0)
                kept.append(Written(count, 0, times))
                self.written += count
                self.most_times = max(self.most_times, times)
        self.segments = kept
        growing = [each for each in kept if each.count - each.removed <= SEGMENT_CODES / 2]
        self.most_segments = max(self.most_segments, len(growing))

    def remove(self, random: Random, share: float) -> None:
        for each in self.segments:
            each.removed += int((each.count - each.removed) * share * random.random())


@settings(max_examples=examples(100), deadline=None)
@given(tails, st.lists(sizes, max_size=12))
def test_what_is_taken(tail: int, held: list[SegmentSize]) -> None:
    first, *alone = merge_policy.find_merges(tail, held)
    every = [place for bucket in (first, *alone) for place in bucket]
    assert len(set(every)) == len(every)
    total = tail + sum(held[place].live_count for place in first)
    assert total <= SEGMENT_CODES
    for place, size in enumerate(held):
        if place in first:
            assert total >= (1 + SIZE_RATIO) / SIZE_RATIO * size.live_count
        else:
            assert ({place} in alone) == size.needs_rewrite
            assert (
                not tail
                or size.live_count > SIZE_RATIO * total
                or total + size.live_count > SEGMENT_CODES
            )


def test_nothing_is_taken_without_a_reason() -> None:
    assert merge_policy.find_merges(0, [SegmentSize(10, 0, 1e9), SegmentSize(10, 0, 0)]) == [set()]
    assert merge_policy.find_merges(0, [SegmentSize(100, 1, 0), SegmentSize(100, 100, 0)]) == [
        set(),
        {1},
    ]
    assert merge_policy.find_merges(
        1, [SegmentSize(10, 0, 0), SegmentSize(1, 0, 0), SegmentSize(4, 0, 0)]
    ) == [{0, 1, 2}]


@pytest.mark.parametrize("count", [1, 1000, SEGMENT_CODES])
def test_a_segment_is_rewritten_for_much_removed_or_by_time(count: int) -> None:
    patience = ERASE_AFTER_SECONDS + count / ERASE_CODES_PER_SECOND
    few, many = max(1, int(MAX_REMOVED_SHARE * count)), int(MAX_REMOVED_SHARE * count) + 1
    assert SegmentSize(count, many, 0).needs_rewrite
    assert SegmentSize(count, few, patience + 1).needs_rewrite
    assert not SegmentSize(count, 0, patience * 100).needs_rewrite
    assert few >= many or not SegmentSize(count, few, patience - 1).needs_rewrite


@given(tails, st.lists(sizes, max_size=4))
def test_what_is_due(tail: int, held: list[SegmentSize]) -> None:
    assert merge_policy.is_due(tail, held) == (
        tail >= TAIL_CODES or any(each.needs_rewrite for each in held)
    )


def test_codes_are_written_a_few_times_as_they_are_added() -> None:
    life = Life()
    for _ in range(2 * SEGMENT_CODES // TAIL_CODES):
        life.flush(TAIL_CODES)
    assert sum(each.count for each in life.segments) == 2 * SEGMENT_CODES
    assert life.most_times <= 16
    assert life.most_segments <= 6
    assert life.written <= 7 * 2 * SEGMENT_CODES


@pytest.mark.parametrize("share", [0, 0.001, 0.02, 0.3])
@pytest.mark.parametrize("least", [1, TAIL_CODES])
def test_what_is_written_and_searched_stays_bounded(least: int, share: float) -> None:
    random, life, total = Random(1), Life(), 0
    for _ in range(3000):
        tail = int(least * (2 * TAIL_CODES / least) ** random.random())
        total += tail
        life.flush(tail)
        life.remove(random, share)
    assert life.written <= 8 * total
    # A segment is more than twice as large as the next smaller one.
    assert life.most_segments <= log2(SEGMENT_CODES / 2 / least)
    assert share or life.most_times <= log(SEGMENT_CODES / least, (1 + SIZE_RATIO) / SIZE_RATIO)
    alive = sum(each.count - each.removed for each in life.segments)
    assert len(life.segments) <= life.most_segments + 2 * alive / SEGMENT_CODES
