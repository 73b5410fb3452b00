"""Untrusted bytes of a picture to upright luma, within limits.

A platform and a browser must follow these rules to get the same bits (docs/signals.md): the
embedded colour profile is ignored; transparent pixels are laid on white; the orientation of
EXIF is applied; luma is ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded; a side longer
than NATIVE_SIDE is squeezed to SQUEEZED_SIDE by averaging areas; nothing is enlarged.

A JPEG is decoded directly to its own luma channel, and at 1/2, 1/4 or 1/8 of its size where
both sides stay at or above SQUEEZED_SIDE; docs/signals.md says how few bits this changes.
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
from hashing.luma import Luma, resample
from hashing.media.formats import HEAD_BYTES, Format, sniff

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
"""8192 × 6656. Today's phones make at most 8192 × 6144 in formats that are decoded at full size."""
MAX_JPEG_PIXELS = 208 * 2**20
"""Of a JPEG, which can be decoded at 1/8: 16384 × 12288, the 200 megapixel mode of phones, then
takes 3 MB."""
MAX_WEBP_PIXELS = 24 * 2**20
"""Of a WebP, and of a CMYK JPEG in several scans: their decoders and Pillow together take 16 bytes
a pixel. An AVIF may take as much."""
MAX_SCANNED = 40 * MAX_PIXELS
"""Pixels times scans of a JPEG in several scans: the decoder holds all coefficients in memory and
goes through them once for each scan. Cameras and editors write about 10 scans, a bomb thousands."""
MAX_PIECES = 100_000
"""Segments of a JPEG, or chunks of a PNG: Pillow reads each in a loop in Python."""
MAX_ASPECT = 32
"""Longest side over shortest. Panoramas and long screenshots stay below 20."""
MIN_SIDE = 16
"""Shortest side, in pixels: smaller pictures all look alike."""
_BAND_ROWS = 256
"""Rows converted to grey at once: limits the memory needed beside the decoded picture."""

_DECODER_ERRORS = (
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
"""What the decoders of Pillow and pillow-heif raise on hostile input, as found by fuzzing."""


def read(untrusted: bytes) -> Luma:
    """Return the upright luma of a picture, its sides as `raster` leaves them.

    Of an animated picture, it is that of the first frame. Raises a ContentError.
    """
    with open_picture(untrusted) as image:
        return first_luma(image)


def open_picture(untrusted: bytes, known: Format | None = None) -> Image.Image:
    """Parse the header only, and refuse what breaks a limit before any pixel is decoded.

    `known` is the format, if it has been read from the first bytes already. Raises a ContentError.
    """
    if len(untrusted) > MAX_BYTES:
        raise TooManyBytes
    picture_format = known or sniff(untrusted[:HEAD_BYTES])
    scans = _scans(untrusted) if picture_format is Format.JPEG else 1
    if picture_format is Format.PNG:
        _check_chunks(untrusted)
    image = guarded(lambda: _open(io.BytesIO(untrusted), picture_format))
    check_size(image.width, image.height, _most_pixels(image, scans))
    return image


def guarded(decode: Callable[[], Decoded]) -> Decoded:
    """Run a decoder. What it raises on hostile input becomes Damaged or TooManyPixels."""
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
    except _DECODER_ERRORS as err:
        raise Damaged from err


def first_luma(image: Image.Image) -> Luma:
    """Decode the frame at which an open image is positioned, and return its upright raster."""
    return guarded(lambda: _decode(image))


def raster(grey: Image.Image, size: tuple[int, int] | None = None) -> Luma:
    """Squeeze an "L" image by averaging areas to `raster_size` of `size`.

    `size` is (width, height) of the picture before a scaled decode; without one, the image's own.
    """
    squeezed = raster_size(size or grey.size)
    if squeezed == grey.size:
        return np.asarray(grey)
    return np.asarray(resample(grey, squeezed, Image.Resampling.BOX))


def raster_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the (width, height), in pixels, at which a picture of this size is hashed."""
    width, height = (side if side <= NATIVE_SIDE else SQUEEZED_SIDE for side in size)
    return width, height


def grey(image: Image.Image) -> Image.Image:
    """Convert to mode "L" band by band, with what is transparent laid on white."""
    if image.mode == "L" and "transparency" not in image.info:
        return image
    convert = _converter(image)
    out = Image.new("L", image.size)
    for top in range(0, image.height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, image.height)
        out.paste(convert(image.crop((0, top, image.width, bottom))), (0, top))
    return out


def _open(file: io.BytesIO, picture_format: Format) -> Image.Image:
    if picture_format is Format.JPEG:
        # Not Image.open: it refuses more than 179 megapixels before a scaled decode is possible.
        return JpegImagePlugin.JpegImageFile(file)
    if picture_format is Format.HEIF:
        import pillow_heif  # noqa: PLC0415 (a second codec library: loaded only for its formats)

        pillow_heif.register_heif_opener()
    return Image.open(file, formats=[picture_format.value])


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


def _most_pixels(image: Image.Image, scans: int) -> int:
    """The most pixels of this image that 512 MB of memory and a second or two are enough for."""
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
    offset, scans, components = 2, 0, b""
    for _ in range(MAX_PIECES):
        marker = _MARKER.search(jpeg, offset)
        if not marker or marker[0] == _END:
            return scans
        body = marker.end()
        if marker[0] in _SEQUENTIAL:
            components = jpeg[body + 7 : body + 8]
        elif marker[0] == _SCAN:
            scans += 1
            if jpeg[body + 2 : body + 3] == components:
                return scans
        offset = body + int.from_bytes(jpeg[body : body + 2])
    raise Damaged


def _check_chunks(png: bytes) -> None:
    """Refuse more chunks than MAX_PIECES. Raises Damaged."""
    offset = len(b"\x89PNG\r\n\x1a\n")
    for _ in range(MAX_PIECES):
        if offset >= len(png):
            return
        offset += 12 + int.from_bytes(png[offset : offset + 4])
    raise Damaged


def _scales(image: Image.Image) -> bool:
    """Whether it can be decoded at 1/2, 1/4 or 1/8 of its size."""
    return image.format == "JPEG" and image.mode in {"RGB", "L"}


def _decode(image: Image.Image) -> Luma:
    size = image.size
    if _scales(image):
        width, height = raster_size(size)
        fits = [s for s in (2, 4, 8) if size[0] // s >= width and size[1] // s >= height]
        scale = max(fits, default=1)
        image.draft("L", (image.width // scale, image.height // scale))
        check_size(image.width, image.height, MAX_PIXELS)
    image.load()
    return _upright(raster(grey(image), size), _orientation(image))


def _orientation(image: Image.Image) -> int:
    """EXIF tag 0x0112, 1…8 (CIPA DC-008, 4.6.5). Broken EXIF leaves the picture as it is stored.

    To be read after decoding: the decoders of TIFF, HEIF and AVIF turn the picture themselves.
    """
    try:
        return int(image.getexif().get(0x0112, 1))
    except _DECODER_ERRORS:
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
    """The function that converts one band of this image to grey."""
    mode = image.mode
    if mode.startswith("I;16"):
        transparent = image.info.get("transparency")
        return lambda band: _upper_bits(np.asarray(band), transparent)
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


def _upper_bits(band: NDArray[np.uint16], transparent: int | None) -> Image.Image:
    """16 bits to their upper 8. The one grey that a PNG may name as transparent becomes white."""
    upper = (band >> 8).astype(np.uint8)
    if transparent is not None:
        upper[band == transparent] = 255
    return Image.fromarray(upper)


def _stretched(low: float, high: float) -> Callable[[Image.Image], Image.Image]:
    """Integers or floats of unknown range: the darkest becomes 0, the lightest 255."""
    if not np.isfinite([low, high]).all():
        raise Damaged
    span = max(high - low, float(np.finfo(np.float32).tiny))

    def stretch(band: Image.Image) -> Image.Image:
        part = (np.asarray(band, dtype=np.float64) - low) * (255 / span)
        if np.isnan(part).any():  # the extremes of the image do not show it
            raise Damaged
        return Image.fromarray(np.clip(part + 0.5, 0, 255).astype(np.uint8))

    return stretch
