"""pHash of 256 bits: a second opinion beside PDQ, with a quality, which imagehash does not give.

The value is that of `imagehash.phash(picture, hash_size=16)` (Johannes Buchner's ImageHash,
after Zauner 2010): Lanczos to 64 × 64, type-II DCT, the 16 × 16 lowest frequencies with the
constant, a bit where a coefficient is above their median, rows from the top, first bit highest.
imagehash has its DCT from SciPy, which takes 18 MB and a fifth of a second to load. The DCT here
needs NumPy alone, and is equal to the bit.

imagehash does not measure detail. On a flat or exactly symmetric picture many coefficients
tie with the median and rounding noise decides the bits: two correct DCTs then differ in up
to 94 of 256. The quality here is the share of coefficients that are well away from the median.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.luma import Luma, resample
from hashing.signals import Signal, SignalType

Lines = NDArray[np.float64]

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
    along_columns = _lowest_frequencies(np.asarray(small, np.float64).T)
    coefficients = _lowest_frequencies(along_columns.T).ravel()
    above = coefficients - _median(coefficients)
    return np.packbits(above > 0).tobytes(), _quality(above)


def above_bar(value: bytes, quality: int) -> Signal | None:
    """Return the signal of what `compute` returned; None if its quality is below the bar."""
    return Signal(SignalType.PHASH, value, quality) if quality >= QUALITY_BAR else None


def _quality(above: Lines) -> int:
    """Per cent of the coefficients that noise of one grey level would not move past the median."""
    return int(100 * np.count_nonzero(np.abs(above) >= CLEAR) / above.size)


def _median(values: Lines) -> float:
    """The mean of the two in the middle."""
    half = values.size // 2
    middle = np.partition(values, (half - 1, half))
    return float((middle[half - 1] + middle[half]) / 2)


def _turns() -> tuple[Lines, Lines]:
    """Cosines and sines of k · π / 128, k = 1 … 15, rounded as pocketfft rounds them.

    It has a table of every sixteenth angle, and one of the first sixteen: sin k is made of both.
    """
    step = math.pi / (2 * SIDE)
    coarse = FREQUENCIES * step
    cosines = [math.cos(k * step) for k in range(1, FREQUENCIES)]
    sines = [
        math.cos(fine * step) * math.sin(coarse) - math.sin(fine * step) * math.cos(coarse)
        for fine in range(FREQUENCIES - 1, 0, -1)
    ]
    return np.array(cosines), np.array(sines)


_COSINES, _SINES = _turns()


def _lowest_frequencies(lines: Lines) -> Lines:
    """The DCT-II of lines, binary64 (n, SIDE), not normalised: their FREQUENCIES lowest, (n, 16).

    The steps are those of pocketfft, from which SciPy and NumPy have their transforms: values in
    pairs are taken for a spectrum, and its sequence is turned by a quarter of the angle.
    """
    spectrum = np.zeros((len(lines), SIDE // 2 + 1), np.complex128)
    spectrum.real[:, :: SIDE // 2] = lines[:, :: SIDE - 1] * 2
    odd, even = lines[:, 1:-1:2], lines[:, 2:-1:2]
    spectrum.real[:, 1:-1] = odd + even
    spectrum.imag[:, 1:-1] = even - odd
    sequence = np.fft.irfft(spectrum, SIDE, norm="forward")
    first, last = sequence[:, 1:FREQUENCIES], sequence[:, : SIDE - FREQUENCIES : -1]
    sums = (_COSINES * last + _SINES * first) + (_COSINES * first - _SINES * last)
    return np.concatenate([sequence[:, :1], sums * 0.5], axis=1)
