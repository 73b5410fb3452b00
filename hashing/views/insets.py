"""Where one video is set into another: a rectangle whose four sides stay while all else moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from hashing.views.layout import Box

Luma = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_SIDE = 256
"""Longest side at which edges are looked for, in pixels."""
_STEP = 5.0
"""Grey levels a pixel from which a gradient is an edge."""
_LASTING = 0.6
"""Share of the frames in which a pixel must be on one."""
_SHORTEST = 0.15
"""Length of a side in parts of the frame's."""
_GAP = 3
"""Pixels that a side may lack at once: both pictures may be alike there."""
_APART = 3
"""Pixels that the ends of the upper and the lower side may differ by."""
_SUPPORT = 0.55
"""Share of each upright side that must be on an edge."""
_MOST_RUNS = 150


class _Run(NamedTuple):
    """A level edge: from `left` to `right`, in pixels."""

    at: int
    left: int
    right: int


def inset(lumas: Sequence[Luma]) -> Box | None:
    """Return the most pronounced rectangle of frames of one shape, if there is one.

    Its own edges are part of the box to half a pixel of a frame of 256.
    """
    upright, level = _lasting(lumas)
    rows, columns = level.shape
    runs = sorted(_runs(level, int(_SHORTEST * columns)), key=lambda run: run.left - run.right)
    sums = np.vstack([np.zeros(columns, np.int64), upright.cumsum(axis=0)])
    best, found = _SUPPORT, None
    for upper in runs[:_MOST_RUNS]:
        for lower in runs[:_MOST_RUNS]:
            if lower.at - upper.at < _SHORTEST * rows or not _alike(upper, lower):
                continue
            left, right = min(upper.left, lower.left), max(upper.right, lower.right)
            support = min(_along(sums, x, upper.at, lower.at) for x in (left, right))
            whole = right - left > 0.97 * columns and lower.at - upper.at > 0.97 * rows
            if support > best and not whole:
                best, found = support, (left, upper.at, right, lower.at)
    if found is None:
        return None
    left, top, right, bottom = found
    return Box(
        (left + 0.5) / columns, (top + 0.5) / rows, (right + 0.5) / columns, (bottom + 0.5) / rows
    )


def _lasting(lumas: Sequence[Luma]) -> tuple[Mask, Mask]:
    """(upright edges, level edges) that most frames have."""
    rows, columns = lumas[0].shape
    scale = _SIDE / max(rows, columns)
    size = (max(32, round(columns * scale)), max(32, round(rows * scale)))
    count = np.zeros((2, size[1], size[0]), np.uint16)
    for luma in lumas:
        small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        across = np.abs(cast("NDArray[np.float32]", cv2.Sobel(small, cv2.CV_32F, 1, 0))) / 4
        down = np.abs(cast("NDArray[np.float32]", cv2.Sobel(small, cv2.CV_32F, 0, 1))) / 4
        count[0] += (across > _STEP) & (across > down)
        count[1] += (down > _STEP) & (down > across)
    lasting = count > _LASTING * len(lumas)
    return lasting[0], lasting[1]


def _runs(level: Mask, shortest: int) -> Iterator[_Run]:
    """Edges along a row without a longer gap than `_GAP`."""
    for at, row in enumerate(level):
        places = np.flatnonzero(row)
        if len(places) < shortest * 0.6:
            continue
        breaks = np.flatnonzero(np.diff(places) > _GAP + 1)
        for first, last in zip(np.r_[0, breaks + 1], np.r_[breaks, len(places) - 1], strict=True):
            if places[last] - places[first] >= shortest:
                yield _Run(at, int(places[first]), int(places[last]))


def _alike(upper: _Run, lower: _Run) -> bool:
    return max(abs(upper.left - lower.left), abs(upper.right - lower.right)) <= _APART


def _along(sums: NDArray[np.int64], x: int, top: int, bottom: int) -> float:
    """The share of an upright side on edges, at the best column within two pixels."""
    near = slice(max(x - 2, 0), x + 3)
    return float((sums[bottom, near] - sums[top, near]).max() / (bottom - top))
