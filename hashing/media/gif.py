"""The blocks of a GIF (GIF89a specification): its screen, and each image as a GIF of its own."""

from __future__ import annotations

import struct
from typing import NamedTuple

from hashing.errors import Damaged
from hashing.media.stripped import MAX_PIECES

MAX_IMAGES = 10_000
"""Most images that are read: as many as are looked at."""
_HEADER_BYTES = 13
_EXTENSION, _IMAGE, _TRAILER, _CONTROL = 0x21, 0x2C, 0x3B, 0xF9


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
    alone = b"".join(
        (b"GIF89a", screen, b"\x21\xf9\x04", control, b"\0", place, block[10:], b"\0;")
    )
    duration = 10.0 * int.from_bytes(control[1:3], "little")
    return Image(alone, left, top, width, height, duration, control[0] >> 2 & 7)


def _table_bytes(flags: int) -> int:
    """Of a table of colours: bit 7 says that there is one, bits 0–2 are n of its 2^(n + 1)."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(gif: bytes, first: int) -> tuple[int, bool]:
    """The offset after a series of sub-blocks, and whether it ends with an empty one."""
    offset = first
    while offset < len(gif) and gif[offset]:
        offset += gif[offset] + 1
    return min(offset + 1, len(gif)), offset < len(gif)
