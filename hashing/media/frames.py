"""Untrusted video to sampled luma frames with their times.

Containers are read by `container`; animated GIF, WebP, PNG and AVIF by Pillow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from hashing.luma import Luma
from hashing.media import animation, container
from hashing.media.formats import Format, sniff_file
from hashing.media.opening import Picture
from hashing.media.pixels import squeezed
from hashing.media.timeline import PERIOD_MS, Sampler

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
            yield Frame(frame.at_ms, until_ms, frame.fraction, squeezed(frame.luma()))


def sample_animation(picture: Picture, *, period_ms: int = PERIOD_MS) -> Iterator[Frame]:
    """As `sample`, of an animated picture that `pixels.open_picture` has opened."""
    sampler = Sampler(period_ms)
    for shown in animation.shown(picture):
        at_ms = int(shown.at_ms)
        until_ms = sampler.until_ms(at_ms, int(shown.until_ms), is_last=shown.is_last)
        if until_ms is not None:
            yield Frame(at_ms, until_ms, shown.fraction, shown.luma())
