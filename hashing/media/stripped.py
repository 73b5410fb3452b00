"""What is left of a picture's bytes for its decoder, and what its header says."""

from __future__ import annotations

from typing import NamedTuple

MAX_PIECES = 100_000
"""Most segments, chunks or blocks of a file that are read, each in a loop in Python."""


class Stripped(NamedTuple):
    """A picture without what its pixels do not need: profiles, texts, and whatever else breaks.

    `orientation` is 1…8 as in EXIF, or None where the decoder tells it. `scans` are of a JPEG.
    `incomplete` says that the file breaks off, and that the rest was filled in. `crop` is the
    (left, top, right, bottom) of the pixels that count, before they are turned upright. `below` and
    `above` are rows that are missing in the data, and are white.
    """

    data: bytes
    orientation: int | None = 1
    scans: int = 1
    incomplete: bool = False
    below: int = 0
    above: int = 0
    crop: tuple[int, int, int, int] | None = None
