"""pHash of 256 bits: a second opinion beside PDQ, with a quality, which imagehash does not give.

The value is that of `imagehash.phash(picture, hash_size=16)` (Johannes Buchner's ImageHash,
after Zauner 2010): Lanczos to 64 × 64, type-II DCT, the 16 × 16 lowest frequencies with the
constant, a bit where a coefficient is above their median, rows from the top, first bit highest.

imagehash does not measure detail. On a flat or exactly symmetric picture many coefficients
tie with the median and rounding noise decides the bits: two correct DCTs then differ in up
to 94 of 256. The quality here is the share of coefficients that are well away from the median.
"""

from __future__ import annotations

import imagehash
import numpy as np
from PIL import Image
from scipy.fft import dct

from hashing.luma import Luma, resample
from hashing.signals import Signal, SignalType

SIDE = 64
"""The picture is reduced to SIDE × SIDE (imagehash: hash_size × highfreq_factor)."""
FREQUENCIES = 16
CLEAR = 128.0
"""How far noise of one grey level, one sigma, moves an unnormalised coefficient: 2 · SIDE."""
QUALITY_BAR = 60
"""240 photographs have 96–100, darkened to a tenth 73 and more; flat 0, a page of text 0–30,
a linear gradient 4, faint noise 10, an exactly mirror-symmetric picture 50 (2026-11)."""


def compute(luma: Luma) -> tuple[bytes, int]:
    """Return (value of 32 bytes, quality 0–100) of an upright luma, uint8 (rows, columns)."""
    small = resample(Image.fromarray(luma), (SIDE, SIDE), Image.Resampling.LANCZOS)
    value = np.packbits(imagehash.phash(small, hash_size=FREQUENCIES).hash.ravel()).tobytes()
    return value, _quality(np.asarray(small))


def above_bar(value: bytes, quality: int) -> Signal | None:
    """Return the signal of what `compute` returned; None if its quality is below the bar."""
    return Signal(SignalType.PHASH, value, quality) if quality >= QUALITY_BAR else None


def _quality(small: Luma) -> int:
    """Per cent of the coefficients that noise of one grey level would not move past the median."""
    spectrum = dct(dct(small.astype(np.float64), axis=0), axis=1)[:FREQUENCIES, :FREQUENCIES]
    return int(100 * np.mean(np.abs(spectrum - np.median(spectrum)) >= CLEAR))
