"""Machine code for the inner loops, made or read from the cache before anyone asks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from service.matching.build import write
from service.matching.codes import CODE_BYTES, arranged

_CODES = 4096
"""Enough that looking into buckets is cheaper than a scan, and so what `search` does."""


def warm() -> None:
    """Go once through everything that is compiled: seconds the first time on a machine."""
    with suppress(OSError):  # a full disk is not a reason not to start
        _go_through()


def _go_through() -> None:
    words = arranged(np.random.default_rng(0).integers(0, 256, (_CODES, CODE_BYTES), np.uint8))
    with TemporaryDirectory(prefix="takeback-") as folder:
        segment = write(Path(folder) / "warm.segment", np.arange(_CODES), words)
        segment.search(words[:1], 0)
