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
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hashing.algorithms.lines import Lines, counts, half
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
_AT_ONCE = 8
"""Grids transformed together: of more, the products no longer fit into the cache."""
_BAND_ROWS = 32
"""Rows transposed at once; between 8 and 64 the speed differs by less than a fifth (2026-11)."""
_BESIDE = 960
"""Columns that a pass takes at once of several pictures: three of 320 pixels. Beyond that, what is
between two passes no longer fits into a core's cache where others use it too: of 384 × 512, two
take as long as one after the other, three longer (2026-11)."""


def compute(picture: NDArray[np.uint8]) -> tuple[bytes, int]:
    """Return (value of 32 bytes, quality 0–100) of an upright picture.

    `picture` is uint8 of shape (rows, columns) luma, or (rows, columns, 3) RGB, from which
    luma is 0.299 R + 0.587 G + 0.114 B in binary64, rounded once to binary32.
    Raises ValueError when a side has fewer than 5 pixels.
    """
    coefficients, quality = transform(picture)
    return bits(coefficients), quality


def compute_each(lumas: Sequence[Luma]) -> list[tuple[bytes, int]]:
    """Return what `compute` returns of each of several pictures, whatever their shapes.

    Small ones lie side by side in the passes, where each column is a sum of its own: the same
    additions, with fewer calls of NumPy for them. Raises ValueError.
    """
    grids = [grid for batch in _batches(lumas) for grid in _samples(batch)]
    values = (
        value
        for begin in range(0, len(grids), _AT_ONCE)
        for value in _values(np.stack(grids[begin : begin + _AT_ONCE]))
    )
    return [(value, quality_of(grid)) for value, grid in zip(values, grids, strict=True)]


def above_bar(value: bytes, quality: int) -> Signal | None:
    """Return the signal of what `compute` returned; None if its quality is below the bar."""
    return Signal(SignalType.PDQ, value, quality) if quality >= QUALITY_BAR else None


def transform(picture: NDArray[np.uint8]) -> tuple[Plane, int]:
    """Return (16 × 16 binary32 coefficients, quality 0–100); `bits` turns them into the value."""
    grid = sample(_luma(picture))
    return _dct(grid[None])[0], quality_of(grid)


def value_of(grid: Plane) -> bytes:
    """Return the 32 bytes of a grid that `sample` returned: the value that `compute` returns."""
    return _values(grid[None])[0]


def _values(grids: Plane) -> list[bytes]:
    return [bits(coefficients) for coefficients in _dct(grids)]


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


def _batches(lumas: Sequence[Luma]) -> Iterator[list[Luma]]:
    """Pictures that are sampled together: as many as _BESIDE permits, and one at the least."""
    batch: list[Luma] = []
    beside = 0
    for luma in lumas:
        if batch and beside + max(luma.shape) > _BESIDE:
            yield batch
            batch, beside = [], 0
        batch.append(luma)
        beside += max(luma.shape)
    if batch:
        yield batch


def _samples(lumas: Sequence[Luma | Plane]) -> list[Plane]:
    """The grids of pictures. Each pass goes through all of them at once."""
    if any(min(luma.shape) < MIN_SIDE for luma in lumas):
        raise ValueError(f"PDQ needs at least {MIN_SIDE} pixels on each side")
    blurred = iter(_blurred([luma for luma in lumas if luma.shape != (GRID, GRID)]))
    return [
        luma.astype(np.float32) if luma.shape == (GRID, GRID) else next(blurred) for luma in lumas
    ]


def _blurred(lumas: Sequence[Luma | Plane]) -> list[Plane]:
    """The four passes: a box along each axis, and again, where only the centres are kept."""
    if not lumas:
        return []
    rows, columns = zip(*(luma.shape for luma in lumas), strict=True)
    down = Lines(rows, columns, _window)
    for luma, part in zip(lumas, down.parts, strict=True):
        _box_along_rows(luma, part)
    across = Lines(columns, rows, _window)
    for part, sums in zip(across.parts, down.summed([range(n) for n in rows]), strict=True):
        _mean_turned(*sums, part)
    again = Lines(rows, [GRID] * len(rows), _window)
    for part, sums in zip(again.parts, across.summed(list(map(_centres, columns))), strict=True):
        _mean_turned(*sums, part)
    return [sums / count[:, None] for sums, count in again.summed(list(map(_centres, rows)))]


def _mean_turned(sums: Plane, count: Plane, into: Plane) -> None:
    """Divide and transpose, in bands: at once, each element misses the cache."""
    for top in range(0, len(sums), _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        np.divide(sums[band].T, count[band], into[:, band])


def _window(side: int) -> int:
    """Length of the box filter: half a cell, rounded up, so that the tent of two covers a cell."""
    return (side + 2 * GRID - 1) // (2 * GRID)


def _centres(side: int) -> list[int]:
    return [int((i + 0.5) * side / GRID) for i in range(GRID)]


def _box_along_rows(luma: Luma | Plane, into: Plane) -> None:
    """The first pass."""
    rows, columns = luma.shape
    if luma.dtype == np.uint8:
        _box_of_bytes(cast("Luma", luma), _window(columns), into)
        return
    lines = Lines([columns], [rows], _window)
    lines.parts[0][:] = luma.T
    ((sums, count),) = lines.summed([range(columns)])
    _mean_turned(sums, count, into)


def _box_of_bytes(luma: Luma, window: int, into: Plane) -> None:
    """The first pass of bytes: sums are below 2²⁴, so exact in any order."""
    rows, columns = luma.shape
    before = window - half(window)
    padded = np.zeros((rows, columns + window - 1), np.min_scalar_type(255 * window))
    padded[:, before : before + columns] = luma
    sums = padded[:, :columns].copy()
    for shift in range(1, window):
        sums += padded[:, shift : shift + columns]
    np.divide(sums, counts(columns, window), into, dtype=np.float32)


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


def _dct(grids: Plane) -> Plane:
    """D · grid · Dᵀ of each grid, each sum accumulated in ascending order of its index."""
    rows = grids.transpose(1, 0, 2)
    half = _sum_in_order(DCT.T[:, None, :, None] * rows[:, :, None, :])
    return _sum_in_order(half.transpose(2, 0, 1)[..., None] * DCT.T[:, None, None, :])


def _sum_in_order(terms: Plane) -> Plane:
    """Sum along axis 0, from the first; np.sum may go in another order."""
    total: Plane = terms[0].copy()
    for term in terms[1:]:
        np.add(total, term, total)
    return total
