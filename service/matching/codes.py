"""The values that the index is given and gives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.matching import kernels

CODE_BYTES = 32
Codes = NDArray[np.uint8]
"""Perceptual signals as bytes, (n, 32)."""
Ids = NDArray[np.int64]
Words = NDArray[np.uint64]
"""The same codes, (n, 4), with their bits in the order of `arranged`."""
Rows = NDArray[np.int64]
"""(query, id, distance) or (query, place, distance), (hits, 3)."""


class Hits(NamedTuple):
    """Pairs within the radius, as three arrays of one length, in the order of the queries."""

    queries: NDArray[np.int64]
    ids: Ids
    distances: NDArray[np.int64]


def arranged(codes: Codes) -> Words:
    """Return codes with their bits along the diagonals: the order of everything stored here.

    Distances between codes stay what they are; `service.matching.kernels.diagonals` says why.
    """
    rows = np.require(codes, np.uint8, ["C", "W"]).view(np.uint16).reshape(-1, CODE_BYTES // 2)
    words: Words = kernels.diagonals(rows).view(np.uint64)
    return words


def no_rows() -> Rows:
    """Return an answer without hits."""
    return np.empty((0, 3), np.int64)


Neighbours = Hits
