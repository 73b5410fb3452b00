"""Sheets: pictures whose parts are pictures of a film, as players show them above a time line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from hashing.errors import TooManyPixels
from hashing.luma import Luma
from hashing.media.frames import Frame
from hashing.media.grey import grey
from hashing.media.opening import Picture
from hashing.media.pixels import MIN_SIDE, guarded, raster

MAX_PIXELS = 24 * 2**20
"""Of a sheet: 400 parts of 320 × 180 have as many."""
_TIMES = 2
"""Parts lie beside each other. Those that together have more than so many times the pixels of the
sheet are not what any player shows."""


class Part(NamedTuple):
    """A part of a sheet, in pixels, and the span of the film that it stands for."""

    at_ms: int
    until_ms: int
    left: int
    top: int
    width: int
    height: int


def sample(picture: Picture, parts: Sequence[Part]) -> Iterator[Frame]:
    """Yield the parts of an open picture as frames, in time order, as far as they are within it.

    Raises a ContentError.
    """
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise TooManyPixels
    luma = guarded(lambda: _whole(picture))
    left = _TIMES * luma.size
    for number, part in enumerate(sorted(parts), 1):
        shown = luma[part.top : part.top + part.height, part.left : part.left + part.width]
        left -= shown.size
        if min(shown.shape) < MIN_SIDE or left < 0:
            continue
        squeezed = raster(Image.fromarray(np.ascontiguousarray(shown)))
        yield Frame(part.at_ms, part.until_ms, number / len(parts), squeezed)


def _whole(picture: Picture) -> Luma:
    """The luma of all of it, at its own size: squeezed, its parts would lose their detail."""
    image = picture.image
    if image and image.format == "JPEG" and image.mode in {"RGB", "L"}:
        image.draft("L", image.size)
    return np.asarray(grey(picture.decode()))
