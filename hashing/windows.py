"""The windows of a picture whose signals an entry stores beside the whole's.

A copy that was cropped shares no whole with the picture, but what is left of it is near one of a
few parts that are known beforehand. Which parts these are was chosen by measured recall against
what each reveals (docs/adr/0010-views-and-windows.md); docs/signals.md gives them to the pixel.
Only whole numbers: a browser gets the same windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hashing.algorithms import pdq
from hashing.signals import Signal, SignalType, Window, WindowSignal

Luma = NDArray[np.uint8]
Box = tuple[slice, slice]
"""Rows and columns."""


class WindowSet(StrEnum):
    """Which windows an entry gets. More are found by more edited copies, and reveal more."""

    NONE = "none"
    STANDARD = "standard"
    ALL = "all"


SETS = {
    WindowSet.NONE: frozenset[Window](),
    WindowSet.STANDARD: frozenset({Window.CENTRE_90, Window.CENTRE_50, Window.SQUARE}),
    WindowSet.ALL: frozenset(Window),
}
CENTRED = {Window.CENTRE_90: 90, Window.CENTRE_60: 60, Window.CENTRE_50: 50}
"""Per cent of each side that a centred window keeps."""
NEARLY_SQUARE = 105
"""A picture whose longer side is at most so many per cent of the shorter has no square window:
it would be the whole again."""


def compute(luma: Luma, chosen: WindowSet = WindowSet.STANDARD) -> tuple[WindowSignal, ...]:
    """Return the window signals of an upright luma, uint8 (rows, columns), that pass the bar.

    A window may be plain where the picture is not: it would be near everything, so each passes
    the quality bar by itself.
    """
    found = []
    for window, box in boxes(*luma.shape):
        if window in SETS[chosen]:
            value, quality = pdq.compute(np.ascontiguousarray(luma[box]))
            if quality >= pdq.QUALITY_BAR:
                found.append(WindowSignal(window, Signal(SignalType.PDQ, value, quality)))
    return tuple(found)


def boxes(rows: int, columns: int) -> Iterator[tuple[Window, Box]]:
    """Yield each window that a picture of this size has, with the part that it is."""
    for window, per_cent in CENTRED.items():
        kept = (_kept(rows, per_cent), _kept(columns, per_cent))
        yield window, (_middle(rows, kept[0]), _middle(columns, kept[1]))
    side = min(rows, columns)
    if 100 * max(rows, columns) > NEARLY_SQUARE * side:
        yield Window.SQUARE, (_middle(rows, side), _middle(columns, side))
    high, wide = _kept(rows, 50), _kept(columns, 50)
    yield Window.LEFT_50, (slice(rows), slice(wide))
    yield Window.RIGHT_50, (slice(rows), slice(columns - wide, columns))
    yield Window.TOP_50, (slice(high), slice(columns))
    yield Window.BOTTOM_50, (slice(rows - high, rows), slice(columns))


def _kept(side: int, per_cent: int) -> int:
    return (side * per_cent + 50) // 100


def _middle(side: int, kept: int) -> slice:
    first = (side - kept) // 2
    return slice(first, first + kept)
