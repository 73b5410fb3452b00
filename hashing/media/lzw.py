"""The pixels of a GIF (GIF89a specification, appendix F) whose data break off.

Pillow's decoder, which is far faster, gives none of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hashing.errors import Damaged

_MOST_BITS = 12
_AT_ONCE = 1 << _MOST_BITS
"""Codes that are read at once: after that many, all have _MOST_BITS."""


def decode(data: bytes, bits: int, most: int) -> bytes:
    """Return the pixels that are there, `most` at most. `bits` are those of a pixel (2–8).

    Raises Damaged, if they end early or by a code that is none: of such, no decoder shows a part.
    """
    clear = 1 << bits
    used = clear + 2 + np.maximum(np.arange(_AT_ONCE) - 1, 0)  # entries when each code is read
    widths = np.clip(np.ceil(np.log2(used + 1)).astype(np.int64), bits + 1, _MOST_BITS)
    later = np.full(_AT_ONCE, _MOST_BITS)
    table = _Table(bits)
    at, is_new, count = 0, True, 0
    out: list[bytes] = []
    while count < most:
        codes, ends = _codes(data, at, widths if is_new else later)
        if not codes.size:
            break
        found = np.flatnonzero(codes == clear)
        is_new = found.size > 0
        last = int(found[0]) if is_new else len(codes)
        out.append(table.pixels(codes[:last].tolist()))
        count += len(out[-1])
        at = int(ends[last] if is_new else ends[-1])
        if is_new:
            table = _Table(bits)
    return b"".join(out)[:most]


def _codes(
    data: bytes, at: int, widths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """As many whole codes as there are from a bit on, and the bits at which they end."""
    ends = at + np.cumsum(widths)
    ends = ends[ends <= 8 * len(data)]
    if not ends.size:
        return ends, ends
    widths = widths[: len(ends)]
    first = ends - widths
    part = np.frombuffer(data[at // 8 : int(ends[-1]) // 8 + 1] + bytes(3), np.uint8)
    byte = (first >> 3) - at // 8
    bits = sum(part[byte + n].astype(np.int64) << 8 * n for n in range(3))
    return bits >> (first & 7) & ((1 << widths) - 1), ends


class _Table:
    """What codes stand for, since the last one that cleared it."""

    def __init__(self, bits: int) -> None:
        self._entries = [bytes([level]) for level in range(1 << bits)] + [b"", b""]
        self._before = b""

    def pixels(self, codes: list[int]) -> bytes:
        """Raises Damaged."""
        entries, before = self._entries, self._before
        out = []
        for code in codes:
            if code < len(entries):
                entry = entries[code]
            elif code == len(entries) and before:
                entry = before + before[:1]
            else:
                raise Damaged
            if not entry:  # the code for the end
                raise Damaged
            if before and len(entries) < _AT_ONCE:
                entries.append(before + entry[:1])
            out.append(entry)
            before = entry
        self._before = before
        return b"".join(out)
