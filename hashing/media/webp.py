"""The chunks of a WebP (RFC 9649): all but profile, EXIF and XMP, and the orientation."""

from __future__ import annotations

from hashing.errors import Damaged
from hashing.media import exif
from hashing.media.stripped import MAX_PIECES, Stripped

_HEADER_BYTES = 12
_REMOVED = frozenset({b"ICCP", b"EXIF", b"XMP "})
_FLAGS = 0x20 | 0x08 | 0x04
"""Of VP8X: there are a profile, EXIF, XMP."""


def strip(webp: bytes) -> Stripped:
    """Return a WebP without what its pixels do not need, and without what follows its RIFF.

    A RIFF that claims more than the file has ends where the file does. Raises Damaged.
    """
    kept = [b"WEBP"]
    orientation = 1
    offset = _HEADER_BYTES
    past = min(8 + int.from_bytes(webp[4:8], "little"), len(webp))
    for _ in range(MAX_PIECES):
        if offset + 8 > past:
            body = b"".join(kept)
            return Stripped(b"RIFF" + len(body).to_bytes(4, "little") + body, orientation)
        kind = webp[offset : offset + 4]
        end = offset + 8 + int.from_bytes(webp[offset + 4 : offset + 8], "little")
        if kind == b"EXIF":
            orientation = exif.orientation(webp[offset + 8 : end])
        end += (end - offset) & 1  # chunks are padded to even lengths
        if kind == b"VP8X" and end <= len(webp):
            flags = webp[offset + 8] & ~_FLAGS
            kept.append(webp[offset : offset + 8] + bytes([flags]) + webp[offset + 9 : end])
        elif kind not in _REMOVED:
            kept.append(webp[offset:end])
        offset = end
    raise Damaged
