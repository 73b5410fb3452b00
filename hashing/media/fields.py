"""The two fields of an interlaced frame, which are two moments (docs/adr/0024).

Where something moves, neighbouring rows of such a frame differ more than rows of one field do. That
is seen in the pixels: many frames of two fields are not marked, and many that are marked have one.
"""

from __future__ import annotations

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


def one_moment(luma: Luma) -> Luma:
    """Return a frame as it is, or as its upper field alone shows it if its rows are of two moments.

    `luma` is as stored, before it is turned or squeezed. Rows of the other field become the rounded
    mean of the two beside them.
    """
    return _upper_field(luma) if is_combed(luma) else luma


def is_combed(luma: Luma) -> bool:
    """Whether the two fields of a frame differ as those of two moments do."""
    down, across = (luma.shape[0] - 2) // _SIDE, luma.shape[1] // _SIDE
    if down < 1 or across < 1:
        return False
    rows = down * _SIDE
    seen = np.ascontiguousarray(luma[: rows + 2, : across * _SIDE : _EVERY])
    beside = _differences(seen[:-2], seen[1:-1])
    of_field = _differences(seen[:-2], seen[2:])
    is_comb = (2 * beside > 3 * of_field) & (beside >= _LEAST_LEVELS * _SIDE * (_SIDE // _EVERY))
    return bool(is_comb.any()) and int(beside[is_comb].sum()) >= _LEAST_PART * int(beside.sum())


def _differences(one: Luma, other: Luma) -> NDArray[np.int64]:
    """The sum of differences in each block; `one` and `other` are of whole blocks."""
    apart = np.maximum(one, other) - np.minimum(one, other)
    columns = np.add.reduce(apart.reshape(-1, _SIDE, apart.shape[1]), axis=1, dtype=np.uint16)
    width = _SIDE // _EVERY
    blocks = columns.reshape(len(columns), -1, width)
    sums: NDArray[np.int64] = blocks.sum(axis=2, dtype=np.int64)
    return sums


def _upper_field(luma: Luma) -> Luma:
    field = luma[::2].astype(np.uint16)
    below = np.concatenate((field[1:], field[-1:]))
    shown = luma.copy()
    others = shown[1::2]
    others[:] = ((field + below + 1) >> 1)[: len(others)]
    return shown
