"""Picture in picture: a rectangle in a video whose four sides stay while everything else moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.luma import Luma
from hashing.views.edges import gradients, reduced
from hashing.views.layout import Box

Mask = NDArray[np.bool_]

_SIDE = 256
"""Longest side, in pixels, of the copies in which edges are detected."""
_STEP = 5.0
"""Grey levels a pixel from which a gradient is an edge."""
_LASTING = 0.6
"""Share of the frames in which a pixel must be on an edge."""
_SHORTEST = 0.15
"""Shortest side of the rectangle, as a share of the frame's side."""
_GAP = 3
"""Most pixels missing in a row in a side: the two pictures may look the same there."""
_APART = 3
"""Most pixels between the ends of the upper and of the lower side."""
_SUPPORT = 0.55
"""Share of each vertical side that must be on an edge."""
_MOST_RUNS = 150


class _Run(NamedTuple):
    """A horizontal edge in a row, from column `left` to column `right`."""

    row: int
    left: int
    right: int


def inset(lumas: Sequence[Luma]) -> Box | None:
    """Return the most pronounced rectangle in frames of one shape, if there is one.

    The box is exact to half a pixel of a frame of 256.
    """
    vertical, horizontal = _lasting(lumas)
    rows, columns = horizontal.shape
    runs = sorted(_runs(horizontal, int(_SHORTEST * columns)), key=lambda run: run.left - run.right)
    sums = np.vstack([np.zeros(columns, np.int64), vertical.cumsum(axis=0)])
    best_support, best = _SUPPORT, None
    for upper in runs[:_MOST_RUNS]:
        for lower in runs[:_MOST_RUNS]:
            if lower.row - upper.row < _SHORTEST * rows or not _aligned(upper, lower):
                continue
            left, right = min(upper.left, lower.left), max(upper.right, lower.right)
            support = min(_support(sums, x, upper.row, lower.row) for x in (left, right))
            whole = right - left > 0.97 * columns and lower.row - upper.row > 0.97 * rows
            if support > best_support and not whole:
                best_support, best = support, (left, upper.row, right, lower.row)
    if best is None:
        return None
    left, top, right, bottom = best
    return Box(
        (left + 0.5) / columns, (top + 0.5) / rows, (right + 0.5) / columns, (bottom + 0.5) / rows
    )


def _lasting(lumas: Sequence[Luma]) -> tuple[Mask, Mask]:
    """(vertical edges, horizontal edges) that most frames have."""
    small = [reduced(luma, _SIDE, shortest=32) for luma in lumas]
    count = np.zeros((2, *small[0].shape), np.uint16)
    for luma in small:
        along_x, along_y = (np.abs(each) for each in gradients(luma.astype(np.float32)))
        count[0] += (along_x > _STEP) & (along_x > along_y)
        count[1] += (along_y > _STEP) & (along_y > along_x)
    lasting = count > _LASTING * len(lumas)
    return lasting[0], lasting[1]


def _runs(horizontal: Mask, shortest: int) -> Iterator[_Run]:
    """Edges of at least `shortest` pixels in one row, without a longer gap than `_GAP`."""
    for row, mask in enumerate(horizontal):
        edges = np.flatnonzero(mask)
        if len(edges) < shortest * 0.6:
            continue
        breaks = np.flatnonzero(np.diff(edges) > _GAP + 1)
        for first, last in zip(np.r_[0, breaks + 1], np.r_[breaks, len(edges) - 1], strict=True):
            if edges[last] - edges[first] >= shortest:
                yield _Run(row, int(edges[first]), int(edges[last]))


def _aligned(upper: _Run, lower: _Run) -> bool:
    return max(abs(upper.left - lower.left), abs(upper.right - lower.right)) <= _APART


def _support(sums: NDArray[np.int64], x: int, top: int, bottom: int) -> float:
    """The share of a vertical side that is on edges, at the best column within two pixels."""
    near = slice(max(x - 2, 0), x + 3)
    return float((sums[bottom, near] - sums[top, near]).max() / (bottom - top))
