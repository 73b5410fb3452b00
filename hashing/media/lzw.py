"""The pixels of a GIF (GIF89a specification, appendix F) whose data break off.

Pillow's decoder, which is far faster, gives none of them.
"""

from __future__ import annotations

from hashing.errors import Damaged

_MOST_BITS = 12


def decode(data: bytes, bits: int, most: int) -> bytes:
    """Return the pixels that are there, `most` at most. `bits` are those of a pixel (2–8).

    Raises Damaged, if they end early or by a code that is none: of such, no decoder shows a part.
    """
    clear = 1 << bits
    first = [bytes([level]) for level in range(clear)] + [b"", b""]
    table, width, before = first.copy(), bits + 1, b""
    out = bytearray()
    held = count = 0
    for byte in data:
        held |= byte << count
        count += 8
        if count < width:
            continue
        code = held & ((1 << width) - 1)
        held >>= width
        count -= width
        if code == clear:
            table, width, before = first.copy(), bits + 1, b""
            continue
        if code == clear + 1 or code > len(table) or (code == len(table) and not before):
            raise Damaged
        found = table[code] if code < len(table) else before + before[:1]
        if before and len(table) < 1 << _MOST_BITS:
            table.append(before + found[:1])
            if len(table) == 1 << width and width < _MOST_BITS:
                width += 1
        out += found
        before = found
        if len(out) >= most:
            break
    return bytes(out[:most])
