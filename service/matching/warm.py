"""Machine code for the inner loops, made or read from the cache before anyone asks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from service.matching.build import write
from service.matching.codes import CODE_BYTES, arranged

_CODES = 64


def warm() -> None:
    """Go once through everything that is compiled: seconds the first time on a machine."""
    with suppress(OSError):  # a full disk is not a reason not to start
        _go_through()


def _go_through() -> None:
    words = arranged(np.arange(_CODES * CODE_BYTES, dtype=np.uint8).reshape(-1, CODE_BYTES))
    with TemporaryDirectory(prefix="takeback-") as folder:
        segment = write(Path(folder) / "warm.segment", np.arange(_CODES), words)
        segment.search(words, 0)
