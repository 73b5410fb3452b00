"""Warm-up: the kernels' machine code is compiled, or read from its cache, before any request."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from service.matching.bit_order import permute_bits
from service.matching.codes import CODE_BYTES
from service.matching.segment_writer import write

_CODES = 4096
"""So many that looking into buckets is cheaper than a scan, and `Segment.search` calls kernels."""


def warm() -> None:
    """Call every compiled function once; takes seconds the first time on a machine."""
    with suppress(OSError):  # a full disk is no reason not to start
        _call_everything()


def _call_everything() -> None:
    codes = np.random.default_rng(0).integers(0, 256, (_CODES, CODE_BYTES), np.uint8)
    words = permute_bits(codes)
    with TemporaryDirectory(prefix="takeback-") as folder:
        segment = write(Path(folder) / "warm.segment", np.arange(_CODES), words)
        segment.search(words[:1], 0)
