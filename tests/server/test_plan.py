from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.matching import plan, segment
from service.matching.plan import Chunking
from tests.examples import examples

CUTS = [plan.chunking(number) for number in range(plan.FEWEST_CHUNKS, plan.MOST_CHUNKS + 1)]
cuts = st.sampled_from(CUTS)
radii = st.integers(0, 64)


@pytest.mark.parametrize("cut", CUTS, ids=len)
def test_chunks_cover_every_bit_once(cut: Chunking) -> None:
    covered = [
        bit
        for first, width in zip(cut.firsts, cut.widths, strict=True)
        for bit in range(first, first + width)
    ]
    assert covered == list(range(256))
    assert max(cut.widths) <= plan.NEXT_CHUNK_BITS
    assert max(cut.widths) - min(cut.widths) <= 1


@pytest.mark.parametrize("cut", CUTS, ids=len)
def test_radii_share_out_one_more_than_the_radius(cut: Chunking) -> None:
    for radius in range(257):
        allowed = plan.chunk_radii(cut, radius)
        assert len(allowed) == len(cut)
        assert sum(each + 1 for each in allowed) == radius + 1
        assert min(allowed) >= -1


def distances(draw: st.DrawFn, cut: Chunking, radius: int) -> list[int]:
    """How many bits each chunk differs in, in all at most the radius; mostly as bad as can be."""
    number = len(cut)
    if draw(st.booleans()):
        # One more than is allowed, in every chunk: nothing is caught, until a bit is taken away.
        counts = [each + 1 for each in plan.chunk_radii(cut, radius)]
        counts[draw(st.sampled_from([at for at, each in enumerate(counts) if each]))] -= 1
        moves = draw(st.lists(st.tuples(*[st.integers(0, number - 1)] * 2), max_size=number))
    else:
        counts = [0] * number
        moves = []
        left = draw(st.integers(0, radius))
        first = draw(st.integers(0, number - 1))
        step = draw(st.sampled_from([1, 2, 3, number // 2]))
        for at in range(2 * number):  # all in one chunk and its neighbours, or in every other one
            chunk = (first + step * at) % number
            more = min(left, cut.widths[chunk] - counts[chunk])
            counts[chunk] += more
            left -= more
    for source, target in moves:
        if counts[source] and counts[target] < cut.widths[target]:
            counts[source] -= 1
            counts[target] += 1
    return counts


@st.composite
def patterns(draw: st.DrawFn) -> tuple[Chunking, int, list[int]]:
    """A cut, a radius, and for each chunk the bits in which two codes differ."""
    cut, radius = draw(cuts), draw(radii)
    if draw(st.integers(0, 3)) == 0:
        bits: set[int] = draw(st.sets(st.integers(0, 255), max_size=radius))
        in_a_row: bool = draw(st.booleans())
        if bits and in_a_row:  # in a row, over the borders of chunks
            bits = {(min(bits) + at) % 256 for at in range(len(bits))}
    else:
        bits = set()
        for chunk, count in enumerate(distances(draw, cut, radius)):
            places = draw(st.permutations(range(cut.widths[chunk])))[:count]
            bits |= {cut.firsts[chunk] + place for place in places}
    differing = sum(1 << bit for bit in bits)
    parts = zip(cut.firsts, cut.widths, strict=True)
    return cut, radius, [differing >> first & (1 << width) - 1 for first, width in parts]


@settings(max_examples=examples(150), deadline=None)
@given(patterns())
def test_some_probe_catches_whatever_is_within_the_radius(
    pattern: tuple[Chunking, int, list[int]],
) -> None:
    cut, radius, differing = pattern
    assert sum(each.bit_count() for each in differing) <= radius
    chunk, flip, most = plan.probes(cut, radius).T
    values = np.array(differing)
    beside = np.bitwise_count(np.roll(values, -1) & (1 << plan.NEXT_CHUNK_BITS) - 1)
    assert np.any((values[chunk] == flip) & (beside[chunk] <= most))


@settings(max_examples=examples(40), deadline=None)
@given(cuts, radii)
def test_probes_are_each_flip_once_within_what_is_allowed(cut: Chunking, radius: int) -> None:
    chunk, flip, most = plan.probes(cut, radius).T
    allowed = np.array(plan.chunk_radii(cut, radius))
    assert len(set(zip(chunk.tolist(), flip.tolist(), strict=True))) == len(chunk)
    assert np.all(flip < 1 << np.array(cut.widths)[chunk])
    assert np.all(np.bitwise_count(flip) <= allowed[chunk])
    room = allowed[chunk] + np.roll(allowed, -1)[chunk] + 1
    assert np.array_equal(most + np.bitwise_count(flip), room)


@settings(max_examples=examples(50), deadline=None)
@given(
    cuts,
    st.integers(0, plan.WIDEST_CHUNK_RADIUS * 16),
    st.integers(1, 2**24),
    st.integers(1, 2**24),
)
def test_cost_grows_with_codes_and_radius(cut: Chunking, radius: int, few: int, more: int) -> None:
    assert plan.cost(cut, few, radius) < plan.cost(cut, few + more, radius)
    assert plan.cost(cut, few, radius) < plan.cost(cut, few, radius + 1) or radius == 64


def test_a_chunk_that_may_differ_too_widely_costs_more_than_any_scan() -> None:
    assert plan.cost(plan.chunking(16), 2**24, 80) == float("inf")
    assert plan.cost(plan.chunking(16), 2**24, 79) < float("inf")


@settings(max_examples=examples(50), deadline=None)
@given(st.one_of(st.integers(0, 2**24), st.integers(0, 24).map(lambda power: 2**power)))
def test_directories_stay_within_their_share(count: int) -> None:
    cut = plan.best_chunking(count)
    directories = 4 * sum(2**width for width in cut.widths)
    assert directories <= max(
        plan.DIRECTORY_BYTES_PER_CODE * count,
        4 * sum(2**width for width in plan.chunking(plan.MOST_CHUNKS).widths),
    )


def test_a_signal_among_ten_million_costs_little_more_than_a_hundred_bytes() -> None:
    count = 10_000_000
    assert segment.file_bytes(count, plan.best_chunking(count)) <= 130 * count
