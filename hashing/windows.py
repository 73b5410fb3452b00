"""The windows of a picture: parts whose signals an entry stores beside that of the whole picture.

The value of a cropped copy is far from that of the whole picture, and often near that of one of
these parts. They were chosen by measured recall against what each reveals
(docs/adr/0010-views-and-windows.md); docs/signals.md gives them to the pixel.
All arithmetic is on integers, so that a browser gets the same windows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hashing.algorithms import pdq
from hashing.luma import Luma
from hashing.signals import Window, WindowSignal
from hashing.signals import WindowSet as WindowSet  # noqa: PLC0414 (its published home)

Box = tuple[slice, slice]
"""Rows and columns."""


SETS = {
    WindowSet.NONE: frozenset[Window](),
    WindowSet.STANDARD: frozenset({Window.CENTRE_90, Window.CENTRE_50, Window.SQUARE}),
    WindowSet.ALL: frozenset(Window),
}
CENTRED = {Window.CENTRE_90: 90, Window.CENTRE_60: 60, Window.CENTRE_50: 50}
"""Per cent of each side that a centred window keeps."""
NEARLY_SQUARE = 105
"""A picture whose longer side is at most so many per cent of the shorter has no square window,
which would be nearly the whole picture."""


def compute(luma: Luma, chosen: WindowSet = WindowSet.STANDARD) -> tuple[WindowSignal, ...]:
    """Return the window signals of an upright luma that pass the quality bar.

    Each window must pass it by itself: one with little detail would match everything.
    """
    signals = []
    for window, box in boxes(*luma.shape):
        if window in SETS[chosen]:
            signal = pdq.above_bar(*pdq.compute(np.ascontiguousarray(luma[box])))
            if signal:
                signals.append(WindowSignal(window, signal))
    return tuple(signals)


def boxes(rows: int, columns: int) -> Iterator[tuple[Window, Box]]:
    """Yield each window that a picture of this size has, with its box."""
    for window, per_cent in CENTRED.items():
        kept = (_kept(rows, per_cent), _kept(columns, per_cent))
        yield window, (_middle(rows, kept[0]), _middle(columns, kept[1]))
    side = min(rows, columns)
    if 100 * max(rows, columns) > NEARLY_SQUARE * side:
        yield Window.SQUARE, (_middle(rows, side), _middle(columns, side))
    height, width = _kept(rows, 50), _kept(columns, 50)
    yield Window.LEFT_50, (slice(rows), slice(width))
    yield Window.RIGHT_50, (slice(rows), slice(columns - width, columns))
    yield Window.TOP_50, (slice(height), slice(columns))
    yield Window.BOTTOM_50, (slice(rows - height, rows), slice(columns))


def _kept(side: int, per_cent: int) -> int:
    return (side * per_cent + 50) // 100


def _middle(side: int, kept: int) -> slice:
    first = (side - kept) // 2
    return slice(first, first + kept)
