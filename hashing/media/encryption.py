"""Whether the frames of a container are encrypted, so that no decoder can read them.

A decoder makes errors of such frames, or noise, which would be hashed as if it were a video.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from hashing.media.formats import Format, packets_begin

MAX_PIECES = 10_000
"""Most boxes or elements that are looked at."""
_TS_BYTES = 512 * 1024
"""How much of a transport stream is looked at."""
_SCRAMBLED, _HAS_PAYLOAD = 0xC0, 0x10
"""Of a packet's fourth byte: its payload is scrambled, it has one (ISO/IEC 13818-1, 2.4.3.2)."""


class _Piece(NamedTuple):
    """A box or element: its name, and where its content begins and ends."""

    name: bytes
    start: int
    end: int


_Header = Callable[[BinaryIO, int, int], _Piece | None]


def is_encrypted(file: BinaryIO, known: Format) -> bool:
    """Look where the format says so; leave the file at its start. Raises OSError."""
    end = file.seek(0, 2)
    try:
        if known is Format.MP4:
            return any(_within(file, _box, (0, end), _SAMPLE_ENTRY))
        if known is Format.MATROSKA:
            return any(_within(file, _element, (0, end), _ENCRYPTION))
        return known is Format.MPEG_TS and _is_scrambled(file)
    finally:
        file.seek(0)


_SAMPLE_ENTRY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"encv")
"""ISO/IEC 14496-12, 8.12: an encrypted entry has this name in place of its codec's."""
_ENCRYPTION = (
    b"\x18\x53\x80\x67",
    b"\x16\x54\xae\x6b",
    b"\xae",
    b"\x6d\x80",
    b"\x62\x40",
    b"\x50\x35",
)
"""Segment, Tracks, TrackEntry, ContentEncodings, ContentEncoding, ContentEncryption (RFC 9559)."""


def _within(
    file: BinaryIO, header: _Header, span: tuple[int, int], path: tuple[bytes, ...]
) -> Iterator[_Piece]:
    """Yield the pieces at the end of a path of names."""
    todo, looked_at = [(*span, path)], 0
    while todo:
        start, end, (name, *rest) = todo.pop()
        while start < end and looked_at < MAX_PIECES:
            looked_at += 1
            piece = header(file, start, end)
            if piece is None:
                break
            if piece.name == name and not rest:
                yield piece
            elif piece.name == name:
                todo.append((piece.start, piece.end, tuple(rest)))
            start = piece.end


def _box(file: BinaryIO, offset: int, end: int) -> _Piece | None:
    """ISO/IEC 14496-12, 4.2."""
    file.seek(offset)
    head = file.read(16)
    size, name = int.from_bytes(head[:4]), head[4:8]
    length = 8
    if size == 1:
        size, length = int.from_bytes(head[8:16]), 16
    if len(name) < 4 or (size and size < length):  # noqa: PLR2004 (letters of a name)
        return None
    inside = 8 if name == b"stsd" else 0  # a version, flags, and a count before the entries
    return _Piece(name, offset + length + inside, min(offset + size, end) if size else end)


def _element(file: BinaryIO, offset: int, end: int) -> _Piece | None:
    """RFC 8794, 4 to 6: an id and a size, each as long as its first bit that is set says."""
    file.seek(offset)
    head = file.read(12)
    of_id = 9 - head[0].bit_length() if head and head[0] else 0
    of_size = 9 - head[of_id].bit_length() if of_id and len(head) > of_id and head[of_id] else 0
    if not 1 <= of_id <= 4 or not of_size or len(head) < of_id + of_size:  # noqa: PLR2004 (bytes of an id)
        return None
    ones = (1 << 7 * of_size) - 1
    size = int.from_bytes(head[of_id : of_id + of_size]) & ones
    start = offset + of_id + of_size
    return _Piece(head[:of_id], start, end if size == ones else min(start + size, end))


def _is_scrambled(file: BinaryIO) -> bool:
    """Whether more than half of the first packets with a payload are scrambled."""
    file.seek(0)
    head = file.read(_TS_BYTES)
    begin, stride = packets_begin(head) or (0, len(head) + 1)
    fourth = [byte for byte in head[begin + 3 :: stride] if byte & _HAS_PAYLOAD]
    return sum(1 for byte in fourth if byte & _SCRAMBLED) * 2 > len(fourth)
