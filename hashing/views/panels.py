"""The pictures of a collage: two side by side or above one another, or two by two.

The parameters were set on the tuning half of the photographs of `benchmarks/accuracy.py` (2026-11).
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from hashing.views.layout import (
    SEAM,
    TOLERANCES,
    Box,
    Luma,
    Pixels,
    Profile,
    common_colours,
    content_box,
    longest_run,
    smallest_within,
)

_MIDDLE, _DIVIDES = (0.44, 0.56), (0.2, 0.8)
"""Where a collage is divided, in parts of the side: the middle first."""
_DIVIDED = 0.6
"""Share of the rows that step where two pictures meet: 0.8 to 1; in 95 % of single ones < 0.5."""
_ASIDE = 4
_EVERY = 3
"""Of the lines across, so many are enough."""
_BLACK, _WHITE = 2, 253
_PANEL_SIDE = 40
"""Pixels a side below which a panel has no margins worth looking for."""


def panels(luma: Luma) -> list[Box]:
    """Return the pictures of a collage, each without its own margins; none if it is not one.

    Two side by side or above one another, or two by two.
    """
    parts = _halves(luma, Box(0, 0, 1, 1), upright=True)
    parts = [half for part in parts for half in _halves(luma, part, upright=False)]
    if len(parts) in {1, 3}:  # a seam across one half only may be a line in the picture there
        parts = _halves(luma, Box(0, 0, 1, 1), upright=False)
        parts = [half for part in parts for half in _halves(luma, part, upright=True)]
    return [_panel(luma, part) for part in parts] if len(parts) > 1 else []


def _halves(luma: Luma, part: Box, *, upright: bool) -> list[Box]:
    """A part, or the two that it is divided into by an upright or a level line."""
    inside = _in_pixels(luma, part).of(luma)
    if min(inside.shape) < _PANEL_SIDE:
        return [part]
    divide = _divide(np.ascontiguousarray(inside if upright else inside.T))
    if divide is None:
        return [part]
    left, top, right, bottom = part
    if upright:
        ends = [left + each * (right - left) for each in divide]
        return [part._replace(right=ends[0]), part._replace(left=ends[1])]
    ends = [top + each * (bottom - top) for each in divide]
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
    found = _fitted(inside) if min(inside.shape) >= _PANEL_SIDE else None
    if found is None:
        return whole
    high, wide = inside.shape
    return Box(
        (left + found.left * wide) / columns,
        (top + found.top * high) / rows,
        (left + found.right * wide) / columns,
        (top + found.bottom * high) / rows,
    )


def _fitted(luma: Luma) -> Box | None:
    """What is left without margins that are black or white, or alike on opposite sides.

    Others are a dark or light part of the picture itself.
    """
    for colours in common_colours(luma, TOLERANCES[0]):
        pure = [colour for colour in colours if not _BLACK < colour < _WHITE]
        if found := smallest_within(luma, pure, TOLERANCES[0]):
            return found.box(luma)
    box = content_box(luma)
    return box if box and _is_centred(box) else None


def _is_centred(box: Box) -> bool:
    """Whether opposite margins are alike, as those of a picture fitted into a panel are."""
    sideways = abs(box.left - (1 - box.right))
    return max(sideways, abs(box.top - (1 - box.bottom))) < 0.03  # noqa: PLR2004


def _divide(luma: Luma) -> tuple[float, float] | None:
    """(end of the left picture, begin of the right one), in parts of the width.

    Where two pictures meet, nearly all rows step at one column and not beside it; or a gutter of
    one colour runs from top to bottom.
    """
    columns = luma.shape[1]
    some = luma[::_EVERY]
    right, left = np.ascontiguousarray(some[:, 2:]), np.ascontiguousarray(some[:, :-2])
    steps = cast("Luma", cv2.absdiff(right, left))
    aside = np.pad(steps, ((0, 0), (_ASIDE, _ASIDE)))
    beside = np.maximum(aside[:, : -2 * _ASIDE], aside[:, 2 * _ASIDE :])
    half_more = cast("Luma", cv2.add(beside, beside >> 1))  # at most 255, as bytes stay fast
    stepped = (steps > SEAM) & (steps > half_more)
    divided = np.zeros(columns, np.float32)
    divided[1:-1] = np.count_nonzero(stepped, axis=0) / len(stepped)
    best = _strongest(divided, *_MIDDLE)
    if divided[best] <= _DIVIDED:
        if gutter := _gutter(luma):
            return gutter
        best = _strongest(divided, *_DIVIDES)
    if divided[best] > _DIVIDED:
        near = max(2, int(0.03 * columns))
        start = max(best - near, 0)
        strong = start + np.flatnonzero(divided[start : best + near] > 0.5 * divided[best])
        return (int(strong[0]) + 0.5) / columns, (int(strong[-1]) + 0.5) / columns
    return None


def _strongest(divided: Profile, first: float, past: float) -> int:
    start = int(first * len(divided))
    return start + int(divided[start : int(past * len(divided))].argmax())


def _gutter(luma: Luma) -> tuple[float, float] | None:
    """The columns about the middle that are of one colour, if there are any."""
    columns = luma.shape[1]
    first, past = int(0.4 * columns), int(0.6 * columns)
    middle = luma[::_EVERY, first:past].astype(np.int16)
    colour = np.median(middle, axis=0)
    plain = (np.abs(middle - colour) <= TOLERANCES[1]).mean(axis=0) > 0.98  # noqa: PLR2004
    found = longest_run(plain, 0)
    if found is None or found[1] - found[0] < max(2, 0.004 * columns):
        return None
    return (first + found[0]) / columns, (first + found[1]) / columns
