"""Quadrilaterals in a picture: a photographed screen, a rotated copy on a background of one colour.

A quad is the corners of the inner picture, clockwise from its top left, as 4 × 2 binary64 in shares
of width and height. The parameters were tuned on the tuning half of the photographs of
`benchmarks/accuracy.py` (2026-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from hashing.luma import Luma, Plane
from hashing.views.edges import gradients, reduced

Matrix = NDArray[np.float64]

_SIDE = 256
"""Longest side, in pixels, of the copy in which lines are detected."""
_SLOPES = np.linspace(-0.27, 0.27, 37)
"""Slopes of the lines against the vertical: up to 15 degrees both ways."""
_STEP = 6.0
"""Grey levels a pixel from which a gradient may belong to a line."""
_LINES = 8
"""Lines kept of each direction, the longest."""
_APART = 5
"""Least pixels, at one end of them, between two lines."""
_LEAST_LINE = 0.25
_LEAST_SIDE = 0.2
"""Shortest line, and shortest side of a quad, as shares of the picture's side."""
_SUPPORT = 0.45
"""Share of a side that must lie on edges."""
_FRAME = 0.62
"""That share for a side on the picture's own border, which has no edge."""
_LEAST_AREA = 0.08
_LASTING = 0.5
"""Share of a video's frames in which a pixel must lie on an edge."""
_OUTSIDE = 0.06
"""How far a corner may lie outside the picture, as a share of a side."""

_BEZEL_SIDE = 192
"""Side, in pixels, of the rectified copy in which a bezel is looked for."""
_BEZEL = 16
"""Grey levels by which pixels of a bezel may differ from its colour; light falls unevenly on it."""
_BEZEL_LINE = 0.8
"""Share of a line's pixels that must be of that colour."""
_WIDEST_BEZEL = 0.22
_DARK, _DIFFERENCE = 110, 30
"""Grey levels: the lightest colour of a bezel, and the most by which its four sides may differ."""


def homography(quad: Matrix) -> Matrix:
    """Return the 3 × 3 matrix that maps the unit square to a quad."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return cv2.getPerspectiveTransform(square, quad.astype(np.float32)).astype(np.float64)


def turned_quad(luma: Luma) -> Matrix | None:
    """Return the quad that stands out from a background of one colour, if there is one."""
    mask = _foreground(luma)
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
    """Return such a quad of several frames of a video: its lines stay while everything else moves.

    All frames have one shape.
    """
    vertical, horizontal = zip(*(_edges(luma) for luma in lumas), strict=True)
    return _quad(_lasting(vertical), _lasting(horizontal))


def without_bezel(luma: Luma, quad: Matrix) -> Matrix:
    """Return the matrix that maps the unit square to a quad without a bezel along its sides."""
    matrix = homography(quad)
    flat = warped(luma, matrix, _BEZEL_SIDE, cv2.BORDER_REPLICATE)
    flat = cast("Luma", cv2.GaussianBlur(flat, (3, 3), 0))
    strips = [_strip(turned) for turned in (flat, flat[::-1], flat.T, flat.T[::-1])]
    if not _is_bezel(strips):
        return matrix
    top, bottom, left, right = (width / _BEZEL_SIDE for _, width in strips)
    inner = [[1 - left - right, 0, left], [0, 1 - top - bottom, top], [0, 0, 1]]
    return matrix @ np.array(inner, np.float64)


def warped(luma: Luma, matrix: Matrix, side: int, border: int) -> Luma:
    """Return, as side × side pixels, what a 3 × 3 matrix maps the unit square to.

    The matrix gives shares of the luma's width and height; `border` is OpenCV's mode for what lies
    outside it.
    """
    to_luma = to_pixels(luma.shape) @ matrix @ np.linalg.inv(to_pixels((side, side)))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cast(
        "Luma", cv2.warpPerspective(luma, to_luma, (side, side), flags=flags, borderMode=border)
    )


def to_pixels(shape: tuple[int, ...]) -> Matrix:
    """Return the matrix from shares of a picture to the centres of its pixels."""
    return np.array([[shape[1], 0, -0.5], [0, shape[0], -0.5], [0, 0, 1]], np.float64)


def _edges(luma: Luma) -> tuple[Luma, Luma]:
    """Masks of what may lie on vertical lines, and on horizontal ones (transposed)."""
    small = reduced(luma, _SIDE, shortest=32)
    along_x, along_y = gradients(small.astype(np.float32))
    return _on_edges(along_x, along_y), _on_edges(along_y.T, along_x.T)


def _quad(vertical: Luma, horizontal: Luma) -> Matrix | None:
    best = _best(_lines(vertical), _lines(horizontal), vertical.shape)
    return None if best is None else (best + 0.5) / vertical.shape[::-1]


def _lasting(edges: Sequence[Luma]) -> Luma:
    """A mask of what is set in enough of these masks."""
    times = np.sum(np.stack(edges), axis=0, dtype=np.uint16)
    return np.where(times > int(_LASTING * len(edges)), np.uint8(1), np.uint8(0))


class _Line(NamedTuple):
    """A line x = offset + slope · (y − middle), and how much of it lies on edges up to each y."""

    slope: float
    offset: float
    support: Plane | None
    """Running sum over y, one longer than the picture is high; None for the picture's border."""


def _foreground(luma: Luma) -> Luma | None:
    """A mask of what differs from the colour that three of four corners share; None if none do."""
    edge = max(2, int(0.02 * min(luma.shape)))
    ends = (slice(edge), slice(-edge, None))
    corners = [int(np.median(luma[rows, columns])) for rows in ends for columns in ends]
    colour = int(np.median(corners))
    if sum(abs(corner - colour) <= 3 for corner in corners) < 3:  # noqa: PLR2004 (of four corners)
        return None
    other = (cv2.inRange(luma, max(0, colour - 5), min(255, colour + 5)) == 0).astype(np.uint8)
    return cast("Luma", cv2.morphologyEx(other, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))


def _ends_of_rows(mask: Luma) -> NDArray[np.int32]:
    """The first and last point (x, y) of each row, from the top: their hull is that of the mask."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    return np.stack([first, rows, last, rows], axis=1).reshape(-1, 1, 2).astype(np.int32)


def _clockwise(corners: Matrix) -> Matrix | None:
    total, difference = corners.sum(axis=1), corners[:, 0] - corners[:, 1]
    order = [total.argmin(), difference.argmax(), total.argmax(), difference.argmin()]
    return corners[order].astype(np.float64) if len(set(order)) == 4 else None  # noqa: PLR2004


def _on_edges(across: Plane, along: Plane) -> Luma:
    """Which pixels may lie on a vertical line: their gradient points across it."""
    steep = np.abs(across)
    edges = ((steep > _STEP) & (steep > 1.2 * np.abs(along))).astype(np.uint8)
    return cast("Luma", cv2.dilate(edges, np.ones((1, 3), np.uint8)))  # may be off by a pixel


def _sheared(edges: Luma, slope: float) -> Luma:
    rows, columns = edges.shape
    matrix = np.array([[1, slope, -slope * (rows - 1) / 2], [0, 1, 0]], np.float64)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return cast("Luma", cv2.warpAffine(edges, matrix, (columns, rows), flags=flags))


def _lines(edges: Luma) -> list[_Line]:
    """The picture's own two borders, and the longest vertical lines."""
    rows, columns = edges.shape
    lines = [_Line(0.0, 0.0, None), _Line(0.0, columns - 1.0, None)]
    sheared = [_sheared(edges, slope) for slope in _SLOPES]
    sums = [cv2.reduce(each, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[0] for each in sheared]
    totals = np.stack(sums)
    for _ in range(_LINES):
        index, column = divmod(int(totals.argmax()), columns)
        if totals[index, column] < _LEAST_LINE * rows:
            break
        slope = float(_SLOPES[index])
        running_sum = np.r_[0, np.cumsum(sheared[index][:, column])]
        lines.append(_Line(slope, float(column), running_sum.astype(np.float32)))
        near = slice(max(column - _APART, 0), column + _APART + 1)
        lean = np.abs(_SLOPES[:, None] - slope) * rows / 2
        apart = np.abs(np.arange(columns)[near] - column) + lean  # at the end where it is larger
        totals[:, near][apart < _APART] = 0
    return lines


def _best(
    verticals: list[_Line], horizontals: list[_Line], shape: tuple[int, int]
) -> Matrix | None:
    """The corners, in pixels, of the best supported quad of two lines of each direction."""
    rows, columns = shape
    slopes, offsets = _coefficients(verticals)
    rises, heights = (part.T for part in _coefficients(horizontals))
    x = offsets + slopes * (heights - rises * (columns - 1) / 2 - (rows - 1) / 2)
    x = x / (1 - slopes * rises)  # (verticals, horizontals): where each two cross
    y = heights + rises * (x - (columns - 1) / 2)
    sides = _supports(verticals, y, rows)  # (vertical, upper, lower)
    ends = _supports(horizontals, x.T, columns)  # (horizontal, left, right)
    a, b, c, d = np.ix_(*(range(n) for n in (*[len(verticals)] * 2, *[len(horizontals)] * 2)))
    support = np.stack(
        np.broadcast_arrays(sides[a, c, d], sides[b, c, d], ends[c, a, b], ends[d, a, b])
    )
    area = (x[b, c] - x[a, c]) * (y[a, d] - y[a, c]) / (rows * columns)
    inside = _contained(x[a, c], y[a, c], shape) & _contained(x[b, c], y[b, c], shape)
    inside = inside & _contained(x[b, d], y[b, d], shape) & _contained(x[a, d], y[a, d], shape)
    detected = (a > 1).astype(int) + (b > 1) + (c > 1) + (d > 1)  # the others are borders
    good = (support.min(axis=0) > _SUPPORT) & (area > _LEAST_AREA) & (detected > 0) & inside
    if not good.any():
        return None
    total = np.where(good, support.mean(axis=0) + 0.02 * detected, -1)
    left, right, top, bottom = np.unravel_index(int(total.argmax()), total.shape)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return np.array([[x[corner], y[corner]] for corner in corners], np.float64)


def _coefficients(lines: list[_Line]) -> tuple[Matrix, Matrix]:
    """(slopes, offsets), each a column."""
    pairs = np.array([(line.slope, line.offset) for line in lines], np.float64)
    return pairs[:, :1], pairs[:, 1:]


def _supports(lines: list[_Line], crossings: Matrix, length: int) -> Plane:
    """Share of each line between each two of its crossings that lies on edges; 0 if too short."""
    pixels = np.clip(np.rint(crossings), 0, length).astype(int)
    span = pixels[:, None, :] - pixels[:, :, None]
    support = np.zeros(span.shape, np.float32)
    for index, line in enumerate(lines):
        if line.support is None:
            support[index] = _FRAME
        else:
            sums = line.support[pixels[index]]
            support[index] = (sums[None] - sums[:, None]) / np.maximum(span[index], 1)
    apart = crossings[:, None, :] - crossings[:, :, None]
    support[apart < _LEAST_SIDE * length] = 0
    return support


def _contained(x: Matrix, y: Matrix, shape: tuple[int, int]) -> NDArray[np.bool_]:
    rows, columns = shape
    across = (x > -_OUTSIDE * columns) & (x < (1 + _OUTSIDE) * columns)
    contained: NDArray[np.bool_] = across & (y > -_OUTSIDE * rows) & (y < (1 + _OUTSIDE) * rows)
    return contained


def _is_bezel(strips: list[tuple[int, int]]) -> bool:
    """Whether strips (colour, width) along the four sides are a screen's: dark, alike, all around.

    One side may be outside the photograph.
    """
    colours, widths = [c for c, _ in strips], [width for _, width in strips if width]
    dark = max(colours) <= _DARK and max(colours) - min(colours) <= _DIFFERENCE
    return dark and len(widths) >= 3 and max(widths) <= 4 * min(widths) + 4  # noqa: PLR2004


def _strip(flat: Luma) -> tuple[int, int]:
    """(the colour of the top rows, how many rows are of it); 0 rows if they reach too far down."""
    deepest = int(_WIDEST_BEZEL * len(flat))
    colour = int(np.median(flat[3:7]))
    near = np.abs(flat[:deepest, 8:-8].astype(np.int16) - colour) <= _BEZEL
    last, missed = -1, 0
    for row, of_colour in enumerate(near.mean(axis=1)[2:] > _BEZEL_LINE, 2):
        if of_colour:
            last, missed = row, 0
        else:
            missed += 1
        if missed > 3:  # noqa: PLR2004 (a scratch, a line of moiré)
            break
    return colour, last + 1 if 2 <= last < deepest - 2 else 0  # noqa: PLR2004
