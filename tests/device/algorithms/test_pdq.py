import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from hashing.algorithms import pdq

pdqhash = pytest.importorskip("pdqhash")

SIZES = [
    *[(5, 5), (5, 64), (64, 5), (6, 7), (16, 16), (31, 33), (63, 64), (64, 64), (65, 64)],
    *[(127, 128), (128, 128), (129, 257), (512, 512), (704, 480), (480, 704), (1024, 1024)],
    *[(1280, 720), (720, 1280), (1280, 1280), (40, 1280), (1280, 40), (333, 999), (100, 701)],
]
Pixels = NDArray[np.uint8]
Make = Callable[[int, int], Pixels]


def reference(picture: Pixels) -> tuple[bytes, int]:
    """What the C++ says. Its binding takes RGB alone, whose luma of three equal bytes is exact."""
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    bits, quality = pdqhash.compute(np.ascontiguousarray(picture))
    return np.packbits(bits).tobytes(), quality


def noise(rows: int, columns: int) -> Pixels:
    rng = np.random.default_rng(rows * 10_000 + columns)
    return rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)


def smooth(rows: int, columns: int) -> Pixels:
    down, across = np.mgrid[0:rows, 0:columns]
    waves = [np.sin(down / (7 + c) + c) + np.cos(across / (11 - c)) for c in range(3)]
    return (np.stack(waves, axis=2) * 60 + 128).astype(np.uint8)


def gradient(rows: int, columns: int) -> Pixels:
    line = np.linspace(0, 255, columns).astype(np.uint8)
    return np.repeat(np.tile(line, (rows, 1))[:, :, None], 3, axis=2)


def symmetric(rows: int, columns: int) -> Pixels:
    half = noise(rows, (columns + 1) // 2)
    return np.concatenate([half, half[:, : columns // 2][:, ::-1]], axis=1)


def flat(rows: int, columns: int) -> Pixels:
    return np.full((rows, columns, 3), 117, np.uint8)


def chequered(rows: int, columns: int) -> Pixels:
    down, across = np.mgrid[0:rows, 0:columns]
    return np.repeat(
        (((down // 8 + across // 8) % 2) * 255).astype(np.uint8)[:, :, None], 3, axis=2
    )


@pytest.mark.parametrize("make", [noise, smooth, gradient, symmetric, flat, chequered])
@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_equals_the_reference_bit_for_bit(make: Make, rows: int, columns: int) -> None:
    rgb = make(rows, columns)
    assert pdq.compute(rgb) == reference(rgb)
    grey = np.ascontiguousarray(rgb[:, :, 1])
    assert pdq.compute(grey) == reference(grey)


@given(
    st.tuples(st.integers(5, 90), st.integers(5, 90)).flatmap(
        lambda sides: st.one_of(arrays(np.uint8, sides), arrays(np.uint8, (*sides, 3)))
    )
)
def test_equals_the_reference_whatever_the_pixels(picture: Pixels) -> None:
    assert pdq.compute(picture) == reference(picture)


def test_equals_the_reference_on_views_of_memory() -> None:
    picture = noise(90, 120)
    for view in (picture[::-1], picture[:, ::-1], picture.transpose(1, 0, 2), picture[10:80, 5:99]):
        assert pdq.compute(view) == reference(view)


@pytest.mark.parametrize("shape", [(4, 5), (5, 4, 3), (0, 9)])
def test_refuses_what_the_reference_cannot_hash(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least 5 pixels"):
        pdq.compute(np.zeros(shape, np.uint8))


def test_half_of_the_bits_are_set_at_most() -> None:
    for rows, columns in itertools.islice(SIZES, 8):
        value = pdq.compute(noise(rows, columns))[0]
        assert int.from_bytes(value).bit_count() <= 128


def test_bits_are_those_of_the_coefficients() -> None:
    picture = smooth(200, 100)
    coefficients, quality = pdq.transform(picture)
    assert coefficients.shape == (16, 16)
    assert coefficients.dtype == np.float32
    assert (pdq.bits(coefficients), quality) == pdq.compute(picture)


def test_the_last_bit_is_the_first_coefficient() -> None:
    coefficients = np.zeros((16, 16), np.float32)
    coefficients[0, 0] = 1
    assert pdq.bits(coefficients) == bytes(31) + b"\x01"
    coefficients[15, 15] = 1
    assert pdq.bits(coefficients) == b"\x80" + bytes(30) + b"\x01"


@pytest.mark.parametrize("shape", [(360, 640), (33, 70), (64, 64), (640, 360), (5, 9), (2000, 20)])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_frames_side_by_side_are_as_each_alone(shape: tuple[int, int], count: int) -> None:
    rng = np.random.default_rng(count)
    lumas = [rng.integers(0, 256, shape, dtype=np.uint8) for _ in range(count)]
    assert pdq.compute_each(lumas) == [pdq.compute(luma) for luma in lumas]
    assert pdq.compute_each([]) == []


def test_pictures_of_other_shapes_side_by_side_are_as_each_alone() -> None:
    """Their windows differ, and some have none: beside others, no sum may have another order."""
    rng = np.random.default_rng(3)
    shapes = [(240, 320), (64, 64), (64, 200), (321, 50), (5, 9), (130, 64), (700, 2000), (97, 99)]
    lumas = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]
    assert pdq.compute_each(lumas) == [pdq.compute(luma) for luma in lumas]
