"""The blocks of a GIF (GIF89a specification): its screen, and each image as a GIF of its own."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.errors import Damaged
from hashing.media import lzw
from hashing.media.stripped import MAX_PIECES

MAX_IMAGES = 10_000
"""Most images that are read: as many as are looked at."""
_HEADER_BYTES = 13
_EXTENSION, _IMAGE, _TRAILER, _CONTROL = 0x21, 0x2C, 0x3B, 0xF9
_CONTROL_BYTES, _PLACE_BYTES = 8, 10
_END = b"\0;"
"""An empty sub-block and the trailer."""
_PASSES = ((0, 8), (4, 8), (2, 4), (1, 2))
"""The first row of each pass of an interlaced image, and the step to the next (appendix E)."""


class Image(NamedTuple):
    """One image: the GIF that holds it alone, where it is drawn, how long, and what then.

    `dispose` is 2 if it is cleared afterwards, 3 if what was there before is put back.
    """

    gif: bytes
    left: int
    top: int
    width: int
    height: int
    duration_ms: float
    dispose: int


class Gif(NamedTuple):
    """A GIF taken apart. `cut` says that it breaks off, within its last image or after it."""

    width: int
    height: int
    images: tuple[Image, ...]
    cut: bool


def read(gif: bytes) -> Gif:
    """Take a GIF apart. The screen has room for its first image, as in browsers.

    Raises Damaged, if it has no image among its first MAX_PIECES blocks.
    """
    if len(gif) < _HEADER_BYTES:
        raise Damaged
    offset = _HEADER_BYTES + _table_bytes(gif[10])
    palette = gif[_HEADER_BYTES:offset], gif[10] & 0x87
    images: list[Image] = []
    control = bytes(4)
    ended = False
    for _ in range(MAX_PIECES):
        kind = gif[offset] if offset < len(gif) else _TRAILER
        if kind == _EXTENSION:
            if gif[offset + 1 : offset + 3] == b"\xf9\x04" and offset + 7 <= len(gif):
                control = gif[offset + 3 : offset + 7]
            offset, ended = _after_blocks(gif, offset + 2)
        elif kind == _IMAGE and offset + 11 <= len(gif):
            end, ended = _after_blocks(gif, offset + 11 + _table_bytes(gif[offset + 9]))
            images.append(_image(gif[offset:end], control, palette))
            offset, control = end, bytes(4)
            if len(images) == MAX_IMAGES:
                break
        else:
            ended = ended and offset < len(gif)
            break
    if not images:
        raise Damaged
    width, height = struct.unpack_from("<HH", gif, 6)
    first = images[0]
    width, height = max(width, first.left + first.width), max(height, first.top + first.height)
    return Gif(width, height, tuple(images), not ended)


def _image(block: bytes, control: bytes, palette: tuple[bytes, int]) -> Image:
    """The image of a block from its separator on. `palette` is the global one, with its flags."""
    left, top, width, height, flags = struct.unpack_from("<HHHHB", block, 1)
    # Not beside a palette of its own: Pillow (13.0) takes grey ones for none.
    colours, shared = (b"", 0) if flags & 0x80 else palette
    screen = struct.pack("<HHBBB", width, height, shared, 0, 0) + colours
    place = struct.pack("<BHHHHB", _IMAGE, 0, 0, width, height, flags)
    alone = b"".join((b"GIF89a", screen, b"\x21\xf9\x04", control, b"\0", place, block[10:], _END))
    duration = 10.0 * int.from_bytes(control[1:3], "little")
    return Image(alone, left, top, width, height, duration, control[0] >> 2 & 7)


def part(image: Image) -> NDArray[np.uint8]:
    """Return what there is of an image, as browsers show it: RGBA of (height, width, 4).

    What is missing is clear. In an interlaced image, a whole row stands for those below it that
    follow in later passes. Raises Damaged, if it has no colours.
    """
    gif = image.gif[: -len(_END)]
    at = _HEADER_BYTES + _table_bytes(gif[10])
    control, flags = gif[at + 3 : at + 7], gif[at + _CONTROL_BYTES + 9]
    own = at + _CONTROL_BYTES + _PLACE_BYTES
    data = own + _table_bytes(flags)
    table = gif[own:data] or gif[_HEADER_BYTES:at]
    if not table or len(gif) <= data or not 2 <= gif[data] <= 8:  # noqa: PLR2004 (bits of a pixel)
        raise Damaged
    colours = np.zeros((256, 4), np.uint8)
    colours[: len(table) // 3, :3] = np.frombuffer(table, np.uint8).reshape(-1, 3)
    colours[: len(table) // 3, 3] = 255
    if control[0] & 1:
        colours[control[3]] = 0
    most = image.width * image.height
    pixels = np.frombuffer(lzw.decode(_joined(gif, data + 1), gif[data], most), np.uint8)
    shown = np.zeros((image.height, image.width, 4), np.uint8)
    for n, (row, past) in enumerate(_rows(image.height, interlaced=bool(flags & 0x40))):
        line = colours[pixels[n * image.width : (n + 1) * image.width]]
        shown[row : past if len(line) == image.width else row + 1, : len(line)] = line
    return shown


def _rows(height: int, *, interlaced: bool) -> list[tuple[int, int]]:
    """The rows in the order of their data, each with the one before which it stands for others."""
    if not interlaced:
        return [(row, row + 1) for row in range(height)]
    gaps = (8, 4, 2, 1)
    return [
        (row, row + gap)
        for (first, step), gap in zip(_PASSES, gaps, strict=True)
        for row in range(first, height, step)
    ]


def _joined(gif: bytes, first: int) -> bytes:
    """The content of a series of sub-blocks."""
    parts = []
    offset = first
    while offset < len(gif) and gif[offset]:
        parts.append(gif[offset + 1 : offset + 1 + gif[offset]])
        offset += gif[offset] + 1
    return b"".join(parts)


def _table_bytes(flags: int) -> int:
    """Of a table of colours: bit 7 says that there is one, bits 0–2 are n of its 2^(n + 1)."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(gif: bytes, first: int) -> tuple[int, bool]:
    """The offset after a series of sub-blocks, and whether it ends with an empty one."""
    offset = first
    while offset < len(gif) and gif[offset]:
        offset += gif[offset] + 1
    return min(offset + 1, len(gif)), offset < len(gif)
