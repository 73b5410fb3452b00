from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from service.matching import bits, kernels, plan, segment
from service.matching.bit_order import permute_bits
from service.matching.codes import Codes
from tests.server.following import codes, uniform

LANES = bits.LANES
values16 = st.integers(0, 2**16 - 1)
words64 = st.one_of(
    st.integers(0, 2**64 - 1), st.integers(0, 63).map(lambda bit: 1 << bit), st.just(2**64 - 1)
)


# Numba puts the first argument of an intrinsic there itself.
_near: Any = bits.near_lanes
_popcount: Any = bits.popcount
_lowest: Any = bits.lowest_bit


@njit
def near(array: Any, place: Any, value: Any, most: Any) -> Any:
    return _near(array, place, value, most)


@njit
def popcount(word: Any) -> Any:
    return _popcount(word)


@njit
def lowest(word: Any) -> Any:
    return _lowest(word)


def bit_of(word: np.unsignedinteger[Any], place: int) -> int:
    return int(word) >> place & 1


# --- bits ---


@settings(deadline=None)
@given(words64)
def test_set_bits_are_counted_and_the_lowest_found(word: int) -> None:
    for kind, value in ((np.uint64, word), (np.uint32, word & 2**32 - 1)):
        assert popcount(kind(value)) == value.bit_count()
        if value:
            assert lowest(kind(value)) == (value & -value).bit_length() - 1


@settings(deadline=None)
@given(
    st.lists(values16, min_size=LANES, max_size=LANES + 9),
    st.integers(0, 9),
    values16,
    st.integers(0, 16),
)
def test_near_compares_a_row_of_values(held: list[int], at: int, value: int, most: int) -> None:
    place = min(at, len(held) - LANES)
    found = near(np.array(held, np.uint16), place, np.uint16(value), np.uint16(most))
    expected = [(each ^ value).bit_count() <= most for each in held[place : place + LANES]]
    assert [bool(int(found) >> lane & 1) for lane in range(LANES)] == expected


# --- the order of the bits ---


@settings(deadline=None)
@given(st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_bits_are_taken_from_the_diagonals(given_codes: list[bytes]) -> None:
    before = codes(*given_codes).view(np.uint16)
    after = permute_bits(codes(*given_codes)).view(np.uint16).reshape(-1, 16)
    assert after.shape == (len(given_codes), 16)
    for old, new in zip(before.reshape(-1, 16), after, strict=True):
        for k in range(16):
            for row in range(16):
                assert bit_of(new[k], row) == bit_of(old[row], (row + k) % 16)


def test_permuting_moves_every_bit_to_a_place_of_its_own() -> None:
    singles = codes(*((1 << bit).to_bytes(32, "little") for bit in range(256)))
    moved = permute_bits(singles)
    assert np.all(np.bitwise_count(moved).sum(axis=1) == 1)
    assert len(np.unique(moved, axis=0)) == 256


def test_permuting_keeps_distances_and_leaves_what_it_was_given() -> None:
    stored = uniform(1, 200)
    frozen = stored.copy()
    frozen.flags.writeable = False
    words = permute_bits(frozen)
    for one, other in ((0, slice(None)), (7, slice(50, 60))):
        apart = np.bitwise_count(stored[other] ^ stored[one]).sum(axis=1)
        assert np.array_equal(np.bitwise_count(words[other] ^ words[one]).sum(axis=1), apart)
    assert np.array_equal(frozen, stored)


def test_codes_need_not_lie_in_a_row() -> None:
    stored = uniform(2, 40)
    assert np.array_equal(permute_bits(stored[::-2]), permute_bits(stored[::-2].copy()))


# --- parts of codes ---


@settings(deadline=None)
@given(
    st.lists(words64, min_size=4, max_size=4),
    st.one_of(st.integers(0, 255), st.sampled_from([48, 49, 63, 64, 65, 112, 127, 128, 191, 192])),
    st.integers(1, 16),
)
def test_a_part_is_taken_over_the_borders_of_words(
    words: list[int], start: int, width: int
) -> None:
    first = min(start, 256 - width)
    whole = sum(word << 64 * place for place, word in enumerate(words))
    # A row before and after, so that what is read from a neighbour shows.
    rows = np.array([[2**64 - 1] * 4, words, [2**64 - 1] * 4], np.uint64)
    assert kernels.chunk_value(rows, 1, first, width) == whole >> first & (1 << width) - 1
    assert kernels.chunk_value(~rows, 1, first, width) == ~whole >> first & (1 << width) - 1


# --- buckets ---


def crowded(seed: int, count: int) -> Codes:
    few = uniform(seed, 3)
    return few[np.random.default_rng(seed).integers(0, 3, count)]


@pytest.mark.parametrize("number", [16, 17, 23, 25, 31, 32])
@pytest.mark.parametrize("stored", [uniform(3, 700), crowded(4, 700), uniform(5, 1)], ids=len)
def test_every_code_is_once_in_the_bucket_of_its_value(number: int, stored: Codes) -> None:
    cut, words, count = plan.chunking(number), permute_bits(stored), len(stored)
    whole = [int.from_bytes(word.tobytes(), "little") for word in words]
    table = segment.layout(count, cut)
    for chunk, (first, width) in enumerate(zip(cut.firsts, cut.widths, strict=True)):
        after = (chunk + 1) % number
        directory = np.zeros(2**width + 1, np.uint32)
        beside = np.zeros(count + kernels.LANES, np.uint16)
        local = np.empty(kernels.ROW_BYTES * count, np.uint8)
        kernels.fill_buckets(words, chunk, table, directory, beside, local)
        numbers = local.reshape(-1, 3).astype(np.int64) @ np.array([1, 2**8, 2**16])
        assert sorted(numbers.tolist()) == list(range(count))
        mine = np.array([each >> first & (1 << width) - 1 for each in whole])
        next_one = [each >> cut.firsts[after] & (1 << cut.widths[after]) - 1 for each in whole]
        assert np.array_equal(np.diff(directory), np.bincount(mine, minlength=2**width))
        assert directory[0] == 0
        buckets = np.repeat(np.arange(2**width), np.diff(directory))
        assert np.array_equal(mine[numbers], buckets)
        assert np.array_equal(beside[:count], np.array(next_one)[numbers])
        assert not beside[count:].any()


def test_a_number_takes_all_its_bytes() -> None:
    count, cut = 70_000, plan.chunking(32)
    words = permute_bits(uniform(6, count))
    directory, beside = np.zeros(2**8 + 1, np.uint32), np.zeros(count + 32, np.uint16)
    local = np.empty(3 * count, np.uint8)
    kernels.fill_buckets(words, 31, segment.layout(count, cut), directory, beside, local)
    numbers = local.reshape(-1, 3).astype(np.int64) @ np.array([1, 2**8, 2**16])
    assert np.array_equal(np.sort(numbers), np.arange(count))


def test_machine_code_is_made_again_when_what_it_is_made_of_changes() -> None:
    source = Path(bits.__file__).read_bytes()
    assert hashlib.sha256(source).hexdigest().startswith(kernels.BITS_SHA256)
    assert len(kernels.BITS_SHA256) == 16
