"""The PDQ values of a mirrored or turned picture, from the bits of its PDQ value alone.

Bit [i][j] of a value says whether the coefficient of row frequency i + 1 and column frequency
j + 1 is above the median of all (docs/signals.md, pdq). Reversing the columns of a picture
changes the sign of the coefficients of odd column frequencies, where j is even; reversing its
rows changes those of odd row frequencies, where i is even; exchanging rows and columns exchanges
i and j. The median of the coefficients is near 0, so a coefficient that changes its sign moves to
the other side of the median, and its bit flips. That is true except of coefficients between 0 and
the median: about 8 of 256 bits are wrong, 25 in one picture of twenty (hash-quality, 2026); in
even textures, such as brick, grass or a page of text, 30 to 100 (scikit-image's samples, 2026-11).
A caller that has the picture sends the true values instead.

Orientation k, for k below 4, is the picture with its columns reversed if k & 1 and its rows
reversed if k & 2; for k of 4 and more it is the transpose of orientation k − 4:

    0  as it is                  4  transposed along the main diagonal
    1  mirrored left to right    5  transpose of 1: a quarter turn
    2  upside down, mirrored     6  transpose of 2: the other quarter turn
    3  turned by half            7  transpose of 3: along the other diagonal
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.matching.codes import CODE_BYTES, Codes

COUNT = 8
INVERSE = (0, 1, 2, 3, 4, 6, 5, 7)
"""The orientation that undoes each: the quarter turns undo each other, all others themselves."""
_SIDE = 16
_COLUMNS, _ROWS = 1, 2


def oriented(codes: Codes) -> Codes:
    """Return the eight orientations of each code: uint8 (n, 32) to (n, 8, 32)."""
    transposed = _packed(_bits(codes).transpose(0, 2, 1))
    every = np.empty((len(codes), COUNT, CODE_BYTES), np.uint8)
    every[:, : COUNT // 2] = codes[:, np.newaxis] ^ _FLIPPED
    every[:, COUNT // 2 :] = transposed[:, np.newaxis] ^ _FLIPPED_TRANSPOSED
    return every


def _bits(codes: Codes) -> NDArray[np.uint8]:
    """Codes as 16 × 16 bits each; [i][j] is bit 16·i + j, counted from the last."""
    return np.unpackbits(codes, axis=1)[:, ::-1].reshape(-1, _SIDE, _SIDE)


def _packed(bits: NDArray[np.uint8]) -> Codes:
    """The reverse of `_bits`."""
    return np.packbits(bits.reshape(-1, _SIDE * _SIDE)[:, ::-1], axis=1)


def _flipped_bits(orientation: int) -> NDArray[np.uint8]:
    """Which bits an orientation below 4 flips, as 16 × 16."""
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    if orientation & _COLUMNS:
        mask[:, ::2] ^= 1
    if orientation & _ROWS:
        mask[::2, :] ^= 1
    return mask


_MASKS = np.stack([_flipped_bits(k) for k in range(COUNT // 2)])
_FLIPPED = _packed(_MASKS)
"""Which bits orientations 0 to 3 flip, as codes; transposed, those of 4 to 7."""
_FLIPPED_TRANSPOSED = _packed(_MASKS.transpose(0, 2, 1))
