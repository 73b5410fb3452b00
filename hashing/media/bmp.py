"""BMP that browsers show and Pillow does not: to RGB, or to a BMP that it reads.

Source: Microsoft, BITMAPINFOHEADER and BITMAPV5HEADER; each channel is scaled to 8 bits as in
bmpsuite's reference, by 255 over the mask's largest value, rounded.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from PIL import Image

from hashing.errors import Damaged
from hashing.media.stripped import Stripped

_BIT_FIELDS, _ALPHA_BIT_FIELDS = 3, 6
_FILE_HEADER = 14
_INFO_HEADER = 40
_OS2_HEADER = 16
"""Bytes to which OS/2 may shorten its header of 64, which begins as the other one does."""


_OF_PILLOW = {(0x7C00, 0x3E0, 0x1F, 0), (0xF800, 0x7E0, 0x1F, 0)}
"""Masks of 16 bits that Pillow reads: the values of pictures with them stay as they were."""


class Fields(NamedTuple):
    """What the header of a BMP in bit fields says. The masks are of red, green, blue, alpha."""

    width: int
    height: int
    bits: int
    masks: tuple[int, int, int, int]
    data: int
    upside_down: bool


def fields(bmp: bytes) -> Fields | None:
    """Return what the header says, None if the colours are not in bit fields."""
    if len(bmp) < _FILE_HEADER + _INFO_HEADER:
        return None
    (at,) = struct.unpack_from("<I", bmp, 10)
    size, width, height, _, bits, kind = struct.unpack_from("<IiiHHI", bmp, _FILE_HEADER)
    if size < _INFO_HEADER or kind not in {_BIT_FIELDS, _ALPHA_BIT_FIELDS} or bits not in {16, 32}:
        return None
    named = struct.unpack("<IIII", bmp[54:70].ljust(16, b"\0"))
    has_alpha = size >= _INFO_HEADER + 16 or kind == _ALPHA_BIT_FIELDS
    masks = (*named[:3], named[3] if has_alpha else 0)
    if bits == 16 and masks in _OF_PILLOW:  # noqa: PLR2004
        return None
    return Fields(abs(width), abs(height), bits, masks, at, height > 0)


def readable(bmp: bytes) -> bytes:
    """Return the file as Pillow reads it, if it is one that browsers show and Pillow refuses.

    That is one whose header is a shortened one of OS/2, that has two bits a pixel, or that claims
    more colours than its pixels can name. Raises Damaged.
    """
    size = int.from_bytes(bmp[14:18], "little")
    if _OS2_HEADER <= size < _INFO_HEADER:
        at = int.from_bytes(bmp[10:14], "little") + _INFO_HEADER - size
        header = bmp[18 : 14 + size].ljust(_INFO_HEADER - 4, b"\0")
        bmp = bmp[:10] + struct.pack("<II", at, _INFO_HEADER) + header + bmp[14 + size :]
    if size < _OS2_HEADER or len(bmp) < _FILE_HEADER + _INFO_HEADER:
        return bmp
    bits, claimed = bmp[28], int.from_bytes(bmp[46:50], "little")
    if bits == 2:  # noqa: PLR2004
        return _as_four_bits(bmp)
    if bits not in {1, 4, 8} or claimed <= 1 << bits:
        return bmp
    return bmp[:46] + bytes(4) + bmp[50:]


def _as_four_bits(bmp: bytes) -> bytes:
    at, _, width, height = struct.unpack_from("<IIii", bmp, 10)
    kind, claimed = (int.from_bytes(bmp[n : n + 4], "little") for n in (30, 46))
    stride, wider = ((width * bits + 31) // 32 * 4 for bits in (2, 4))
    rows = min(abs(height), max(len(bmp) - at, 0) // max(stride, 1))
    if kind or width <= 0 or not rows:
        raise Damaged
    four = np.frombuffer(bmp, np.uint8, stride * rows, at).reshape(rows, stride)
    pairs = np.empty((len(four), 2 * stride), np.uint8)
    pairs[:, ::2] = (four >> 6) << 4 | four >> 4 & 3
    pairs[:, 1::2] = (four >> 2 & 3) << 4 | four & 3
    colours = min(claimed or 4, 4).to_bytes(4, "little")
    header = bmp[:28] + b"\4\0" + bmp[30:46] + colours + bmp[50:at]
    return header + pairs[:, :wider].tobytes()


def rescued(bmp: bytes) -> Stripped:
    """Return the whole rows of a BMP that breaks off, the others as `above` or `below`.

    Raises Damaged, if there is none, or if they are run-length encoded.
    """
    (at, size) = struct.unpack_from("<II", bmp, 10)
    sides = "<HH" if size < _OS2_HEADER else "<ii"
    width, height, _, bits = struct.unpack_from(sides + "HH", bmp, 18)
    kind = int.from_bytes(bmp[30:34], "little") if size >= _INFO_HEADER else 0
    stride = (abs(width) * bits + 31) // 32 * 4
    rows = max(len(bmp) - at, 0) // stride if stride else 0
    if kind not in {0, _BIT_FIELDS, _ALPHA_BIT_FIELDS} or not 0 < rows < abs(height):
        raise Damaged
    missing = abs(height) - rows
    whole = struct.pack(sides, width, rows if height > 0 else -rows)
    above, below = (missing, 0) if height > 0 else (0, missing)
    return Stripped(
        bmp[:18] + whole + bmp[18 + len(whole) :], incomplete=True, above=above, below=below
    )


def decode(bmp: bytes, found: Fields) -> Image.Image:
    """Return the picture, RGB or RGBA. An alpha that is 0 everywhere is none, as in browsers.

    Raises Damaged.
    """
    stride = (found.width * found.bits + 31) // 32 * 4
    if len(bmp) < found.data + stride * found.height:
        raise Damaged
    rows = np.frombuffer(bmp, np.uint8, stride * found.height, found.data)
    kind = "<u2" if found.bits == 16 else "<u4"  # noqa: PLR2004 (bits)
    pixels = rows.reshape(found.height, stride).view(kind)[:, : found.width]
    if found.upside_down:
        pixels = pixels[::-1]
    channels = [_channel(pixels, mask) for mask in found.masks]
    kept = channels if found.masks[3] and channels[3].any() else channels[:3]
    return Image.fromarray(np.dstack(kept))


def _channel(pixels: np.ndarray, mask: int) -> np.ndarray:
    if not mask:
        return np.zeros(pixels.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    most = mask >> shift
    values = (pixels.astype(np.uint32) & np.uint32(mask)) >> np.uint32(shift)
    return (values.astype(np.float64) * (255 / most) + 0.5).astype(np.uint8)
