from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from hashing.algorithms import phash
from hashing.media import pixels

Luma = NDArray[np.uint8]


def reference(luma: Luma) -> bytes:
    """Of what imagehash would reduce by itself, reduced before: along x, then along y."""
    whole = Image.fromarray(luma)
    wide = whole.resize((64, whole.height), Image.Resampling.LANCZOS)
    small = wide.resize((64, 64), Image.Resampling.LANCZOS)
    return np.packbits(imagehash.phash(small, hash_size=16).hash).tobytes()


def as_installed(luma: Luma) -> bytes:
    """What imagehash says with this Pillow, which may reduce along y first."""
    return np.packbits(imagehash.phash(Image.fromarray(luma), hash_size=16).hash).tobytes()


@pytest.mark.parametrize("sides", [(16, 16), (64, 64), (63, 200), (200, 63), (720, 1280), (65, 65)])
def test_equals_imagehash_at_many_sizes(sides: tuple[int, int]) -> None:
    luma = np.random.default_rng(sum(sides)).integers(0, 256, sides, dtype=np.uint8)
    assert phash.compute(luma)[0] == reference(luma)


@given(st.tuples(st.integers(1, 80), st.integers(1, 80)).flatmap(lambda s: arrays(np.uint8, s)))
@settings(deadline=None)
def test_equals_imagehash_whatever_the_pixels(luma: Luma) -> None:
    value, quality = phash.compute(luma)
    assert value == reference(luma)
    assert 0 <= quality <= 100


def test_equals_imagehash_on_photos_and_passes_the_bar(photos: list[Path]) -> None:
    for path in photos[::5]:
        luma = pixels.read(path.read_bytes())
        value, quality = phash.compute(luma)
        assert value == reference(luma)
        assert quality >= 96
        other = int.from_bytes(value) ^ int.from_bytes(as_installed(luma))
        assert other.bit_count() <= 2


def test_the_quality_of_a_plain_picture_is_below_the_bar() -> None:
    flat = np.full((100, 100), 90, np.uint8)
    gradient = np.tile(np.arange(200, dtype=np.uint8), (200, 1))
    faint = np.random.default_rng(1).integers(100, 103, (300, 300), dtype=np.uint8)
    assert phash.compute(flat)[1] == 0
    assert phash.compute(gradient)[1] < phash.QUALITY_BAR
    assert phash.compute(faint)[1] < phash.QUALITY_BAR


def test_the_quality_of_a_mirror_symmetric_picture_is_below_the_bar() -> None:
    half = np.random.default_rng(2).integers(0, 256, (64, 32), dtype=np.uint8)
    assert phash.compute(np.hstack([half, half[:, ::-1]]))[1] < phash.QUALITY_BAR


def test_one_grey_level_of_noise_moves_few_bits_of_what_passes(photos: list[Path]) -> None:
    rng = np.random.default_rng(3)
    for path in photos[::10]:
        luma = pixels.read(path.read_bytes())
        noisy = np.clip(luma + rng.normal(0, 1, luma.shape).round(), 0, 255).astype(np.uint8)
        far = int.from_bytes(phash.compute(luma)[0]) ^ int.from_bytes(phash.compute(noisy)[0])
        assert far.bit_count() <= 8
