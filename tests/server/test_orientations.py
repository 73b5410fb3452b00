from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.algorithms import pdq
from service.search.orientations import COUNT, INVERSE, oriented

Luma = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
values = st.binary(min_size=32, max_size=32)


def all_of(value: bytes) -> list[bytes]:
    found = oriented(np.frombuffer(value, np.uint8).reshape(1, 32))
    assert found.shape == (1, COUNT, 32)
    return [one.tobytes() for one in found[0]]


def bits(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def turned(picture: Luma, orientation: int) -> Luma:
    """What the docstring of the module says, of a picture."""
    picture = picture[:, ::-1] if orientation & 1 else picture
    picture = picture[::-1] if orientation & 2 else picture
    return np.ascontiguousarray(picture.T if orientation & 4 else picture)


def photograph(seed: int) -> Luma:
    """Noise of which every frequency has as much energy as in photographs (1/f)."""
    rng = np.random.default_rng(seed)
    down, across = np.meshgrid(np.fft.fftfreq(384), np.fft.fftfreq(512), indexing="ij")
    weight = 1 / np.maximum(np.hypot(down, across), 1 / 512)
    plane = np.fft.ifft2(np.fft.fft2(rng.normal(size=(384, 512))) * weight).real
    low, high = np.percentile(plane, [1, 99])
    luma: Luma = np.clip(255 * (plane - low) / (high - low), 0, 255).astype(np.uint8)
    return luma


def test_none_of_no_codes() -> None:
    assert oriented(np.empty((0, 32), np.uint8)).shape == (0, COUNT, 32)


@given(values)
def test_the_first_is_as_it_is_and_each_has_another_that_undoes_it(value: bytes) -> None:
    every = all_of(value)
    assert every[0] == value
    for k in range(COUNT):
        assert all_of(every[k])[INVERSE[k]] == value


@given(values)
def test_they_are_the_group_of_the_square(value: bytes) -> None:
    """Two after another are one of the eight, whichever they are: the one of the picture."""
    grid = np.arange(6).reshape(2, 3).astype(np.uint8)
    named = {turned(grid, k).tobytes() + bytes(turned(grid, k).shape): k for k in range(COUNT)}
    every = all_of(value)
    for first in range(COUNT):
        for then in range(COUNT):
            both = turned(turned(grid, first), then)
            assert all_of(every[first])[then] == every[named[both.tobytes() + bytes(both.shape)]]


@given(values, values)
def test_distances_stay_what_they_are(a: bytes, b: bytes) -> None:
    for one, other in zip(all_of(a), all_of(b), strict=True):
        assert bits(one, other) == bits(a, b)


@pytest.mark.parametrize("orientation", range(COUNT))
def test_they_are_those_of_pictures_that_are_mirrored_and_turned(orientation: int) -> None:
    pictures = [photograph(seed) for seed in range(20)]
    wrong = []
    for picture in pictures:
        value, _ = pdq.compute(picture)
        true, _ = pdq.compute(turned(picture, orientation))
        told = [bits(one, true) for one in all_of(value)]
        wrong.append(told[orientation])
        assert min(told[:orientation] + told[orientation + 1 :]) > 70
    assert np.median(wrong) <= (2 if orientation in {0, 4} else 20)
    assert max(wrong) <= 40
