from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from av import VideoFrame
from PIL import Image, ImageDraw

from hashing.algorithms import pdq
from hashing.luma import Luma
from hashing.media import container, frames
from hashing.media.fields import is_combed, one_moment

Scene = Callable[..., Luma]


def moments(make_scene: Scene, size: tuple[int, int], step: int) -> tuple[Luma, Luma]:
    """What a camera that moves sees at two moments, so many pixels apart."""
    rows, columns = size
    wide = np.ascontiguousarray(make_scene(3, rows, columns + step)[..., 1])
    return wide[:, :columns], wide[:, step:]


def woven(upper: Luma, lower: Luma) -> Luma:
    frame = upper.copy()
    frame[1::2] = lower[1::2]
    return frame


def bits(one: Luma, other: Luma) -> int:
    values = [int.from_bytes(pdq.compute(np.ascontiguousarray(luma))[0]) for luma in (one, other)]
    return (values[0] ^ values[1]).bit_count()


@pytest.mark.parametrize("size", [(240, 320), (241, 361), (576, 720), (1080, 1440)])
def test_of_two_moments_the_upper_field_is_shown(make_scene: Scene, size: tuple[int, int]) -> None:
    upper, lower = moments(make_scene, size, size[1] // 40)
    frame = woven(upper, lower)
    shown = one_moment(frame)
    assert np.array_equal(shown[::2], upper[::2])
    assert bits(shown, upper) <= 4 < bits(frame, upper)
    means = (upper[:-2:2].astype(int) + upper[2::2] + 1) // 2
    assert np.array_equal(shown[1 : 2 * len(means) : 2], means)
    if size[0] % 2 == 0:
        assert np.array_equal(shown[-1], upper[-2])


@pytest.mark.parametrize("size", [(240, 320), (241, 361)])
def test_the_frame_after_it_tells_which_field_is_the_first(
    make_scene: Scene, size: tuple[int, int]
) -> None:
    step = size[1] // 40
    wide = make_scene(3, size[0], size[1] + 3 * step)[..., 1]
    seen = [np.ascontiguousarray(wide[:, n * step : n * step + size[1]]) for n in range(4)]
    upper_first = woven(seen[0], seen[1]), woven(seen[2], seen[3])
    lower_first = woven(seen[1], seen[0]), woven(seen[3], seen[2])
    assert np.array_equal(one_moment(*with_next(upper_first))[::2], seen[0][::2])
    shown = one_moment(*with_next(lower_first))
    assert np.array_equal(shown[1::2], seen[0][1::2])
    assert np.array_equal(shown[0], seen[0][1])
    assert bits(shown, seen[0]) <= 4 < bits(one_moment(lower_first[0]), seen[0])
    other_size = lower_first[1][:-2]
    for after in (None, other_size, make_scene(9, *size)[..., 1]):  # nothing follows that tells
        shown = one_moment(lower_first[0], partial(next, iter([after])))
        assert np.array_equal(shown[::2], seen[1][::2])


def test_a_frame_after_it_that_cannot_be_hashed_tells_nothing(make_scene: Scene) -> None:
    upper, lower = moments(make_scene, (240, 320), 8)
    luma = woven(upper, lower)
    frame, tiny = (VideoFrame.from_ndarray(one, format="gray") for one in (luma, luma[:8, :8]))
    converter = container._Converter()  # noqa: SLF001 (no encoder changes its size in between)
    shown = converter.luma(frame, tiny)
    assert np.array_equal(shown, converter.luma(frame))
    assert bits(shown, upper) <= 4


def with_next(pair: tuple[Luma, Luma]) -> tuple[Luma, Callable[[], Luma]]:
    return pair[0], lambda: pair[1]


def test_one_moment_stays_as_it_is(make_scene: Scene, photos: list[Path]) -> None:
    """Photographs as they are, small, with aliases, and noisy; a scene at rest; small frames."""
    still, _ = moments(make_scene, (240, 320), 0)
    rng = np.random.default_rng(1)
    lumas = [still, still[:33], still[:, :15], np.zeros((64, 64), np.uint8)]
    for photo in photos:
        with Image.open(photo) as opened:
            grey = opened.convert("L")
        half = (grey.width // 2, grey.height // 2)
        noise = rng.integers(-40, 41, (grey.height, grey.width))
        lumas += [
            np.asarray(grey),
            np.asarray(grey.resize(half, Image.Resampling.NEAREST)),
            np.asarray(grey.resize(half, Image.Resampling.LANCZOS)),
            (np.asarray(grey) + noise).clip(0, 255).astype(np.uint8),
        ]
    assert all(one_moment(luma) is luma for luma in lumas)


def test_text_and_lines_are_no_fields() -> None:
    screen = Image.new("L", (640, 480), 255)
    drawn = ImageDraw.Draw(screen)
    for top in range(0, 480, 13):
        drawn.text((4, top), "ESeaB#=_ the quick brown fox 8 3 " * 4, fill=0)
        drawn.line((0, top, 640, top), fill=90)
    assert not is_combed(np.asarray(screen))


def test_frames_of_videos_without_fields_stay(shared: Path) -> None:
    films = sorted((shared / "vectors" / "videos").glob("*.mp4"))
    assert len(films) >= 5
    for film in films:
        for frame in frames.sample(film, period_ms=2000):
            assert not is_combed(frame.luma)
