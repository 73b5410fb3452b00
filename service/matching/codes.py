"""The plain values that callers of the index give and get. Importing them compiles nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CODE_BYTES = 32
Codes = NDArray[np.uint8]
"""Values of perceptual signals, (n, 32)."""
Ids = NDArray[np.int64]
"""Signal ids, (n)."""


class Neighbours(NamedTuple):
    """Pairs of a query and a stored code within the radius: three arrays of one length."""

    queries: NDArray[np.int64]
    """Row of the query in the array that was asked, ascending."""
    ids: Ids
    distances: NDArray[np.int64]
    """Differing bits."""


class Most(NamedTuple):
    """How many signals near one code are wanted, where there are very many."""

    signals: int
    """So many in all: of each content the nearest, then the second of each, and so on."""
    contents: int
    """Beyond these, the nearest signal of so many contents."""


def codes_of(values: Iterable[bytes]) -> Codes:
    """Return values of perceptual signals, 32 bytes each, as the rows of one array."""
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, CODE_BYTES)
