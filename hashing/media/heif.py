"""A HEIF larger than libheif should decode at once: tile by tile (ISO/IEC 23008-12, 6.6.2.3).

Phones store a picture as a grid of tiles that are pictures of their own. Each is given to the
decoder as a file of its own, and squeezed along x before the next row of tiles: 200 megapixels need
little memory.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

from hashing.errors import Damaged
from hashing.media import boxes
from hashing.media.boxes import FULL, Box, Meta
from hashing.media.grey import grey

LEAST_TILE = 256
"""Pixels of a tile's side: phones use 512 and more. Many tiny ones would take minutes."""


class Grid(NamedTuple):
    """A picture of tiles: its size, the size of a tile, and the tiles row by row, as files."""

    size: tuple[int, int]
    tile: tuple[int, int]
    across: int
    files: tuple[bytes, ...]
    orientation: int


def grid(data: bytes, more_than: int) -> Grid | None:
    """Return the tiles of the primary picture, if it has more than so many pixels.

    None also if it has no tiles, or none that can be decoded one by one. Raises Damaged, if the
    tiles are not what the grid says.
    """
    try:
        found = boxes.read(data)
        width, height = boxes.size(data, found)
    except Damaged:
        return None  # its decoder may know better
    if (
        width * height <= more_than
        or found.kinds.get(found.primary) != b"grid"
        or found.of(found.primary, b"clap")
    ):
        return None
    places = dict(_places(data, found.meta))
    head = _content(data, found, places.get(found.primary, []))
    wide = len(head) > 1 and head[1] & 1
    if len(head) < (12 if wide else 8):
        raise Damaged
    down, across = head[2] + 1, head[3] + 1
    size = struct.unpack_from(">II" if wide else ">HH", head, 4)
    if not found.tiles or down * across != len(found.tiles):
        raise Damaged
    tile = boxes.size(data, found, found.tiles[0])
    fits = [
        n * side - side < whole <= n * side
        for n, side, whole in zip((across, down), tile, size, strict=True)
    ]
    same = all(boxes.size(data, found, item) == tile for item in found.tiles)
    if not all(fits) or not same or min(tile) < LEAST_TILE:
        return None
    files = tuple(_alone(data, found, item, places) for item in found.tiles)
    return Grid(size, tile, across, files, boxes.orientation(data, found))


def decode(found: Grid, width: int) -> Image.Image:
    """Return the picture in grey, squeezed to `width`, its height as it is.

    Raises what the decoder raises.
    """
    columns, rows = found.tile
    whole = Image.new("L", (width, found.size[1]))
    for row in range(len(found.files) // found.across):
        band = Image.new("L", (found.size[0], min(rows, found.size[1] - row * rows)))
        for column in range(found.across):
            file = io.BytesIO(found.files[row * found.across + column])
            with Image.open(file, formats=["HEIF"]) as tile:
                band.paste(grey(tile), (column * columns, 0))
        whole.paste(band.resize((width, band.height), Image.Resampling.BOX), (0, row * rows))
    return whole


def _alone(data: bytes, found: Meta, item: int, places: dict[int, list[_Place]]) -> bytes:
    """A tile as a file with this one picture."""
    kept = [found.of(item, kind) for kind in (b"hvcC", b"ispe", b"colr")]
    properties = [data[box.begin : box.end] for box in kept if box]
    kind, content = found.kinds.get(item, b""), _content(data, found, places.get(item, []))
    numbers = bytes([len(properties), *range(1, len(properties) + 1)])
    associated = _full(b"ipma", struct.pack(">IH", 1, 1) + numbers)
    inside = [
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        _full(b"pitm", struct.pack(">H", 1)),
        _full(
            b"iinf",
            struct.pack(">H", 1) + _full(b"infe", struct.pack(">HH", 1, 0) + kind + b"\0", 2),
        ),
        _box(b"iprp", _box(b"ipco", b"".join(properties)) + associated),
    ]
    head = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    iloc_bytes = 30
    start = len(head) + 12 + sum(map(len, inside)) + iloc_bytes + 8
    place = struct.pack(">HHHHHII", 0x4400, 1, 1, 0, 1, start, len(content))
    meta = _full(b"meta", b"".join((*inside, _full(b"iloc", place))))
    return head + meta + _box(b"mdat", content)


_Place = tuple[int, int, int]
"""How an extent is found (0: in the file, 1: in `idat`), its offset and its length."""


def _places(data: bytes, meta: Box) -> Iterator[tuple[int, list[_Place]]]:
    """Yield where each item's bytes are (`iloc`, ISO/IEC 14496-12, 8.11.3). Raises Damaged."""
    box = boxes.child(data, meta, b"iloc", FULL)
    if not box:
        raise Damaged
    at, version = box.start + FULL, data[box.start]
    sizes = data[at] >> 4, data[at] & 15, data[at + 1] >> 4, data[at + 1] & 15 if version else 0
    wide = 4 if version > 1 else 2
    count, at = int.from_bytes(data[at + 2 : at + 2 + wide]), at + 2 + wide

    def number(length: int) -> int:
        nonlocal at
        at += length
        if at > box.end:
            raise Damaged
        return int.from_bytes(data[at - length : at])

    for _ in range(count):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)  # which file: this one
        base = number(sizes[2])
        extents = []
        for _ in range(number(2)):
            number(sizes[3])
            offset = base + number(sizes[0])
            extents.append((method, offset, number(sizes[1])))
        yield item, extents


def _content(data: bytes, found: Meta, extents: list[_Place]) -> bytes:
    idat = boxes.child(data, found.meta, b"idat", FULL)
    parts = []
    for method, offset, length in extents:
        start = offset + (idat.start if method == 1 and idat else 0)
        parts.append(data[start : start + length])
    return b"".join(parts)


def _full(kind: bytes, content: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]) + content)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content
