"""The two fields of an interlaced frame, which are two moments (docs/adr/0024).

Where something moves, neighbouring rows of such a frame differ more than rows of one field do. That
is seen in the pixels: many frames of two fields are not marked, and many that are marked have one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hashing.luma import Luma

_SIDE, _EVERY = 16, 2
"""Rows and columns of a block, and which columns of it are looked at."""
_LEAST_LEVELS = 2
"""Mean difference of neighbouring rows, in grey levels: a block with less is no comb but grain."""
_LEAST_PART = 0.25
"""Part of all differences of neighbouring rows that must be in combs. Of 1,724 pictures and frames
without fields, the three highest are the eyes of a fly (0.23) and brick walls of which most pixels
were thrown away (0.23, 0.18); most are 0 (2026-11)."""


_AHEAD = 0.9
"""Part of the other's differences below which the lower field counts as the first of the two."""


def one_moment(luma: Luma, following: Callable[[], Luma | None] | None = None) -> Luma:
    """Return a frame as it is, or, if its rows are of two moments, what it shows at the first.

    `luma` is as stored, before it is turned or squeezed. `following` returns the frame after it,
    which tells the order of the fields; without one, the upper is the first. Rows of the other
    field become the rounded mean of the two beside them.
    """
    combs = _combs(luma)
    if combs is None:
        return luma
    after = following() if following else None
    is_lower = after is not None and after.shape == luma.shape and _lower_first(luma, after, combs)
    return _of_field(luma, int(is_lower))


def is_combed(luma: Luma) -> bool:
    """Whether the two fields of a frame differ as those of two moments do."""
    return _combs(luma) is not None


def _combs(luma: Luma) -> NDArray[np.bool_] | None:
    """Which blocks are combs; None, if they are too few."""
    if luma.shape[0] < _SIDE + 2 or luma.shape[1] < _SIDE:
        return None
    seen = _seen(luma)
    beside, of_field = _differences(seen, 1), _differences(seen, 2)
    combs: NDArray[np.bool_] = (2 * beside > 3 * of_field) & (
        beside >= _LEAST_LEVELS * _SIDE * (_SIDE // _EVERY)
    )
    is_one = combs.any() and int(beside[combs].sum()) >= _LEAST_PART * int(beside.sum())
    return combs if is_one else None


def _seen(luma: Luma) -> Luma:
    """The rows of all blocks and the two below them, and the columns that are looked at."""
    down, across = (luma.shape[0] - 2) // _SIDE, luma.shape[1] // _SIDE
    return np.ascontiguousarray(luma[: down * _SIDE + 2, : across * _SIDE : _EVERY])


def _differences(seen: Luma, below: int) -> NDArray[np.float64]:
    """Of each block, the sum of differences between its rows and those so many rows below them."""
    import cv2  # noqa: PLC0415 (the optional `video` extra)

    rows = len(seen) - 2
    apart = cv2.absdiff(seen[:rows], seen[below : rows + below])
    before = cv2.integral(apart, sdepth=cv2.CV_64F)[::_SIDE, :: _SIDE // _EVERY]
    sums: NDArray[np.float64] = np.diff(np.diff(before, axis=0), axis=1)
    return sums


def _lower_first(luma: Luma, after: Luma, combs: NDArray[np.bool_]) -> bool:
    """Whether the lower field is the first: then the upper one is nearer to the next lower one."""
    apart = []
    for late in (0, 1):
        both = luma.copy()
        both[late::2] = after[late::2]
        apart.append(int(_differences(_seen(both), 1)[combs].sum()))
    return apart[1] < _AHEAD * apart[0]


def _of_field(luma: Luma, first: int) -> Luma:
    """Rows from `first` on, every second, and what is between them."""
    field = luma[first::2].astype(np.uint16)
    around = np.concatenate((field[:first], field, field[-1:]))
    shown = luma.copy()
    others = shown[1 - first :: 2]
    others[:] = ((around[:-1] + around[1:] + 1) >> 1)[: len(others)]
    return shown
