"""A round sticker over the picture: where it is, and the picture with it filled in.

The parameters were tuned on the tuning half of the photographs of `benchmarks/accuracy.py`
(2026-11).
"""

from __future__ import annotations

from typing import NamedTuple, cast

import cv2
import numpy as np

from hashing.luma import Luma, Plane
from hashing.views.edges import gradients, reduced

_SIDE = 128
"""Longest side, in pixels, of the copy in which circles are detected."""
_SMALLEST, _LARGEST = 0.09, 0.27
"""Radius in parts of the square root of the area: stickers of 2.5 to 23 % of the picture."""
_EDGE, _VOTES = 60, 18
"""Canny's upper threshold and the votes of a centre, for OpenCV's Hough transform."""
_STEP = 5.0
"""Grey levels a pixel by which the luma changes at a sticker's rim."""
_RIM = 0.5
"""Share of the rim at which the luma must change, in the direction of the centre."""
_CIRCLES = 12
"""Most circles that are examined."""
_ANGLES = np.linspace(0, 2 * np.pi, 72, endpoint=False)


class Circle(NamedTuple):
    """Centre and radii, as shares of the picture's width (x, across) and height (y, down)."""

    x: float
    y: float
    across: float
    down: float


def sticker(luma: Luma) -> Circle | None:
    """Return the most pronounced circle of a sticker's size; None if there is none."""
    small = reduced(luma, _SIDE, shortest=16)
    small = cast("Luma", cv2.GaussianBlur(small, (3, 3), 0))
    rows, columns = small.shape
    unit = float(np.sqrt(rows * columns))
    circles = cv2.HoughCircles(
        small,
        cv2.HOUGH_GRADIENT,
        dp=1.5,
        minDist=min(rows, columns) / 8,
        param1=_EDGE,
        param2=_VOTES,
        minRadius=int(_SMALLEST * unit),
        maxRadius=int(_LARGEST * unit),
    )
    if circles is None or not circles.size:
        return None
    share, x, y, radius = _best_rim(small, cast("Plane", circles.reshape(-1, 3)[:_CIRCLES]))
    if share <= _RIM:
        return None
    outer = radius + 1.5  # the rim is blurred
    return Circle(x / columns, y / rows, outer / columns, outer / rows)


def healed(grid: Plane, circle: Circle) -> Plane:
    """Return a 64 × 64 grid, a circle filled in from its surroundings (Bertalmío et al. 2001)."""
    mask = np.zeros(grid.shape, np.uint8)
    rows, columns = grid.shape
    centre = (int(circle.x * columns * 16), int(circle.y * rows * 16))
    axes = (int(circle.across * columns * 16) + 8, int(circle.down * rows * 16) + 8)
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1, shift=4)  # in sixteenths of a pixel
    luma = np.clip(grid, 0, 255).astype(np.uint8)
    filled: Plane = cv2.inpaint(luma, mask, 3, cv2.INPAINT_NS).astype(np.float32)
    return filled


def _best_rim(small: Luma, circles: Plane) -> tuple[float, float, float, float]:
    """(share of its rim on an edge, x, y, radius) of the best circle.

    `circles` is binary32 (n, 3) of x, y and a radius, which is refined by up to 2 pixels.
    """
    along_x, along_y = gradients(small)
    cosine, sine = np.cos(_ANGLES), np.sin(_ANGLES)
    x, y, rough = circles.astype(np.float64).T[:, :, None]
    radii = rough + np.arange(-2.0, 3.0)  # (circle, radius), and below (circle, radius, angle)
    columns = np.rint(x[..., None] + radii[..., None] * cosine)
    rows = np.rint(y[..., None] + radii[..., None] * sine)
    pixels = (
        np.clip(rows, 0, small.shape[0] - 1).astype(int),
        np.clip(columns, 0, small.shape[1] - 1).astype(int),
    )
    right, below = along_x[pixels], along_y[pixels]
    outward = np.abs(right * cosine + below * sine)
    along = np.abs(right * sine - below * cosine)
    shares = ((outward > _STEP) & (outward > 1.5 * along)).mean(axis=2)
    tried = np.broadcast_arrays(shares, x, y, radii)
    share, x_of, y_of, radius = max(zip(*(each.ravel().tolist() for each in tried), strict=True))
    return share, x_of, y_of, radius
