"""The order in which the index stores the bits of a code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.matching import kernels
from service.matching.codes import CODE_BYTES, Codes

Words = NDArray[np.uint64]
"""Permuted codes, (n, 4): what segments, the tail and the kernels work on."""


def permute_bits(codes: Codes) -> Words:
    """Return codes with their bits in the order of the diagonals.

    Distances between codes do not change; `service.matching.kernels.permute_diagonally` says
    what the order is for.
    """
    square = np.require(codes, np.uint8, ["C", "W"]).view(np.uint16).reshape(-1, CODE_BYTES // 2)
    words: Words = kernels.permute_diagonally(square).view(np.uint64)
    return words
