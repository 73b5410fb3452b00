"""An animated picture to what it shows, one image after another, with the times of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from PIL import Image

from hashing.errors import Damaged, TooLong
from hashing.luma import Luma
from hashing.media import canvas
from hashing.media.opening import Picture
from hashing.media.pixels import frame_luma, guarded
from hashing.media.timeline import MAX_SECONDS

MAX_FRAMES = 10_000
"""Most frames of an animated picture that are read."""
MAX_ALL_PIXELS = 8 * 2**30
"""Most pixels of all those frames together: a minute of HD at 60 a second. Each frame is decoded
whole, so that a small file of many large frames would otherwise occupy a core for hours."""
_DEFAULT_MS = 100
"""Of a frame without a duration."""


class Shown(NamedTuple):
    """One image: from when until when it is shown, in milliseconds, and how far that is (0–1).

    `is_last` says that no other image is expected.

    `luma` decodes it, until the next one is asked for. It raises a ContentError.
    """

    at_ms: float
    until_ms: float
    fraction: float
    is_last: bool
    luma: Callable[[], Luma]


def shown(picture: Picture) -> Iterator[Shown]:
    """Yield what an animated picture shows, in time order.

    One that breaks off yields what came before, and is marked as incomplete. Raises TooLong, and
    Damaged if there is no first image.
    """
    count = min(picture.frames, MAX_FRAMES)
    if count * picture.size[0] * picture.size[1] > MAX_ALL_PIXELS:
        raise TooLong
    if picture.images or not picture.image:
        found = _drawn(picture, count)
    else:
        found = _played(picture, picture.image, count)
    for number in range(count):
        try:
            image = guarded(partial(next, found))
        except Damaged:
            if number == 0:
                raise
            picture.incomplete = True
            return
        if image.until_ms > 1000 * MAX_SECONDS:
            raise TooLong
        yield image


def _drawn(picture: Picture, count: int) -> Iterator[Shown]:
    at = 0.0
    images = picture.images[:count]
    for number, drawing in enumerate(canvas.compose(images, picture.size)):
        until = at + (images[number].duration_ms or _DEFAULT_MS)
        luma = partial(frame_luma, picture, drawing)
        yield Shown(at, until, number / count, number == count - 1, luma)
        at = until


def _played(picture: Picture, image: Image.Image, count: int) -> Iterator[Shown]:
    """The frames of a WebP or AVIF, whose times Pillow knows only once they are decoded."""
    added = 0.0
    for number in range(count):
        image.seek(number)
        image.load()
        at = float(image.info["timestamp"]) + added
        duration = float(image.info["duration"])
        added += 0 if duration else _DEFAULT_MS
        until = at + (duration or _DEFAULT_MS)
        luma = partial(frame_luma, picture, image)
        yield Shown(at, until, number / count, number == count - 1, luma)
