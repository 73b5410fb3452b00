"""An AVIF as libavif reads it: without EXIF, which it may refuse to read, and with what it demands.

libavif refuses files that browsers show (libavif 1.4: AVIF_STRICT_ALPHA_ISPE_REQUIRED, an EXIF
block without a TIFF header, matrices that it cannot convert); each is mended here. As boxes hold
offsets into the file, nothing is moved: bytes are exchanged in place, and a box that must grow is
written again behind everything, its old one becoming free space.
"""

from __future__ import annotations

import struct
from contextlib import suppress

from hashing.errors import Damaged, TooManyPixels
from hashing.media import boxes
from hashing.media.boxes import FULL, Box, Meta
from hashing.media.stripped import Stripped

_CONSTANT_LUMINANCE = {3: 6, 10: 9, 11: 1, 13: 12, 14: 9, 15: 9}
"""Matrices (ITU-T H.273, table 4) that libavif does not convert, and what is used in their place:
the same colours' matrix of non-constant luminance. Their Y differs little; their chroma hardly
counts for luma."""


_MAX_PIXELS = 2**28
"""libavif's own limit (avif.h, AVIF_DEFAULT_IMAGE_SIZE_LIMIT)."""


def strip(avif: bytes) -> Stripped:
    """Return the file for libavif, and how it is turned. A sequence alone stays as it is.

    Raises TooManyPixels, where libavif would only say that it cannot read it.
    """
    try:
        found = boxes.read(avif)
        width, height = boxes.size(avif, found)
    except Damaged:
        return Stripped(avif, None)
    if width * height > _MAX_PIXELS:
        raise TooManyPixels
    data = bytearray(avif)
    for item, kind in found.kinds.items():
        if kind == b"Exif":
            at = found.infos[item].start + FULL
            named = avif.index(kind, at)
            data[named : named + 4] = b"skip"
    for box in found.properties:
        _convertible(data, box)
    data = _with_alpha_sizes(data, found)
    orientation = boxes.orientation(avif, found)
    return Stripped(bytes(data), orientation, crop=boxes.clean_aperture(avif, found))


def _convertible(data: bytearray, box: Box) -> None:
    if box.kind != b"colr" or data[box.start : box.start + 4] != b"nclx":
        return
    at = box.start + 8
    matrix = int.from_bytes(data[at : at + 2])
    data[at : at + 2] = _CONSTANT_LUMINANCE.get(matrix, matrix).to_bytes(2)


def _with_alpha_sizes(data: bytearray, found: Meta) -> bytearray:
    """Give auxiliary pictures without a size (`ispe`) that of the picture they belong to."""
    lacking = {
        item: found.associated[owner]
        for item, owner in found.auxiliary.items()
        if item in found.associated and not found.of(item, b"ispe") and found.of(owner, b"ispe")
    }
    if not lacking:
        return data
    whole, iprp, ipma = bytes(data), found.iprp, found.ipma
    new_ipma = bytearray(whole[ipma.start : ipma.end])
    wide = whole[ipma.start + 3] & 1
    for entry in reversed(list(boxes.entries(whole, ipma))):
        if entry.item in lacking:
            owner = lacking[entry.item]
            number = next(n for n in owner if n and found.properties[n - 1].kind == b"ispe")
            new_ipma[entry.end - ipma.start : entry.end - ipma.start] = number.to_bytes(1 + wide)
            new_ipma[entry.counted - ipma.start] += 1
    new_iprp = whole[iprp.start : ipma.begin] + _box(b"ipma", bytes(new_ipma))
    new_iprp = _box(b"iprp", new_iprp + whole[ipma.end : iprp.end])
    meta = found.meta
    inside = whole[meta.start : iprp.begin] + new_iprp + whole[iprp.end : meta.end]
    data[meta.begin + 4 : meta.begin + 8] = b"free"
    return _up_to_the_last_box(data) + _box(b"meta", inside)


def _up_to_the_last_box(data: bytearray) -> bytearray:
    """What ends where its last box does, so that another one can follow."""
    begin = end = 0
    with suppress(Damaged):
        for box in boxes.boxes(bytes(data)):
            begin, end = box.begin, box.end
    if not any(data[begin : begin + 4]):  # up to the end of the file
        data[begin : begin + 4] = (end - begin).to_bytes(4)
    return data[:end]


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content
