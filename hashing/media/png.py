"""The chunks of a PNG (PNG, 3rd edition): those that decoding needs, and its animation."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from hashing.errors import Damaged
from hashing.media import exif
from hashing.media.stripped import MAX_PIECES, Stripped

MAGIC = b"\x89PNG\r\n\x1a\n"
_BESIDE = frozenset({b"PLTE", b"tRNS"})
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel, by colour type (table 11.1)."""
_HEADER_BYTES = 13
_CONTROL_BYTES = 26
_FILTERS = 5
_STEP = 4096
"""Bytes inflated at once: at an error, zlib loses what the same call had inflated."""


class Control(NamedTuple):
    """Where and how long a frame is shown (`fcTL`). Milliseconds; a denominator of 0 means 100."""

    width: int
    height: int
    left: int
    top: int
    duration_ms: float
    dispose: int
    blend: int


class Chunks(NamedTuple):
    """A PNG taken apart: header, palette and transparency; compressed data; EXIF; frames."""

    header: bytes
    width: int
    height: int
    before: tuple[tuple[bytes, bytes], ...]
    data: tuple[bytes, ...]
    orientation: int
    frames: tuple[tuple[Control, tuple[bytes, ...]], ...]
    default_is_first: bool
    cut: bool


def chunks(png: bytes) -> Chunks:
    """Take a PNG apart. Of the checksums, only that of the header counts, as in browsers.

    Raises Damaged.
    """
    kept = _Kept()
    if zlib.crc32(png[12:29]) != int.from_bytes(png[29:33]):
        raise Damaged
    for kind, body, whole in _pieces(png):
        if kind == b"IEND":
            kept.cut = False
            break
        kept.take(kind, body)
        if not whole:
            break
    kept.end_frame()
    if len(kept.header) != _HEADER_BYTES or not kept.data:
        raise Damaged
    width, height = struct.unpack_from(">II", kept.header)
    return Chunks(
        *(kept.header, width, height, tuple(kept.before), tuple(kept.data), kept.orientation),
        frames=tuple(kept.frames[: kept.plays]),
        default_is_first=kept.default_is_first,
        cut=kept.cut,
    )


class _Kept:
    """What has been read of a PNG."""

    def __init__(self) -> None:
        self.header = b""
        self.before: list[tuple[bytes, bytes]] = []
        self.data: list[bytes] = []
        self.orientation = 1
        self.plays = 0
        self.frames: list[tuple[Control, tuple[bytes, ...]]] = []
        self.default_is_first = False
        self.cut = True
        self._control: Control | None = None
        self._parts: list[bytes] = []
        self._exif = False

    def take(self, kind: bytes, body: bytes) -> None:
        """Read one chunk. EXIF behind the pixels does not count, nor does a second one."""
        if kind in {b"IDAT", b"fdAT", b"fcTL"}:
            self._take_frame(kind, body)
        elif self.data:
            return
        elif kind == b"IHDR" and not self.header:
            self.header = body
        elif kind in _BESIDE:
            self.before.append((kind, body))
        elif kind == b"eXIf" and not self._exif:
            self._exif, self.orientation = True, exif.orientation(body)
        elif kind == b"acTL" and len(body) >= 8:  # noqa: PLR2004 (clause 11.3.6.1)
            self.plays = int.from_bytes(body[:4])

    def _take_frame(self, kind: bytes, body: bytes) -> None:
        if kind == b"fcTL" and len(body) >= _CONTROL_BYTES:
            self.end_frame()
            self._control = _control(body)
        elif kind == b"IDAT":
            self.data.append(body)
            self.default_is_first |= self._control is not None
        if kind != b"fcTL" and self._control:
            self._parts.append(body if kind == b"IDAT" else body[4:])

    def end_frame(self) -> None:
        """Keep the frame whose data has been read."""
        if self._control and self._parts:
            self.frames.append((self._control, tuple(self._parts)))
        self._control, self._parts = None, []


def strip(found: Chunks) -> Stripped:
    """Return the still picture of a PNG, with the chunks that its pixels need."""
    return Stripped(still(found.header, found.before, found.data), found.orientation)


def still(header: bytes, before: tuple[tuple[bytes, bytes], ...], data: tuple[bytes, ...]) -> bytes:
    """Return a PNG of these parts."""
    parts = [(b"IHDR", header), *before, *((b"IDAT", body) for body in data), (b"IEND", b"")]
    return MAGIC + b"".join(_chunk(kind, body) for kind, body in parts)


def rescued(found: Chunks) -> Stripped:
    """Return what a broken PNG shows: the rows that can be inflated, and white below them.

    Checksums are passed over. Raises Damaged, if no row is whole, or if the rows are interlaced and
    not all there.
    """
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", found.header)
    bits = _SAMPLES[colour] * depth
    row_bytes = (
        [
            1 + (columns * bits + 7) // 8
            for columns, rows in _passes(width, height)
            for _ in range(rows)
        ]
        if interlaced
        else [1 + (width * bits + 7) // 8] * height
    )
    whole = sum(row_bytes)
    raw = _inflated(b"".join(found.data), whole)
    rows = height * (len(raw) == whole) if interlaced else _filtered(raw, row_bytes[0])
    if not rows:
        raise Damaged
    header = struct.pack(">II", width, rows) + found.header[8:]
    data = zlib.compress(raw if interlaced else raw[: rows * row_bytes[0]], 1)
    below = height - rows
    return Stripped(
        still(header, found.before, (data,)), found.orientation, incomplete=below > 0, below=below
    )


def _filtered(raw: bytes, row_bytes: int) -> int:
    """The whole rows before one that no filter has (clause 9.2): what is inflated after damage."""
    rows = len(raw) // row_bytes
    return next((row for row in range(rows) if raw[row * row_bytes] >= _FILTERS), rows)


def _passes(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Yield the (columns, rows) of each reduced image of Adam7 (clause 8.2): none is empty."""
    starts = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    for left, top, across, down in starts:
        yield -(-(width - left) // across), -(-(height - top) // down)


def _inflated(data: bytes, most: int) -> bytes:
    """As many bytes as can be inflated (RFC 1950, without its checksum), `most` at most."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    out = bytearray()
    for at in range(2, len(data), _STEP):
        try:
            out += inflater.decompress(data[at : at + _STEP], max(most - len(out), 1))
        except zlib.error:
            break
        if len(out) >= most or inflater.eof:
            break
    return bytes(out[:most])


def _pieces(png: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield each chunk's type, its content, and whether all of it is there. Raises Damaged."""
    offset = len(MAGIC)
    for _ in range(MAX_PIECES):
        if offset + 8 > len(png):
            return
        end = offset + 8 + int.from_bytes(png[offset : offset + 4])
        yield png[offset + 4 : offset + 8], png[offset + 8 : end], end + 4 <= len(png)
        offset = end + 4
    raise Damaged


def _control(body: bytes) -> Control:
    width, height, left, top, over, under, dispose, blend = struct.unpack_from(">IIIIHHBB", body, 4)
    return Control(width, height, left, top, 1000 * over / (under or 100), dispose, blend)


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", checksum)))
