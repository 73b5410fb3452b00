"""A BMP in run lengths, with the stream as it is given."""

from __future__ import annotations

import struct
from collections.abc import Sequence

LINE, END = b"\0\0", b"\0\1"
"""The ends of a row and of the picture."""


def run_lengths(
    stream: bytes, size: tuple[int, int], bits: int, palette: Sequence[int | Sequence[int]]
) -> bytes:
    """A file of this (width, height), below 0 if downwards; greys, or colours as (B, G, R)."""
    colours = [[each] * 3 if isinstance(each, int) else each for each in palette]
    table = b"".join(bytes([*each, 0]) for each in colours)
    at, kind = 54 + len(table), {8: 1, 4: 2}[bits]
    head = struct.pack("<iiHHIIiiII", *size, 1, bits, kind, len(stream), 0, 0, len(colours), 0)
    start = struct.pack("<IHHII", at + len(stream), 0, 0, at, 40)
    return b"BM" + start + head + table + stream
