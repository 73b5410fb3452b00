"""The orientation of a picture, which is all that is read from EXIF (CIPA DC-008).

As browsers read it (Chromium 156; Firefox requires the same type and count): the tag counts only as
one SHORT in the first directory. XMP is not asked.
"""

from __future__ import annotations

import struct

_ORIENTATION = 0x0112
_SHORT = 3
_ENTRY_BYTES = 12
_MAX_ENTRIES = 1000
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


def orientation(untrusted: bytes) -> int:
    """Return what an EXIF block names, 1…8; 1 if that is none of these, or the block is broken.

    It begins with "II" or "MM", perhaps after the six bytes of "Exif" and two zeros.
    """
    tiff = untrusted.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(tiff[:4])
    if not order:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, directory)
        for number in range(min(entries, _MAX_ENTRIES)):
            entry = directory + 2 + number * _ENTRY_BYTES
            tag, kind, count, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _ORIENTATION:
                named = (kind, count) == (_SHORT, 1) and value in range(1, 9)
                return value if named else 1
    except struct.error:  # an offset beyond the block
        return 1
    return 1
