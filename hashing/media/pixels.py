"""Untrusted bytes of a picture to upright luma.

The rules, which a platform and a browser must follow to get the same bits (docs/signals.md):
the embedded colour profile is ignored; transparency is laid on white; the orientation of
EXIF is applied; luma is ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded; a side longer
than NATIVE_SIDE is squeezed to SQUEEZED_SIDE by averaging areas; nothing is enlarged.

A JPEG is decoded straight to its own luma channel, and at 1/2, 1/4 or 1/8 of its size where
both sides stay at or above SQUEEZED_SIDE; docs/signals.md has the few bits this moves.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin

from hashing.errors import (
    ContentError,
    Damaged,
    TooManyBytes,
    TooManyPixels,
    TooNarrow,
    TooSmall,
)
from hashing.media.formats import HEAD_BYTES, Format, sniff

Luma = NDArray[np.uint8]
Decoded = TypeVar("Decoded")

NATIVE_SIDE = 1280
"""Sides up to this are hashed as they are, in pixels: up to HD video this is what vPDQ does."""
SQUEEZED_SIDE = 1024
"""Longer sides are squeezed to this. Between the two references, which differ from each other in
12 bits on average at 12 megapixels, it is 6 from the full-size one and 8 from the one that
squeezes to 512 × 512 first: the most even of 25 rules measured (docs/adr/0003, 2026-11)."""
MAX_BYTES = 100 * 2**20
"""As HMA. The largest phone pictures are about 60 MB."""
MAX_PIXELS = 52 * 2**20
"""8192 × 6656; the largest of today's phones make 8192 × 6144 in formats decoded whole."""
MAX_JPEG_PIXELS = 208 * 2**20
"""JPEG decodes at 1/8: 16384 × 12288, the 200 megapixel mode of phones, takes 3 MB."""
MAX_WEBP_PIXELS = 24 * 2**20
"""Of a WebP, and of a CMYK JPEG in several scans: their decoders and Pillow together take 16 bytes
a pixel. An AVIF may take as much."""
MAX_SCANNED = 40 * MAX_PIXELS
"""Pixels times scans of a JPEG in several scans, which holds all coefficients in memory and goes
through them with each: cameras and editors make about 10, a bomb thousands."""
MAX_PIECES = 100_000
"""Segments of a JPEG, or chunks of a PNG: Pillow takes each in Python."""
MAX_ASPECT = 32
"""Longest side over shortest. Panoramas and long screenshots stay below 20."""
MIN_SIDE = 16
"""Shortest side, in pixels: below, everything looks alike."""
_BAND_ROWS = 256
"""Rows converted to grey at once: bounds memory beside the decoded picture itself."""

_DECODER_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    ZeroDivisionError,
    EOFError,
    AttributeError,
    RuntimeError,
    struct.error,
)
"""What Pillow's and pillow-heif's decoders raise on hostile input, found by fuzzing them."""


def read(untrusted: bytes) -> Luma:
    """Return the upright luma of a picture: uint8 (rows, columns), sides as `raster` leaves them.

    Raises a ContentError that says what is wrong. Of an animated picture it is the first frame.
    """
    with open_picture(untrusted) as image:
        return first_luma(image)


def open_picture(untrusted: bytes) -> Image.Image:
    """Parse the header only, and refuse what breaks a limit before any pixel is decoded."""
    if len(untrusted) > MAX_BYTES:
        raise TooManyBytes
    found = sniff(untrusted[:HEAD_BYTES])
    scans = _scans(untrusted) if found is Format.JPEG else 1
    if found is Format.PNG:
        _check_chunks(untrusted)
    image = guarded(lambda: _open(io.BytesIO(untrusted), found))
    check_size(image.width, image.height, _most_pixels(image, scans))
    return image


def guarded(decode: Callable[[], Decoded]) -> Decoded:
    """Run a decoder; whatever it raises on hostile input becomes Damaged."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return decode()
    except ContentError:
        raise
    except Image.DecompressionBombError as err:
        raise TooManyPixels from err
    except MemoryError as err:
        raise TooManyPixels from err
    except _DECODER_FAULTS as err:
        raise Damaged from err


def first_luma(image: Image.Image) -> Luma:
    """Decode the picture that an open image stands at, and return its raster."""
    return guarded(lambda: _decode(image))


def raster(grey: Image.Image, size: tuple[int, int] | None = None) -> Luma:
    """Squeeze an "L" image by averaging areas to `raster_size` of `size`.

    `size` is (width, height) of the picture before a scaled decode; without one, the image's own.
    """
    wanted = raster_size(size or grey.size)
    if wanted == grey.size:
        return np.asarray(grey)
    # Along x, then along y. By itself Pillow 13 begins with y where that is less work, and 12
    # does not: each pass rounds, so that the same picture would have two values.
    wide = grey.resize((wanted[0], grey.height), Image.Resampling.BOX)
    return np.asarray(wide.resize(wanted, Image.Resampling.BOX))


def raster_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height at which a picture of this width and height is hashed, in pixels."""
    width, height = (side if side <= NATIVE_SIDE else SQUEEZED_SIDE for side in size)
    return width, height


def grey(image: Image.Image) -> Image.Image:
    """Convert to mode "L" band by band, laying transparency on white."""
    if image.mode == "L" and "transparency" not in image.info:
        return image
    convert = _converter(image)
    out = Image.new("L", image.size)
    for top in range(0, image.height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, image.height)
        out.paste(convert(image.crop((0, top, image.width, bottom))), (0, top))
    return out


def _open(file: io.BytesIO, found: Format) -> Image.Image:
    if found is Format.JPEG:
        # Not Image.open: it refuses above 179 megapixels, before a scaled decode can be asked for.
        return JpegImagePlugin.JpegImageFile(file)
    if found is Format.HEIF:
        import pillow_heif  # noqa: PLC0415 (a second codec library: only loaded when met)

        pillow_heif.register_heif_opener()
    return Image.open(file, formats=[found.value])


def check_size(width: int, height: int, most: int) -> None:
    """Refuse more than `most` pixels, and what is too small or too narrow to be recognised."""
    if width * height > most:
        raise TooManyPixels
    if min(width, height) < MIN_SIDE:
        raise TooSmall
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise TooNarrow


def _most_pixels(image: Image.Image, scans: int) -> int:
    """What 512 MB of memory and a second or two are enough for."""
    if scans > 1:
        most = MAX_PIXELS if _scales(image) else MAX_WEBP_PIXELS
        return min(most, MAX_SCANNED // scans)
    if _scales(image):
        return MAX_JPEG_PIXELS
    return MAX_WEBP_PIXELS if image.format in {"WEBP", "AVIF"} else MAX_PIXELS


_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_SEQUENTIAL = frozenset({b"\xff\xc0", b"\xff\xc1"})
_END, _SCAN = b"\xff\xd9", b"\xff\xda"
"""Markers of a JPEG (ITU-T T.81, table B.1)."""


def _scans(jpeg: bytes) -> int:
    """Count the scans: one, if the first has all components of a sequential JPEG."""
    at, scans, components = 2, 0, b""
    for _ in range(MAX_PIECES):
        marker = _MARKER.search(jpeg, at)
        if not marker or marker[0] == _END:
            return scans
        body = marker.end()
        if marker[0] in _SEQUENTIAL:
            components = jpeg[body + 7 : body + 8]
        elif marker[0] == _SCAN:
            scans += 1
            if jpeg[body + 2 : body + 3] == components:
                return scans
        at = body + int.from_bytes(jpeg[body : body + 2])
    raise Damaged


def _check_chunks(png: bytes) -> None:
    at = len(b"\x89PNG\r\n\x1a\n")
    for _ in range(MAX_PIECES):
        if at >= len(png):
            return
        at += 12 + int.from_bytes(png[at : at + 4])
    raise Damaged


def _scales(image: Image.Image) -> bool:
    return image.format == "JPEG" and image.mode in {"RGB", "L"}


def _decode(image: Image.Image) -> Luma:
    size = image.size
    if _scales(image):
        wide, high = raster_size(size)
        fits = [s for s in (2, 4, 8) if size[0] // s >= wide and size[1] // s >= high]
        scale = max(fits, default=1)
        image.draft("L", (image.width // scale, image.height // scale))
        check_size(image.width, image.height, MAX_PIXELS)
    image.load()
    return _upright(raster(grey(image), size), _orientation(image))


def _orientation(image: Image.Image) -> int:
    """EXIF tag 0x0112, 1…8 (CIPA DC-008, 4.6.5). Broken EXIF leaves the picture as it is stored.

    Read after decoding, because the TIFF, HEIF and AVIF decoders turn the picture themselves.
    """
    try:
        return int(image.getexif().get(0x0112, 1))
    except _DECODER_FAULTS:
        return 1


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


def _converter(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """How to turn one band of this image to grey."""
    mode = image.mode
    if mode.startswith("I;16"):
        clear = image.info.get("transparency")
        return lambda band: _halved(np.asarray(band), clear)
    if mode in {"RGBA", "RGBa", "LA", "La", "PA"} or "transparency" in image.info:
        return _on_white
    if mode in {"I", "F"}:
        return _stretched(*cast("tuple[float, float]", image.getextrema()))
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
        return lambda band: cast("Image.Image", ImageCms.applyTransform(band, transform)).convert(
            "L"
        )
    if mode in {"1", "RGB", "YCbCr", "L"}:
        return lambda band: band.convert("L")
    return lambda band: band.convert("RGB").convert("L")


def _on_white(band: Image.Image) -> Image.Image:
    rgba = band.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", band.size, "white"), rgba).convert("L")


def _halved(band: NDArray[np.uint16], clear: int | None) -> Image.Image:
    """16 bits to their upper 8; the one grey that a PNG may name as clear is white."""
    upper = (band >> 8).astype(np.uint8)
    if clear is not None:
        upper[band == clear] = 255
    return Image.fromarray(upper)


def _stretched(low: float, high: float) -> Callable[[Image.Image], Image.Image]:
    """Whole numbers or floats of unknown range: darkest to 0, lightest to 255."""
    if not np.isfinite([low, high]).all():
        raise Damaged
    span = max(high - low, float(np.finfo(np.float32).tiny))

    def stretch(band: Image.Image) -> Image.Image:
        part = (np.asarray(band, dtype=np.float64) - low) * (255 / span)
        if np.isnan(part).any():  # which the extremes do not tell
            raise Damaged
        return Image.fromarray(np.clip(part + 0.5, 0, 255).astype(np.uint8))

    return stretch
