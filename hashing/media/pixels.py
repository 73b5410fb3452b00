"""Untrusted bytes of a picture to upright luma, within limits.

A platform and a browser must follow these rules to get the same bits (docs/signals.md): the
embedded colour profile is ignored; transparent pixels are laid on white; the orientation of
EXIF is applied; luma is ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded; a side longer
than NATIVE_SIDE is squeezed to SQUEEZED_SIDE by averaging areas; nothing is enlarged.

A JPEG is decoded directly to its own luma channel, and at 1/2, 1/4 or 1/8 of its size where
both sides stay at or above SQUEEZED_SIDE; docs/signals.md says how few bits this changes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from PIL import Image

from hashing.errors import (
    ContentError,
    Damaged,
    TooManyBytes,
    TooManyPixels,
    TooNarrow,
    TooSmall,
)
from hashing.luma import Luma, resample
from hashing.media import exif, heif
from hashing.media.formats import HEAD_BYTES, Format, sniff
from hashing.media.grey import grey
from hashing.media.opening import Picture, opened

Decoded = TypeVar("Decoded")

NATIVE_SIDE = 1280
"""Longest side, in pixels, that is hashed as it is. vPDQ does the same for video up to HD."""
SQUEEZED_SIDE = 1024
"""Longer sides are squeezed to this many pixels. The two references differ from each other in 12
bits on average at 12 megapixels; this rule differs in 6 from the one that hashes the full size, and
in 8 from the one that squeezes to 512 × 512 first: the most even of 25 rules measured
(docs/adr/0003, 2026-11)."""
MAX_BYTES = 100 * 2**20
"""Largest file: the limit of HMA. The largest phone pictures are about 60 MB."""
MAX_PIXELS = 52 * 2**20
"""8192 × 6656, of what is decoded at full size."""
MAX_JPEG_PIXELS = 208 * 2**20
"""Of a JPEG, which can be decoded at 1/8: 16384 × 12288, the 200 megapixel mode of phones, then
takes 3 MB. Of a HEIF too, if it consists of tiles."""
MAX_WEBP_PIXELS = 24 * 2**20
"""Of a WebP, and of a CMYK JPEG in several scans: their decoders and Pillow together take 16 bytes
a pixel. An AVIF may take as much."""
MAX_SCANNED = 40 * MAX_PIXELS
"""Pixels times scans of a JPEG in several scans: the decoder holds all coefficients in memory and
goes through them once for each scan. Cameras and editors write about 10 scans, a bomb thousands."""
MAX_ASPECT = 32
"""Longest side over shortest. Panoramas and long screenshots stay below 20."""
MIN_SIDE = 16
"""Shortest side, in pixels: smaller pictures all look alike."""
LEAST_SHOWN = 0.25
"""Of the rows of a picture that breaks off. Pictures cut there and filled with grey or white are
as far apart as whole ones: of 120 photographs, no two within 66 bits; at 1/10, within 52
(2026-11)."""
_FILLED = 128
"""The grey with which libjpeg fills what is missing."""


def read(untrusted: bytes) -> Luma:
    """Return the upright luma of a picture, its sides as `raster` leaves them.

    Of an animated picture, it is that of the first frame. Raises a ContentError.
    """
    with open_picture(untrusted) as picture:
        return first_luma(picture)


def open_picture(untrusted: bytes, known: Format | None = None) -> Picture:
    """Parse the header only, and refuse what breaks a limit before any pixel is decoded.

    `known` is the format, if it has been read from the first bytes already. Raises a ContentError.
    """
    if len(untrusted) > MAX_BYTES:
        raise TooManyBytes
    picture_format = known or sniff(untrusted[:HEAD_BYTES])
    picture = guarded(lambda: opened(untrusted, picture_format))
    check_size(*picture.size, _most_pixels(picture))
    return picture


def guarded(decode: Callable[[], Decoded]) -> Decoded:
    """Run a decoder. Whatever it raises becomes Damaged or TooManyPixels, and costs its file alone.

    On hostile input decoders raise what nobody expects: struct.error and IndexError among others.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return decode()
    except ContentError:
        raise
    except (Image.DecompressionBombError, MemoryError) as err:
        raise TooManyPixels from err
    except Exception as err:
        raise Damaged from err


def first_luma(picture: Picture) -> Luma:
    """Decode a picture, or the first frame of an animated one, and return its upright raster.

    Raises a ContentError; Damaged also where less than LEAST_SHOWN of the rows are there.
    """
    try:
        return guarded(lambda: _decoded(picture))
    except Damaged:
        if not picture.rescue:
            raise
    with guarded(picture.rescue) as rescued:
        luma = guarded(lambda: _decoded(rescued))
        picture.incomplete = rescued.stripped.incomplete
    return luma


def frame_count(picture: Picture) -> int:
    """Return how many images a picture shows one after another. Raises a ContentError."""
    return guarded(lambda: picture.frames)


def frame_luma(picture: Picture, frame: Image.Image) -> Luma:
    """Return the upright raster of one decoded frame of an animated picture.

    Raises a ContentError.
    """
    return guarded(lambda: _upright(raster(grey(frame)), _orientation(picture)))


def raster(grey: Image.Image, size: tuple[int, int] | None = None) -> Luma:
    """Squeeze an "L" image by averaging areas to `raster_size` of `size`.

    `size` is (width, height) of the picture before a scaled decode; without one, the image's own.
    """
    squeezed = raster_size(size or grey.size)
    if squeezed == grey.size:
        return np.asarray(grey)
    return np.asarray(resample(grey, squeezed, Image.Resampling.BOX))


def squeezed(luma: Luma) -> Luma:
    """Return what `raster` makes of a luma."""
    rows, columns = luma.shape
    if raster_size((columns, rows)) == (columns, rows):
        return luma
    return raster(Image.fromarray(luma))


def raster_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the (width, height), in pixels, at which a picture of this size is hashed."""
    width, height = (side if side <= NATIVE_SIDE else SQUEEZED_SIDE for side in size)
    return width, height


def check_size(width: int, height: int, most: int) -> None:
    """Refuse more than `most` pixels, and what is too small or too narrow to be recognised.

    Raises TooManyPixels, TooSmall, TooNarrow.
    """
    if width * height > most:
        raise TooManyPixels
    if min(width, height) < MIN_SIDE:
        raise TooSmall
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise TooNarrow


def _most_pixels(picture: Picture) -> int:
    """The most pixels of this picture that 512 MB of memory and a second or two are enough for."""
    scans = picture.stripped.scans
    if scans > 1:
        most = MAX_PIXELS if _scales(picture.image) else MAX_WEBP_PIXELS
        return min(most, MAX_SCANNED // scans)
    if _scales(picture.image) or picture.tiles:
        return MAX_JPEG_PIXELS
    return MAX_WEBP_PIXELS if picture.format in {Format.WEBP, Format.AVIF} else MAX_PIXELS


def _scales(image: Image.Image | None) -> bool:
    """Whether it can be decoded at 1/2, 1/4 or 1/8 of its size."""
    return image is not None and image.format == "JPEG" and image.mode in {"RGB", "L"}


def _decoded(picture: Picture) -> Luma:
    image, size = picture.image, picture.size
    if image and _scales(image):
        width, height = raster_size(size)
        fits = [s for s in (2, 4, 8) if size[0] // s >= width and size[1] // s >= height]
        scale = max(fits, default=1)
        image.draft("L", (image.width // scale, image.height // scale))
        check_size(image.width, image.height, MAX_PIXELS)
    if picture.tiles:
        width, _ = raster_size(size)
        luma = raster(heif.decode(picture.tiles, width), size)
        return _upright(luma, picture.tiles.orientation)
    whole = grey(picture.decode())
    stripped = picture.stripped
    if stripped.below or stripped.above:
        height = stripped.above + whole.height + stripped.below
        longer = Image.new("L", (whole.width, height), 255)
        longer.paste(whole, (0, stripped.above))
        whole, size = longer, longer.size
    if stripped.crop:
        whole = whole.crop(stripped.crop)
        size = whole.size
        check_size(*size, MAX_PIXELS)
    luma = raster(whole, size)
    if stripped.incomplete:
        filled = _FILLED if picture.format is Format.JPEG else 255
        _check_shown(luma[::-1] if stripped.above else luma, filled)
    return _upright(luma, _orientation(picture))


def _check_shown(luma: Luma, filled: int) -> None:
    """Refuse what shows less than LEAST_SHOWN of its rows. Raises Damaged."""
    shown = np.flatnonzero((luma != filled).any(axis=1))
    if not shown.size or shown[-1] + 1 < LEAST_SHOWN * len(luma):
        raise Damaged


def _orientation(picture: Picture) -> int:
    """As EXIF names it, 1…8. The decoders of TIFF and HEIF turn the picture themselves."""
    if picture.stripped.orientation is not None:
        return picture.stripped.orientation
    named = picture.image.info.get("exif", b"") if picture.image else b""
    return exif.orientation(named)


_EXCHANGES_SIDES = frozenset({5, 6, 7, 8})
_UPSIDE_DOWN = frozenset({3, 4, 7, 8})
_MIRRORED = frozenset({2, 3, 6, 7})


def _upright(luma: Luma, orientation: int) -> Luma:
    if orientation in _EXCHANGES_SIDES:
        luma = luma.T
    if orientation in _UPSIDE_DOWN:
        luma = luma[::-1]
    if orientation in _MIRRORED:
        luma = luma[:, ::-1]
    return np.ascontiguousarray(luma)
