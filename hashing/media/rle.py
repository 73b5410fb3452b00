"""The run lengths of a BMP to grey. Pixels that they leave out are black, as in browsers.

Source: Microsoft, "Bitmap Compression". Pillow (13.0) gives left out pixels the first colour of the
palette, lets what is too long for a row run on into the next, and refuses what ends before the last
row. Chromium (156) does as we do.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from PIL import Image

from hashing.errors import Damaged

_OF_BITS = {1: 8, 2: 4}
"""The kinds of compression that are run lengths, and the bits of a pixel that each is for."""
_FILE_HEADER, _INFO_HEADER = 14, 40
_COLOURS = 256
_END_OF_LINE, _END, _DELTA = range(3)
"""What the second byte means after a first of 0; more is the length of an absolute run."""


class Runs(NamedTuple):
    """What the header of a BMP in run lengths says."""

    width: int
    height: int
    bits: int
    upwards: bool
    grey: bytes
    """The grey of each of 256 indexes."""
    data: int


def runs(bmp: bytes) -> Runs | None:
    """Return what the header says, None if the pixels are not in run lengths."""
    if len(bmp) < _FILE_HEADER + _INFO_HEADER:
        return None
    (at,) = struct.unpack_from("<I", bmp, 10)
    size, width, height, _, bits, kind = struct.unpack_from("<IiiHHI", bmp, _FILE_HEADER)
    if size < _INFO_HEADER or _OF_BITS.get(kind) != bits:
        return None
    claimed = min(int.from_bytes(bmp[46:50], "little") or 1 << bits, 1 << bits)
    colours = bmp[_FILE_HEADER + size :][: 4 * claimed]
    whole = colours[: len(colours) // 4 * 4].ljust(4 * _COLOURS, b"\0")
    palette = Image.frombytes("RGB", (_COLOURS, 1), whole, "raw", "BGRX")
    return Runs(abs(width), abs(height), bits, height > 0, palette.convert("L").tobytes(), at)


def decode(bmp: bytes, found: Runs) -> Image.Image:
    """Return the picture in grey. Raises Damaged if it breaks off."""
    read = _Reader(bmp, found)
    if not read.is_whole:
        raise Damaged
    return _image(read, found.height)


def rescued(bmp: bytes, found: Runs) -> tuple[Image.Image, int]:
    """Return the rows that have ended before a picture breaks off, and how many are missing.

    Raises Damaged if there is none.
    """
    read = _Reader(bmp, found)
    rows = min(read.row, found.height)
    if not rows:
        raise Damaged
    return _image(read, rows), found.height - rows


def _image(read: _Reader, rows: int) -> Image.Image:
    found = read.found
    shown = bytes(read.shown[: rows * found.width]).ljust(rows * found.width, b"\0")
    order = ("L", 0, -1 if found.upwards else 1)
    return Image.frombytes("L", (found.width, rows), shown, "raw", *order)


class _Reader:
    """Reads all runs. `is_whole`: they end as they should, or fill all rows."""

    def __init__(self, bmp: bytes, found: Runs) -> None:
        self.found = found
        self.shown = bytearray()
        self.row = self._column = 0
        self._bmp, self._at = bmp, found.data
        self._greys = [_greys_of(value, found) for value in range(_COLOURS)]
        self.is_whole = self._read()

    def _read(self) -> bool:
        bmp, greys = self._bmp, self._greys
        most = len(bmp) - 2
        while self.row < self.found.height:
            if self._at > most:
                return self._ends_with_the_last_row()
            length, second = bmp[self._at], bmp[self._at + 1]
            self._at += 2
            if length:
                self._draw(length, greys[second] * length)
            elif second == _END:
                return True
            elif not self._escape(second):
                return False
        return True

    def _ends_with_the_last_row(self) -> bool:
        return self.row == self.found.height - 1 and self._column >= self.found.width

    def _escape(self, second: int) -> bool:
        """Follow an escape; return False where the file breaks off."""
        if second == _END_OF_LINE:
            self.row, self._column = self.row + 1, 0
            return True
        size = 2 if second == _DELTA else (second * self.found.bits + 7) // 8
        named = self._bmp[self._at : self._at + size]
        self._at += size + size % 2
        if len(named) < size:
            return False
        if second == _DELTA:
            self._column, self.row = self._column + named[0], self.row + named[1]
        else:
            self._draw(second, b"".join(self._greys[each] for each in named))
        return True

    def _draw(self, length: int, greys: bytes) -> None:
        """Draw so many pixels from here on, but none beyond the end of the row."""
        room = self.found.width - self._column
        if room > 0:
            begin = self.row * self.found.width + self._column
            if begin > len(self.shown):
                self.shown.extend(bytes(begin - len(self.shown)))
            self.shown += greys[: min(length, room)]
        self._column += length


def _greys_of(value: int, found: Runs) -> bytes:
    """The one pixel, or the two, that a byte names."""
    indexes = (value,) if found.bits == 8 else (value >> 4, value & 15)  # noqa: PLR2004
    return bytes(found.grey[index] for index in indexes)
