"""Untrusted video to sampled luma frames with their times.

Containers are read by `container`; animated GIF, WebP, PNG and AVIF by Pillow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from hashing.errors import TooLong
from hashing.luma import Luma
from hashing.media import container
from hashing.media.formats import Format, sniff_file
from hashing.media.pixels import first_luma, guarded, raster
from hashing.media.timeline import MAX_SECONDS, PERIOD_MS, Sampler

MAX_ANIMATION = 10_000
"""Most frames of an animated picture that are read."""
MAX_ANIMATION_PIXELS = 8 * 2**30
"""Most pixels of all those frames together: a minute of HD at 60 a second. Each frame is decoded
whole, so that a small file of many large frames would otherwise occupy a core for hours."""
_TIMED_BY_DECODING = frozenset({"WEBP", "AVIF"})
"""Formats in which Pillow knows the duration of a frame only once that frame is decoded."""
STRETCH = 40
"""Most frames of a stretch: ten seconds."""


class Frame(NamedTuple):
    """One sampled frame: its span, how far through the video it is (0–1), and its luma."""

    at_ms: int
    until_ms: int
    fraction: float
    luma: Luma


def stretches(sampled: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Yield the frames in order, in lists of at most STRETCH, each of frames of one shape."""
    stretch: list[Frame] = []
    for frame in sampled:
        if stretch and (len(stretch) == STRETCH or stretch[0].luma.shape != frame.luma.shape):
            yield stretch
            stretch = []
        stretch.append(frame)
    if stretch:
        yield stretch


def sample(
    path: Path, known: Format | None = None, *, period_ms: int = PERIOD_MS
) -> Iterator[Frame]:
    """Yield the frames that `timeline.Sampler` samples, in time order.

    `known` is the format, if it has been read from the first bytes already.
    Raises what `container.frames` raises. A video that breaks off in the middle yields what came
    before.
    """
    sampler = Sampler(period_ms)
    for frame in container.frames(path, known or sniff_file(path)):
        until_ms = sampler.until_ms(frame.at_ms, frame.end_ms, is_last=frame.is_last)
        if until_ms is not None:
            luma = raster(Image.fromarray(frame.luma()))
            yield Frame(frame.at_ms, until_ms, frame.fraction, luma)


def sample_animation(image: Image.Image, *, period_ms: int = PERIOD_MS) -> Iterator[Frame]:
    """As `sample`, of an animated picture that `pixels.open_picture` has opened."""
    count = min(guarded(lambda: int(getattr(image, "n_frames", 1))), MAX_ANIMATION)
    if count * image.width * image.height > MAX_ANIMATION_PIXELS:
        raise TooLong
    sampler = Sampler(period_ms)
    at_ms = 0.0
    for index in range(count):
        guarded(lambda index=index: image.seek(index))  # type: ignore[misc]
        if image.format in _TIMED_BY_DECODING:
            guarded(image.load)
        end_ms = at_ms + float(image.info.get("duration", 0) or 100)
        until_ms = sampler.until_ms(int(at_ms), int(end_ms), is_last=index == count - 1)
        if until_ms is not None:
            yield Frame(int(at_ms), until_ms, index / count, first_luma(image))
        at_ms = end_ms
        if at_ms > 1000 * MAX_SECONDS:
            raise TooLong
