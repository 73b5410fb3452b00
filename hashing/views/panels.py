"""The pictures of a collage: two side by side, two one above the other, or two by two.

The parameters were tuned on the tuning half of the photographs of `benchmarks/accuracy.py`
(2026-11).
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from hashing.luma import Luma
from hashing.views.layout import (
    SEAM,
    TOLERANCES,
    Box,
    Pixels,
    Shares,
    common_colours,
    content_box,
    longest_run,
    smallest_within,
)

_MIDDLE, _ANYWHERE = (0.44, 0.56), (0.2, 0.8)
"""Where a collage is divided, as shares of the side: the middle is tried first."""
_DIVIDED = 0.6
"""Share of the rows with a step where two pictures meet: 0.8 to 1. In 95 % of single pictures, no
column has 0.5."""
_BESIDE = 4
"""Columns from a step at which there must be none."""
_EVERY = 3
"""One of so many rows is examined."""
_BLACK, _WHITE = 2, 253
"""Grey levels that count as black, up to, and as white, from."""
_PANEL_SIDE = 40
"""Pixels a side below which a panel's margins are not looked for."""


def panels(luma: Luma) -> list[Box]:
    """Return the pictures of a collage, each without its own margins; none if it is no collage."""
    parts = _halves(luma, Box(0, 0, 1, 1), side_by_side=True)
    parts = [half for part in parts for half in _halves(luma, part, side_by_side=False)]
    if len(parts) in {1, 3}:  # a seam across one half alone may be a line of the picture in it
        parts = _halves(luma, Box(0, 0, 1, 1), side_by_side=False)
        parts = [half for part in parts for half in _halves(luma, part, side_by_side=True)]
    return [_panel(luma, part) for part in parts] if len(parts) > 1 else []


def _halves(luma: Luma, part: Box, *, side_by_side: bool) -> list[Box]:
    """The two pictures, side by side or one above the other, in a part; the part, if it is one."""
    inside = _in_pixels(luma, part).of(luma)
    if min(inside.shape) < _PANEL_SIDE:
        return [part]
    gap = _gap(np.ascontiguousarray(inside if side_by_side else inside.T))
    if gap is None:
        return [part]
    left, top, right, bottom = part
    if side_by_side:
        ends = [left + end * (right - left) for end in gap]
        return [part._replace(right=ends[0]), part._replace(left=ends[1])]
    ends = [top + end * (bottom - top) for end in gap]
    return [part._replace(bottom=ends[0]), part._replace(top=ends[1])]


def _in_pixels(luma: Luma, part: Box) -> Pixels:
    rows, columns = luma.shape
    return Pixels(
        int(part.left * columns),
        int(part.top * rows),
        round(part.right * columns),
        round(part.bottom * rows),
    )


def _panel(luma: Luma, part: Box) -> Box:
    """The part without its own margins."""
    rows, columns = luma.shape
    box = _in_pixels(luma, part)
    inside = box.of(luma)
    left, top = box.left, box.top
    whole = box.box(luma)
    content = _fitted(inside) if min(inside.shape) >= _PANEL_SIDE else None
    if content is None:
        return whole
    height, width = inside.shape
    return Box(
        (left + content.left * width) / columns,
        (top + content.top * height) / rows,
        (left + content.right * width) / columns,
        (top + content.bottom * height) / rows,
    )


def _fitted(luma: Luma) -> Box | None:
    """What is left without margins that are black or white, or equal on opposite sides.

    Other margins are a dark or light part of the picture itself.
    """
    for colours in common_colours(luma, TOLERANCES[0]):
        pure = [colour for colour in colours if not _BLACK < colour < _WHITE]
        if part := smallest_within(luma, pure, TOLERANCES[0]):
            return part.box(luma)
    box = content_box(luma)
    return box if box and _is_centred(box) else None


def _is_centred(box: Box) -> bool:
    """Whether opposite margins are equal, as those of a picture fitted into a panel are."""
    horizontal = abs(box.left - (1 - box.right))
    return max(horizontal, abs(box.top - (1 - box.bottom))) < 0.03  # noqa: PLR2004


def _gap(luma: Luma) -> tuple[float, float] | None:
    """(end of the left picture, start of the right one), as shares of the width.

    Where two pictures meet, nearly all rows have a step at one column and none beside it; or there
    is a gutter of one colour from top to bottom. None if there is neither.
    """
    columns = luma.shape[1]
    rows = luma[::_EVERY]
    right, left = np.ascontiguousarray(rows[:, 2:]), np.ascontiguousarray(rows[:, :-2])
    steps = cast("Luma", cv2.absdiff(right, left))
    padded = np.pad(steps, ((0, 0), (_BESIDE, _BESIDE)))
    beside = np.maximum(padded[:, : -2 * _BESIDE], padded[:, 2 * _BESIDE :])
    half_more = cast("Luma", cv2.add(beside, beside >> 1))  # saturates at 255: bytes are fast
    stepped = (steps > SEAM) & (steps > half_more)
    divided = np.zeros(columns, np.float32)
    divided[1:-1] = np.count_nonzero(stepped, axis=0) / len(stepped)
    best = _strongest(divided, *_MIDDLE)
    if divided[best] <= _DIVIDED:
        if gutter := _gutter(luma):
            return gutter
        best = _strongest(divided, *_ANYWHERE)
    if divided[best] > _DIVIDED:
        near = max(2, int(0.03 * columns))
        start = max(best - near, 0)
        strong = start + np.flatnonzero(divided[start : best + near] > 0.5 * divided[best])
        return (int(strong[0]) + 0.5) / columns, (int(strong[-1]) + 0.5) / columns
    return None


def _strongest(divided: Shares, first: float, past: float) -> int:
    start = int(first * len(divided))
    return start + int(divided[start : int(past * len(divided))].argmax())


def _gutter(luma: Luma) -> tuple[float, float] | None:
    """(first, one past the last) of the columns of one colour about the middle, if there are any.

    As shares of the width.
    """
    columns = luma.shape[1]
    first, past = int(0.4 * columns), int(0.6 * columns)
    middle = luma[::_EVERY, first:past].astype(np.int16)
    colour = np.median(middle, axis=0)
    uniform = (np.abs(middle - colour) <= TOLERANCES[1]).mean(axis=0) > 0.98  # noqa: PLR2004
    run = longest_run(uniform, 0)
    if run is None or run[1] - run[0] < max(2, 0.004 * columns):
        return None
    return (first + run[0]) / columns, (first + run[1]) / columns
