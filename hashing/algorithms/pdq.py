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
from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hashing.luma import Luma, Plane
from hashing.signals import Signal, SignalType

GRID = 64
"""The blurred picture is sampled at GRID × GRID points (PDQ paper, 2.2)."""
FREQUENCIES = 16
"""Frequencies 1…16 of each direction are kept (PDQ paper, 2.3)."""
MIN_SIDE = 5
"""Shortest side, in pixels, that the reference hashes."""
QUALITY_BAR = 50
"""Below this quality no signal is made: the recommendation of HMA and of the paper."""
_BAND_ROWS = 32
"""Rows transposed at once; between 8 and 64 the speed differs by less than a fifth (2026-11)."""
_BESIDE = 1920
"""Columns that a pass takes at once of several pictures: three of 640 pixels. Beyond that, what is
between two passes no longer fits into a core's cache, and takes longer (2026-11)."""


def compute(picture: NDArray[np.uint8]) -> tuple[bytes, int]:
    """Return (value of 32 bytes, quality 0–100) of an upright picture.

    `picture` is uint8 of shape (rows, columns) luma, or (rows, columns, 3) RGB, from which
    luma is 0.299 R + 0.587 G + 0.114 B in binary64, rounded once to binary32.
    Raises ValueError when a side has fewer than 5 pixels.
    """
    coefficients, quality = transform(picture)
    return bits(coefficients), quality


def compute_each(lumas: Sequence[Luma]) -> list[tuple[bytes, int]]:
    """Return what `compute` returns of each of several pictures, which have one shape.

    Small ones lie side by side in the passes along columns, where each column is a sum of its own:
    the same additions, with fewer calls of NumPy for them. Raises ValueError.
    """
    at_once = max(1, _BESIDE // max(1, *lumas[0].shape)) if lumas else 1
    batches = (lumas[begin : begin + at_once] for begin in range(0, len(lumas), at_once))
    grids = (grid for batch in batches for grid in _samples(batch))
    return [(value_of(grid), quality_of(grid)) for grid in grids]


def above_bar(value: bytes, quality: int) -> Signal | None:
    """Return the signal of what `compute` returned; None if its quality is below the bar."""
    return Signal(SignalType.PDQ, value, quality) if quality >= QUALITY_BAR else None


def transform(picture: NDArray[np.uint8]) -> tuple[Plane, int]:
    """Return (16 × 16 binary32 coefficients, quality 0–100); `bits` turns them into the value."""
    grid = sample(_luma(picture))
    return _dct(grid), quality_of(grid)


def value_of(grid: Plane) -> bytes:
    """Return the 32 bytes of a grid that `sample` returned: the value that `compute` returns."""
    return bits(_dct(grid))


def bits(coefficients: Plane) -> bytes:
    """Return 32 bytes. Bit 16·i + j, counted from the last, is set if [i, j] is above the median.

    The median is the lower one, the 128th smallest of 256, as in the reference.
    """
    flat = coefficients.ravel()
    median = np.partition(flat, flat.size // 2 - 1)[flat.size // 2 - 1]
    return np.packbits((flat > median)[::-1]).tobytes()


def _luma(picture: NDArray[np.uint8]) -> Luma | Plane:
    if picture.ndim == 2:  # noqa: PLR2004 (rows and columns)
        return picture
    red, green, blue = (picture[:, :, channel] for channel in range(3))
    plane: Plane = (red * 0.299 + green * 0.587 + blue * 0.114).astype(np.float32)
    return plane


def sample(luma: Luma | Plane) -> Plane:
    """Return the grid, binary32 64 × 64: the luma blurred, then sampled at the centres of cells.

    The second pass writes only the sampled points; its running sums still cover every pixel.
    Raises ValueError when a side has fewer than 5 pixels.
    """
    return _samples([luma])[0]


def _samples(lumas: Sequence[Luma | Plane]) -> list[Plane]:
    """The grids of pictures of one shape."""
    rows, columns = lumas[0].shape
    if min(rows, columns) < MIN_SIDE:
        raise ValueError(f"PDQ needs at least {MIN_SIDE} pixels on each side")
    if rows == columns == GRID:
        return [luma.astype(np.float32) for luma in lumas]
    across, down = _window(columns), _window(rows)
    once = _beside([_box_along_rows(luma, across) for luma in lumas])
    twice = _turned(_box(once, down, range(rows)), len(lumas))
    thrice = _turned(_box(twice, across, _centres(columns)), len(lumas))
    return np.split(_box(thrice, down, _centres(rows)), len(lumas), axis=1)


def _beside(planes: Sequence[Plane]) -> Plane:
    return planes[0] if len(planes) == 1 else np.concatenate(planes, axis=1)


def _turned(planes: Plane, count: int) -> Plane:
    """Transpose each of so many planes that lie beside each other."""
    return _beside([_transposed(plane) for plane in np.split(planes, count, axis=1)])


def _transposed(plane: Plane) -> Plane:
    """Transpose in bands: at once, each element misses the cache (1.4 against 5.2 ms at 1024²)."""
    columns = np.empty(plane.shape[::-1], np.float32)
    for top in range(0, len(plane), _BAND_ROWS):
        columns[:, top : top + _BAND_ROWS] = plane[top : top + _BAND_ROWS].T
    return columns


def _window(side: int) -> int:
    """Length of the box filter: half a cell, rounded up, so that the tent of two covers a cell."""
    return (side + 2 * GRID - 1) // (2 * GRID)


def _centres(side: int) -> list[int]:
    return [int((i + 0.5) * side / GRID) for i in range(GRID)]


def _half(window: int) -> int:
    """The window of index i begins at i + half - window and ends before i + half."""
    return (window + 2) // 2


def _counts(length: int, window: int) -> Plane:
    """How many positions the window of each index has within the picture."""
    past = np.arange(length) + _half(window)
    counts: Plane = (np.minimum(past, length) - np.maximum(past - window, 0)).astype(np.float32)
    return counts


def _box_along_rows(luma: Luma | Plane, window: int) -> Plane:
    """The first pass."""
    if luma.dtype == np.uint8:
        return _box_of_bytes(cast("Luma", luma), window)
    columns = luma.shape[1]
    return _transposed(_box(_transposed(cast("Plane", luma)), window, range(columns)))


def _box_of_bytes(luma: Luma, window: int) -> Plane:
    """The first pass of bytes: sums are below 2²⁴, so exact in any order."""
    rows, columns = luma.shape
    before = window - _half(window)
    padded = np.zeros((rows, columns + window - 1), np.min_scalar_type(255 * window))
    padded[:, before : before + columns] = luma
    sums = padded[:, :columns].copy()
    for shift in range(1, window):
        sums += padded[:, shift : shift + columns]
    mean: Plane = np.divide(sums, _counts(columns, window), dtype=np.float32)
    return mean


def _box(lines: Plane, window: int, indices: Sequence[int]) -> Plane:
    """Mean of a sliding window along axis 0 at these ascending indices."""
    sums = np.empty((len(indices), lines.shape[1]), np.float32)
    into: list[Plane] = [np.empty(lines.shape[1], np.float32)] * len(lines)  # what is discarded
    for index, row in zip(indices, sums, strict=True):
        into[index] = row
    _running_sums(lines, window, into)
    if len(indices) > len(lines):  # a side below GRID, where cells share their centre
        sums = np.stack([into[index] for index in indices])
    sums /= _counts(len(lines), window)[indices, None]
    return sums


def _running_sums(lines: Plane, window: int, into: Iterable[Plane]) -> None:
    """Fill each row of `into`, one for each index, with the sum of that index's window.

    Add the line that enters, then subtract the line that leaves, each rounded to binary32.
    """
    half, rows = _half(window), iter(into)
    total = np.zeros(lines.shape[1], np.float32)
    for line in lines[: half - 1]:
        np.add(total, line, total)
    # `rows` comes last in each zip, so that no row is consumed when the lines end.
    for line, row in zip(lines[half - 1 : window], rows, strict=False):
        total = np.add(total, line, row)
    for line, leaving, row in zip(lines[window:], lines, rows, strict=False):
        total = np.subtract(np.add(total, line, row), leaving, row)
    for leaving, row in zip(lines[-window:], rows, strict=False):
        total = np.subtract(total, leaving, row)


def quality_of(grid: Plane) -> int:
    """Return the quality of a grid, 0–100.

    Sum of the significant steps between neighbours, scaled (PDQ paper, 2.4).
    """
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


DCT = _dct_matrix()


def _dct(grid: Plane) -> Plane:
    """D · grid · Dᵀ, each sum accumulated in ascending order of its index."""
    half = _sum_in_order(DCT.T[:, :, None] * grid[:, None, :])
    return _sum_in_order(half.T[:, :, None] * DCT.T[:, None, :])


def _sum_in_order(terms: Plane) -> Plane:
    """Sum along axis 0, from the first; np.sum may go in another order."""
    total: Plane = terms[0].copy()
    for term in terms[1:]:
        np.add(total, term, total)
    return total
