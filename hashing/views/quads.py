"""Four-cornered pictures within a picture: the photograph of a screen, a turned copy on one colour.

A quad is the corners of the inner picture, clockwise from its top left, as 4 × 2 binary64 in parts
of width and height. The parameters were set on the tuning half of the photographs of
`benchmarks/accuracy.py` (2026-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

_SIDE = 256
"""Longest side at which lines are looked for, in pixels."""
_SLOPES = np.linspace(-0.27, 0.27, 37)
"""Slopes of those lines against the upright: 15 degrees both ways."""
_UPRIGHT = len(_SLOPES) // 2
_STEP = 6.0
"""Grey levels a pixel from which a gradient may belong to a line."""
_LINES = 8
"""Lines kept of each direction, the longest."""
_APART = 5
"""Pixels, at one end at least, between two of them."""
_LEAST_LINE = 0.25
_LEAST_SIDE = 0.2
_SUPPORT = 0.45
"""Share of a side that must lie on a line; the picture's own edge counts as `_FRAME` of one."""
_FRAME = 0.62
_LEAST_AREA = 0.08
_LASTING = 0.5
"""Share of a video's frames in which a pixel must lie on a line."""
_OUTSIDE = 0.06
"""How far a corner may lie outside the picture, in parts of a side."""

_BEZEL_SIDE = 192
_BEZEL = 16
"""Grey levels within which a bezel is of one colour; light falls unevenly on it."""
_BEZEL_LINE = 0.8
_WIDEST_BEZEL = 0.22
_DARK, _ALIKE = 110, 30
"""Grey levels: the lightest that a bezel is, and how much its four sides may differ."""


def homography(quad: Matrix) -> Matrix:
    """Return the 3 × 3 matrix that takes the unit square to a quad."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return cv2.getPerspectiveTransform(square, quad.astype(np.float32)).astype(np.float64)


def turned_quad(luma: Luma) -> Matrix | None:
    """Return the corners of what stands out from one flat colour, if they are four."""
    mask = _not_ground(luma)
    if mask is None or cv2.countNonZero(mask) < 0.1 * luma.size:
        return None
    hull = cv2.convexHull(_ends_of_rows(mask))
    area = cv2.contourArea(hull)
    for precision in (0.01, 0.02, 0.03, 0.05):
        corners = cv2.approxPolyDP(hull, precision * cv2.arcLength(hull, closed=True), closed=True)
        if len(corners) <= 4:  # noqa: PLR2004 (a quad)
            break
    if len(corners) != 4 or cv2.contourArea(corners) < 0.93 * max(area, 0.15 * luma.size):  # noqa: PLR2004
        return None
    rows, columns = luma.shape
    return _clockwise((corners[:, 0] + 0.5) / (columns, rows))


def screen_quad(luma: Luma) -> Matrix | None:
    """Return the quad whose sides lie on the most pronounced straight lines, if there is one."""
    return _quad(*_edges(luma))


def lasting_quad(lumas: Sequence[Luma]) -> Matrix | None:
    """Return that quad of several frames of a video: of lines that stay while the rest moves.

    All have the same shape.
    """
    upright, level = zip(*(_edges(luma) for luma in lumas), strict=True)
    return _quad(_lasting(upright), _lasting(level))


def without_bezel(luma: Luma, quad: Matrix) -> Matrix:
    """Return the matrix of the picture within a quad, without a bezel of one colour around it."""
    matrix = homography(quad)
    side = _BEZEL_SIDE
    flat = cv2.warpPerspective(
        luma,
        to_pixels(luma.shape) @ matrix @ np.linalg.inv(to_pixels((side, side))),
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    flat = cast("Luma", cv2.GaussianBlur(flat, (3, 3), 0))
    found = [_bezel(each) for each in (flat, flat[::-1], flat.T, flat.T[::-1])]
    if not _is_bezel(found):
        return matrix
    top, bottom, left, right = (width / side for _, width in found)
    inner = [[1 - left - right, 0, left], [0, 1 - top - bottom, top], [0, 0, 1]]
    return matrix @ np.array(inner, np.float64)


def to_pixels(shape: tuple[int, ...]) -> Matrix:
    """Return the matrix from parts of a picture to the centres of its pixels."""
    return np.array([[shape[1], 0, -0.5], [0, shape[0], -0.5], [0, 0, 1]], np.float64)


def _edges(luma: Luma) -> tuple[Luma, Luma]:
    """Masks of what may lie on upright lines, and on level ones (transposed); sides ≤ _SIDE."""
    rows, columns = luma.shape
    scale = _SIDE / max(rows, columns)
    size = (max(32, round(columns * scale)), max(32, round(rows * scale)))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    across = cast("Plane", cv2.Sobel(small, cv2.CV_32F, 1, 0) / 4)
    down = cast("Plane", cv2.Sobel(small, cv2.CV_32F, 0, 1) / 4)
    return _on_edges(across, down), _on_edges(down.T, across.T)


def _quad(upright: Luma, level: Luma) -> Matrix | None:
    best = _best(_lines(upright), _lines(level), upright.shape)
    return None if best is None else (best + 0.5) / upright.shape[::-1]


def _lasting(edges: Sequence[Luma]) -> Luma:
    """A mask of what is in enough of these masks."""
    times = np.sum(np.stack(edges), axis=0, dtype=np.uint16)
    return np.where(times > int(_LASTING * len(edges)), np.uint8(1), np.uint8(0))


class _Line(NamedTuple):
    """A line x = at + slope · (y − middle), and how much of it lies on edges up to each y."""

    slope: float
    at: float
    support: Plane | None
    """Running sum over y, one longer than the picture is high; None for the picture's own edge."""


def _not_ground(luma: Luma) -> Luma | None:
    """A mask of what has not the colour of the four corners; None if they have not one."""
    edge = max(2, int(0.02 * min(luma.shape)))
    ends = (slice(edge), slice(-edge, None))
    corners = [int(np.median(luma[high, wide])) for high in ends for wide in ends]
    ground = int(np.median(corners))
    if sum(abs(corner - ground) <= 3 for corner in corners) < 3:  # noqa: PLR2004 (of four corners)
        return None
    other = (cv2.inRange(luma, max(0, ground - 5), min(255, ground + 5)) == 0).astype(np.uint8)
    return cast("Luma", cv2.morphologyEx(other, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))


def _ends_of_rows(mask: Luma) -> NDArray[np.int32]:
    """The first and last point (x, y) of each row, from the top: their hull is that of all."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    return np.stack([first, rows, last, rows], axis=1).reshape(-1, 1, 2).astype(np.int32)


def _clockwise(corners: Matrix) -> Matrix | None:
    total, difference = corners.sum(axis=1), corners[:, 0] - corners[:, 1]
    order = [total.argmin(), difference.argmax(), total.argmax(), difference.argmin()]
    return corners[order].astype(np.float64) if len(set(order)) == 4 else None  # noqa: PLR2004


def _on_edges(across: Plane, along: Plane) -> Luma:
    """Which pixels may lie on an upright line: its gradient points across."""
    steep = np.abs(across)
    edges = ((steep > _STEP) & (steep > 1.2 * np.abs(along))).astype(np.uint8)
    return cast("Luma", cv2.dilate(edges, np.ones((1, 3), np.uint8)))  # it may be off by one


def _sheared(edges: Luma, slope: float) -> Luma:
    rows, columns = edges.shape
    matrix = np.array([[1, slope, -slope * (rows - 1) / 2], [0, 1, 0]], np.float64)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return cast("Luma", cv2.warpAffine(edges, matrix, (columns, rows), flags=flags))


def _lines(edges: Luma) -> list[_Line]:
    """The picture's own two edges, and the longest upright lines."""
    rows, columns = edges.shape
    lines = [_Line(0.0, 0.0, None), _Line(0.0, columns - 1.0, None)]
    sheared = [_sheared(edges, slope) for slope in _SLOPES]
    sums = [cv2.reduce(each, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[0] for each in sheared]
    totals = np.stack(sums)
    for _ in range(_LINES):
        which, at = divmod(int(totals.argmax()), columns)
        if totals[which, at] < _LEAST_LINE * rows:
            break
        slope = float(_SLOPES[which])
        sums_to = np.r_[0, np.cumsum(sheared[which][:, at])]
        lines.append(_Line(slope, float(at), sums_to.astype(np.float32)))
        near = slice(max(at - _APART, 0), at + _APART + 1)
        lean = np.abs(_SLOPES[:, None] - slope) * rows / 2
        apart = np.abs(np.arange(columns)[near] - at) + lean  # at the end where they are farther
        totals[:, near][apart < _APART] = 0
    return lines


def _best(uprights: list[_Line], levels: list[_Line], shape: tuple[int, int]) -> Matrix | None:
    """The corners, in pixels, of the best supported quad of two upright and two level lines."""
    rows, columns = shape
    slopes, places = _columns(uprights)
    rises, heights = (part.T for part in _columns(levels))
    x = places + slopes * (heights - rises * (columns - 1) / 2 - (rows - 1) / 2)
    x = x / (1 - slopes * rises)  # (uprights, levels): where each two cross
    y = heights + rises * (x - (columns - 1) / 2)
    sides = _supports(uprights, y, rows)  # (upright, upper, lower)
    ends = _supports(levels, x.T, columns)  # (level, left, right)
    a, b, c, d = np.ix_(*(range(n) for n in (*[len(uprights)] * 2, *[len(levels)] * 2)))
    support = np.stack(
        np.broadcast_arrays(sides[a, c, d], sides[b, c, d], ends[c, a, b], ends[d, a, b])
    )
    area = (x[b, c] - x[a, c]) * (y[a, d] - y[a, c]) / (rows * columns)
    inside = _contained(x[a, c], y[a, c], shape) & _contained(x[b, c], y[b, c], shape)
    inside = inside & _contained(x[b, d], y[b, d], shape) & _contained(x[a, d], y[a, d], shape)
    drawn = (a > 1).astype(int) + (b > 1) + (c > 1) + (d > 1)
    good = (support.min(axis=0) > _SUPPORT) & (area > _LEAST_AREA) & (drawn > 0) & inside
    if not good.any():
        return None
    total = np.where(good, support.mean(axis=0) + 0.02 * drawn, -1)
    left, right, top, bottom = np.unravel_index(int(total.argmax()), total.shape)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return np.array([[x[each], y[each]] for each in corners], np.float64)


def _columns(lines: list[_Line]) -> tuple[Matrix, Matrix]:
    pairs = np.array([(line.slope, line.at) for line in lines], np.float64)
    return pairs[:, :1], pairs[:, 1:]


def _supports(lines: list[_Line], crossings: Matrix, length: int) -> Plane:
    """Share of each line between each two of its crossings that lies on edges; 0 if too short."""
    at = np.clip(np.rint(crossings), 0, length).astype(int)
    span = at[:, None, :] - at[:, :, None]
    support = np.zeros(span.shape, np.float32)
    for which, line in enumerate(lines):
        if line.support is None:
            support[which] = _FRAME
        else:
            sums = line.support[at[which]]
            support[which] = (sums[None] - sums[:, None]) / np.maximum(span[which], 1)
    apart = crossings[:, None, :] - crossings[:, :, None]
    support[apart < _LEAST_SIDE * length] = 0
    return support


def _contained(x: Matrix, y: Matrix, shape: tuple[int, int]) -> NDArray[np.bool_]:
    rows, columns = shape
    beside = (x > -_OUTSIDE * columns) & (x < (1 + _OUTSIDE) * columns)
    found: NDArray[np.bool_] = beside & (y > -_OUTSIDE * rows) & (y < (1 + _OUTSIDE) * rows)
    return found


def _is_bezel(found: list[tuple[int, int]]) -> bool:
    """Whether strips (colour, width) along the four sides are a screen's: dark, alike, all around.

    One side may be out of the photograph.
    """
    colours, widths = [c for c, _ in found], [width for _, width in found if width]
    dark = max(colours) <= _DARK and max(colours) - min(colours) <= _ALIKE
    return dark and len(widths) >= 3 and max(widths) <= 4 * min(widths) + 4  # noqa: PLR2004


def _bezel(flat: Luma) -> tuple[int, int]:
    """The colour of the uppermost lines, and how many are of it; 0 if that has no end."""
    deepest = int(_WIDEST_BEZEL * len(flat))
    colour = int(np.median(flat[3:7]))
    near = np.abs(flat[:deepest, 8:-8].astype(np.int16) - colour) <= _BEZEL
    last, missed = -1, 0
    for at, plain in enumerate(near.mean(axis=1)[2:] > _BEZEL_LINE, 2):
        if plain:
            last, missed = at, 0
        else:
            missed += 1
        if missed > 3:  # noqa: PLR2004 (a scratch, a line of moiré)
            break
    return colour, last + 1 if 2 <= last < deepest - 2 else 0  # noqa: PLR2004
