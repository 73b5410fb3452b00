"""PDQ: 256 bits and a quality from the luma of a picture.

Source: Facebook, "PDQ & TMK + PDQF" (2019), https://github.com/facebook/ThreatExchange/tree/main/pdq.
The picture is blurred by two passes of a box filter in each direction (a tent), sampled at
64 × 64 points, transformed by a DCT of which the 16 × 16 lowest frequencies without the
constant are kept; a bit tells whether its coefficient is above the median.

All arithmetic is IEEE 754 binary32 in one fixed order, so that every conforming
implementation gives the same bits even where a coefficient ties with the median:
running sums are accumulated left to right and never re-associated. `docs/signals.md`
states the order; the tests compare it with the `pdqhash` package (the C++ reference).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Luma = NDArray[np.uint8]
Plane = NDArray[np.float32]

GRID = 64
"""The blurred picture is sampled at GRID × GRID points (PDQ paper, 2.2)."""
FREQUENCIES = 16
"""Frequencies 1…16 of each direction are kept (PDQ paper, 2.3)."""
MIN_SIDE = 5
"""The reference hashes nothing smaller, in pixels."""
QUALITY_BAR = 50
"""Below this quality no signal is made: HMA's and the paper's own recommendation."""


def compute(picture: NDArray[np.uint8]) -> tuple[bytes, int]:
    """Return (value of 32 bytes, quality 0–100) of an upright picture.

    `picture` is uint8 of shape (rows, columns) luma, or (rows, columns, 3) RGB, from which
    luma is 0.299 R + 0.587 G + 0.114 B in binary64, rounded once to binary32.
    Raises ValueError when a side has fewer than 5 pixels.
    """
    coefficients, quality = transform(picture)
    return bits(coefficients), quality


def transform(picture: NDArray[np.uint8]) -> tuple[Plane, int]:
    """Return (16 × 16 binary32 coefficients, quality 0–100); `bits` makes the value of them."""
    if min(picture.shape[:2]) < MIN_SIDE:
        raise ValueError(f"PDQ needs at least {MIN_SIDE} pixels on each side")
    grid = _downsample(_luma(picture))
    return _dct(grid), _quality(grid)


def bits(coefficients: Plane) -> bytes:
    """Return 32 bytes: bit 16·i + j, counted from the last, is set where [i, j] is above the median.

    The median is the lower one, the 128th smallest of 256, as in the reference.
    """
    flat = coefficients.ravel()
    median = np.partition(flat, flat.size // 2 - 1)[flat.size // 2 - 1]
    return np.packbits((flat > median)[::-1]).tobytes()


def _luma(picture: NDArray[np.uint8]) -> Luma | Plane:
    if picture.ndim == 2:
        return picture
    red, green, blue = (picture[:, :, channel] for channel in range(3))
    return (red * 0.299 + green * 0.587 + blue * 0.114).astype(np.float32)


def _downsample(luma: Luma | Plane) -> Plane:
    """Blur and sample at the 64 × 64 cell centres.

    The second pass writes only what is sampled; its running sums still see everything.
    """
    rows, columns = luma.shape
    if rows == columns == GRID:
        return luma.astype(np.float32)
    across, down = _window(columns), _window(rows)
    if luma.dtype == np.uint8:
        once = _box_of_bytes(luma, across)
    else:
        once = _box(luma.T, across, np.arange(columns)).T
    twice = _box(once, down, np.arange(rows))
    thrice = _box(twice.T, across, _centres(columns))
    return _box(thrice.T, down, _centres(rows))


def _window(side: int) -> int:
    """Half a cell, rounded up: two passes of it make the tent cover one cell."""
    return (side + 2 * GRID - 1) // (2 * GRID)


def _centres(side: int) -> NDArray[np.intp]:
    return np.array([int((i + 0.5) * side / GRID) for i in range(GRID)], dtype=np.intp)


def _reach(length: int, window: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First index in, and first index past, the window of each position, cut to the picture."""
    half = (window + 2) // 2
    at = np.arange(length)
    return np.maximum(at + half - window, 0), np.minimum(at + half, length)


def _box_of_bytes(luma: Luma, window: int) -> Plane:
    """The first pass, along rows: sums of bytes below 2²⁴ are exact in any order."""
    rows, columns = luma.shape
    first, past = _reach(columns, window)
    upto = np.zeros((rows, columns + 1), np.int32)
    np.cumsum(luma, axis=1, dtype=np.int32, out=upto[:, 1:])
    sums = upto.take(past, axis=1) - upto.take(first, axis=1)
    return sums.astype(np.float32) / (past - first).astype(np.float32)


def _box(lines: Plane, window: int, wanted: NDArray[np.intp]) -> Plane:
    """Mean of a sliding window along axis 0 at the ascending indices `wanted`.

    The sum is a running one: add the line that enters, then subtract the line that leaves,
    each rounded to binary32.
    """
    first, past = _reach(len(lines), window)
    lines = np.ascontiguousarray(lines)
    kept, place = np.unique(wanted, return_inverse=True)
    sums = np.empty((len(kept), lines.shape[1]), np.float32)
    for row, total in zip(sums, _running_sums(lines, first, past, kept), strict=True):
        row[:] = total
    sums /= (past - first)[kept].astype(np.float32)[:, None]
    return sums[place]


def _running_sums(
    lines: Plane, first: NDArray[np.intp], past: NDArray[np.intp], kept: NDArray[np.intp]
) -> Iterator[Plane]:
    """Yield the running sum at each index of `kept`; the array is reused by the next."""
    total = np.zeros(lines.shape[1], np.float32)
    entered, left, wanted = 0, 0, set(kept.tolist())
    for index, (low, high) in enumerate(zip(first.tolist(), past.tolist(), strict=True)):
        while entered < high:
            np.add(total, lines[entered], total)
            entered += 1
        if left < low:
            np.subtract(total, lines[left], total)
            left += 1
        if index in wanted:
            yield total


def _quality(grid: Plane) -> int:
    """Sum of the significant steps between neighbours, scaled (PDQ paper, 2.4)."""
    total = 0
    for step in (grid[:-1] - grid[1:], grid[:, :-1] - grid[:, 1:]):
        percent = step * np.float32(100) / np.float32(255)
        total += int(np.abs(percent.astype(np.int32)).sum())
    return min(100, total // 90)


def _dct_matrix() -> Plane:
    scale = float(np.float32(math.sqrt(2 / GRID)))
    angle = math.pi / 2 / GRID
    rows = [
        [scale * math.cos(angle * (i + 1) * (2 * j + 1)) for j in range(GRID)]
        for i in range(FREQUENCIES)
    ]
    return np.array(rows, dtype=np.float64).astype(np.float32)


_DCT = _dct_matrix()


def _dct(grid: Plane) -> Plane:
    """D · grid · Dᵀ, each sum accumulated in ascending order of its index."""
    half = np.add.accumulate(_DCT.T[:, :, None] * grid[:, None, :], axis=0)[-1]
    full: Plane = np.add.accumulate(half.T[:, :, None] * _DCT.T[:, None, :], axis=0)[-1]
    return full
