"""The segments of a JPEG (ITU-T T.81, annex B): those that decoding needs, and what they say."""

from __future__ import annotations

import re

from hashing.errors import Damaged
from hashing.media import exif
from hashing.media.stripped import MAX_PIECES, Stripped

_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
"""Markers with a length, and the end marker. What is between two segments is passed over."""
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_SCAN, _END = 0xDA, 0xD9
"""Table B.1."""
_JFIF, _EXIF, _ADOBE = 0xE0, 0xE1, 0xEE
_APPLICATION = range(0xE0, 0x100)
"""These and comments: not needed, except for the colours that JFIF and Adobe's segment name."""
_WHOLE = {_JFIF: (b"JFIF\0", 14), _ADOBE: (b"Adobe", 12)}
"""How those two begin, and the bytes without which libjpeg ignores them (jdmarker.c)."""


def strip(jpeg: bytes) -> Stripped:
    """Return a JPEG without comments and application segments that its colours do not need.

    If it breaks off, it ends at its last whole segment, with an end marker: libjpeg then fills
    what is missing with grey. Raises Damaged, when no scan begins or it has too many segments.
    """
    whole = memoryview(jpeg)
    kept: list[bytes | memoryview] = [whole[:2]]
    turned: int | None = None
    components = -1
    offset = 2
    for _ in range(MAX_PIECES):
        marker = _MARKER.search(jpeg, offset)
        if not marker or marker[0][1] == _END:
            raise Damaged
        kind, body = marker[0][1], marker.end()
        if kind == _SCAN:
            scans, end = _scans(jpeg, marker.start(), components)
            incomplete = end is not None or jpeg.rfind(b"\xff\xd9", body) < 0
            kept += [whole[marker.start() : end], b"\xff\xd9" if incomplete else b""]
            return Stripped(b"".join(kept), turned or 1, scans, incomplete)
        offset = body + max(int.from_bytes(jpeg[body : body + 2]), 2)
        content = jpeg[body + 2 : offset]
        if kind in _SEQUENTIAL:
            components = content[5] if len(content) > 5 else -1  # noqa: PLR2004 (B.2.2: Nf)
        if kind == _EXIF and turned is None and content.startswith(b"Exif\0\0"):
            turned = exif.orientation(content)
        if _is_needed(kind, content):
            kept.append(whole[marker.start() : offset])
    raise Damaged


def _is_needed(kind: int, content: bytes) -> bool:
    if kind in _WHOLE:
        start, least = _WHOLE[kind]
        return content.startswith(start) and len(content) >= least
    return kind not in _APPLICATION


def _scans(jpeg: bytes, offset: int, components: int) -> tuple[int, int | None]:
    """Count the scans from the first one on; and where the last whole segment ends, if cut.

    There is one, if the first has all components of a sequential JPEG. Raises Damaged.
    """
    scans = 0
    for _ in range(MAX_PIECES):
        marker = _MARKER.search(jpeg, offset)
        if not marker or marker[0][1] == _END:
            return scans, None if marker else len(jpeg)
        body = marker.end()
        offset = body + max(int.from_bytes(jpeg[body : body + 2]), 2)
        if body + 2 > len(jpeg) or offset > len(jpeg):
            return scans, marker.start()
        if marker[0][1] == _SCAN:
            scans += 1
            if jpeg[body + 2] == components:
                return scans, None
    raise Damaged
