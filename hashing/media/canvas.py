"""Images drawn one over another, as browsers draw an animation (PNG, 12.9; GIF89a, 23).

The canvas is clear at first, and what is cleared becomes clear again: no browser shows the
background colour that a GIF names.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PIL import GifImagePlugin, Image, PngImagePlugin

from hashing.media import gif, png

KEEP, CLEAR, RESTORE = range(3)
"""What becomes of the part that an image covers when the next one is drawn."""
_PLUGINS = {"GIF": GifImagePlugin.GifImageFile, "PNG": PngImagePlugin.PngImageFile}
_GIF_DISPOSALS = {2: CLEAR, 3: RESTORE, 4: RESTORE}
"""Some programs write 4 for 3; Chromium takes it for that."""


class Drawn(NamedTuple):
    """One image: the file that holds it alone, its place, its time, and what becomes of it.

    `place` is left, top, right and bottom, which may be beyond the canvas. If it `replaces`, its
    clear pixels clear the canvas.
    """

    file: bytes
    kind: str
    place: tuple[int, int, int, int]
    duration_ms: float
    dispose: int
    replaces: bool


def of_gif(found: gif.Gif) -> tuple[Drawn, ...]:
    """Return the images of a GIF."""
    return tuple(
        Drawn(
            image.gif,
            "GIF",
            (image.left, image.top, image.left + image.width, image.top + image.height),
            image.duration_ms,
            _GIF_DISPOSALS.get(image.dispose, KEEP),
            replaces=False,
        )
        for image in found.images
    )


def of_png(found: png.Chunks) -> tuple[Drawn, ...]:
    """Return the images of an animated PNG; none, if one is beyond the canvas."""
    drawn = []
    for at, data in found.frames:
        place = (at.left, at.top, at.left + at.width, at.top + at.height)
        if place[2] > found.width or place[3] > found.height:
            return ()
        header = at.width.to_bytes(4) + at.height.to_bytes(4) + found.header[8:]
        file = png.still(header, found.before, data)
        dispose = at.dispose if at.dispose in {CLEAR, RESTORE} else KEEP
        drawn.append(Drawn(file, "PNG", place, at.duration_ms, dispose, at.blend == 0))
    return tuple(drawn)


def decoded(drawn: Drawn) -> Image.Image:
    """Decode one image by itself. Raises what the decoder raises."""
    # Not Image.open, which takes longer than the decoder of a small image.
    opened = _PLUGINS[drawn.kind](io.BytesIO(drawn.file))
    opened.load()
    return opened


def first(images: Sequence[Drawn], size: tuple[int, int]) -> Image.Image:
    """Return the canvas after the first image. Raises what the decoder raises."""
    if images[0].place == (0, 0, *size):
        return decoded(images[0])
    return next(compose(images, size))


def of_part(found: gif.Gif) -> Image.Image:
    """Return the canvas (RGBA) with what there is of a GIF's only image. Raises Damaged."""
    canvas = Image.new("RGBA", (found.width, found.height))
    only = found.images[0]
    canvas.paste(Image.fromarray(gif.part(only)), (only.left, only.top))
    return canvas


def compose(images: Sequence[Drawn], size: tuple[int, int]) -> Iterator[Image.Image]:
    """Yield the canvas (RGBA) after each image. It is to be read before the next is asked for.

    Raises what the decoder raises.
    """
    canvas = Image.new("RGBA", size)
    for drawn in images:
        before = canvas.copy() if drawn.dispose == RESTORE else None
        _draw(canvas, decoded(drawn), drawn)
        yield canvas
        if before:
            canvas = before
        elif drawn.dispose == CLEAR:
            canvas.paste((0, 0, 0, 0), drawn.place)


def _draw(canvas: Image.Image, image: Image.Image, drawn: Drawn) -> None:
    left, top, right, bottom = drawn.place
    is_opaque = "transparency" not in image.info and not image.has_transparency_data
    part = image.convert("RGBA")
    if drawn.replaces or is_opaque:
        canvas.paste(part, (left, top))  # cuts off what is beyond the canvas
    elif left < canvas.width and top < canvas.height:
        inside = (0, 0, min(right, canvas.width) - left, min(bottom, canvas.height) - top)
        canvas.alpha_composite(part.crop(inside), (left, top))
