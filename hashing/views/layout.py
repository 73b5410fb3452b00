"""Where the content is within a picture: inside bars, borders, captions, or a blurred background.

Each function takes a luma of at most a few hundred pixels a side and about a millisecond. A wrong
box costs nothing but one view: the whole picture is always looked up as well.

The parameters were tuned on the tuning half of the photographs of `benchmarks/accuracy.py`
(2026-11).
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from hashing.luma import Luma, Plane

Lines = NDArray[np.bool_]
"""One truth value a line: a line is a row or a column."""
Shares = NDArray[np.float32]
"""One number, 0 to 1, a line."""
Element = TypeVar("Element", bound=np.generic)


class Box(NamedTuple):
    """A part of a picture, each side as a share of the whole width or height, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float


class Pixels(NamedTuple):
    """A part of a picture in pixels; `right` and `bottom` are one past its last column and row."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """The number of its pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def of(self, plane: NDArray[Element]) -> NDArray[Element]:
        """Return this part of a plane, without copying it."""
        return plane[self.top : self.bottom, self.left : self.right]

    def box(self, luma: Luma) -> Box:
        """Return it as a part of this luma."""
        rows, columns = luma.shape
        return Box(self.left / columns, self.top / rows, self.right / columns, self.bottom / rows)


TOLERANCES = (2, 6)
"""Grey levels by which pixels of an area of one colour may differ from it: first as a phone saves
it; if that detects nothing, as a coarse JPEG leaves it. A sky differs more."""
_RINGING = 10
"""The same beside the letters of a caption, where a JPEG has ringing artefacts."""
_LINE_SHARE = 0.8
"""A line with more of the colour than this is outside the content."""
_TEXT_SHARE, _END_SHARE = 0.45, 0.9
"""So is a line of text or a row of buttons: more than the first share of the whole line is of the
colour, and more than the second at each of its ends."""
_END = 0.015
"""How long such an end is, as a share of the line."""
_GAP = 0.02
"""Longest gap in a run of lines, as a share of the side."""
_MARGIN = 0.6
"""Share of the outermost lines of a side that must have one colour for it to be a margin's."""
_CAPTION = 0.35
"""How deep into the box, as a share of its height, a caption is looked for."""
_WHOLE, _LEAST = 0.985, 0.06
"""Share of the area above which a box counts as the whole, and below which it is too small."""
_LEAST_SIDE = 0.12
"""Shortest side of a box, as a share of the picture's."""

_DETAIL = 2.5
"""Laplacian, in grey levels, above which a pixel is sharp: an enlarged blur has no such pixels."""
SEAM = 10
"""Grey levels between two lines at the seam between the content and what surrounds it."""
_SEAM_SHARE = 0.5
"""Strength above which a seam counts."""
_NEAR_SEAM = 0.04
"""How far from the edge of the detail, as a share of the side, its seam may be."""


def content_box(luma: Luma) -> Box | None:
    """Return what is left when areas of one colour, with any text and icons in them, are cut off.

    None if there is no such area.
    """
    for tolerance in TOLERANCES:
        for colours in common_colours(luma, tolerance):
            if part := smallest_within(luma, colours, tolerance):
                return part.box(luma)
    return None


def story_box(luma: Luma) -> Box | None:
    """Return the sharp part of a picture whose background is its own blurred enlargement.

    None if there is no such part.
    """
    sharp = _sharp(luma)
    if sharp is None:
        return None
    rows, columns = luma.shape
    plane = luma.astype(np.float32)
    if sharp.top > 0.02 * rows or sharp.bottom < 0.98 * rows:
        top, bottom = _to_seams(_seams(plane), sharp.top, sharp.bottom)
        return Pixels(0, top, columns, bottom).box(luma)
    left, right = _to_seams(_seams(np.ascontiguousarray(plane.T)), sharp.left, sharp.right)
    return Pixels(left, 0, right, rows).box(luma)


def common_colours(luma: Luma, tolerance: int) -> tuple[list[int], list[int]]:
    """Return (the colours of the margins, the most common colour of all if it is common)."""
    edge = max(1, int(0.01 * min(luma.shape)))
    margins: list[int] = []
    for side in (luma[:edge], luma[-edge:], luma[:, :edge], luma[:, -edge:]):
        colour, share = _mode(side, tolerance)
        if share > _MARGIN and all(abs(colour - other) > 2 * tolerance for other in margins):
            margins.append(colour)
    colour, share = _mode(luma, tolerance)
    return margins, [colour] if share > 0.1 else []  # noqa: PLR2004 (a tenth of the picture)


def smallest_within(luma: Luma, colours: list[int], tolerance: int) -> Pixels | None:
    """Return the smallest of the parts left when the lines of one of these colours are cut off."""
    parts = [part for colour in colours if (part := _within(luma, colour, tolerance))]
    return min(parts, key=lambda part: part.area, default=None)


def _mode(part: Luma, tolerance: int) -> tuple[int, float]:
    """(the most common colour, the share of pixels within the tolerance of it)."""
    counts = np.bincount(part.ravel(), minlength=256)
    colour = int(counts.argmax())
    similar = counts[max(0, colour - tolerance) : colour + tolerance + 1].sum()
    return colour, float(similar / part.size)


def _within(luma: Luma, colour: int, tolerance: int) -> Pixels | None:
    """What is left without lines of this colour: rows and columns in turn, until none is cut."""
    rows, columns = luma.shape
    box = Pixels(0, 0, columns, rows)
    of_colour = _near(luma, colour, tolerance)
    for _ in range(3):
        kept_rows = longest_run(~_outside(box.of(of_colour)), max(1, int(_GAP * rows)))
        if kept_rows is None:
            return None
        cut = box._replace(top=box.top + kept_rows[0], bottom=box.top + kept_rows[1])
        kept_columns = longest_run(~_outside(cut.of(of_colour).T), max(1, int(_GAP * columns)))
        if kept_columns is None:
            return None
        cut = cut._replace(left=cut.left + kept_columns[0], right=cut.left + kept_columns[1])
        if min((cut.right - cut.left) / columns, (cut.bottom - cut.top) / rows) < _LEAST_SIDE:
            return None
        if cut == box:
            break
        box = cut
    box = _without_captions(luma, box, colour)
    return box if _LEAST < box.area / luma.size < _WHOLE else None


def _near(luma: Luma, colour: int, tolerance: int) -> NDArray[np.bool_]:
    mask = cv2.inRange(luma, max(0, colour - tolerance), min(255, colour + tolerance))
    near: NDArray[np.bool_] = mask > 0
    return near


def _outside(of_colour: NDArray[np.generic]) -> Lines:
    """Which rows of a mask of one colour are outside the content."""
    end = max(2, int(_END * of_colour.shape[1]))
    share = of_colour.mean(axis=1)
    ends = np.minimum(of_colour[:, :end].mean(axis=1), of_colour[:, -end:].mean(axis=1))
    outside: Lines = (share > _LINE_SHARE) | ((ends > _END_SHARE) & (share > _TEXT_SHARE))
    return outside


def longest_run(kept: Lines, gap: int) -> tuple[int, int] | None:
    """Return (first, one past the last) of the longest run of true lines.

    Up to `gap` lines in a row may be false within it. None if no line is true.
    """
    lines = np.flatnonzero(kept)
    if not len(lines):
        return None
    breaks = np.flatnonzero(np.diff(lines) > gap + 1)
    first, past = np.r_[lines[0], lines[breaks + 1]], np.r_[lines[breaks], lines[-1]] + 1
    longest = int((past - first).argmax())
    return int(first[longest]), int(past[longest])


def _without_captions(luma: Luma, box: Pixels, colour: int) -> Pixels:
    """Cut at a row of the colour well inside: a caption's last row may almost touch the content."""
    share = box.of(_near(luma, colour, _RINGING)).mean(axis=1)
    empty = np.flatnonzero(share > 0.92)  # noqa: PLR2004 (descenders of letters may reach into it)
    height = box.bottom - box.top
    above, below = empty[empty < _CAPTION * height], empty[empty >= (1 - _CAPTION) * height]
    top, bottom = box.top, box.bottom
    if len(above) and above[-1] > _GAP * height:
        top += int(above[-1]) + 1
    if len(below) and height - below[0] > _GAP * height:
        bottom = box.top + int(below[0])
    return box._replace(top=top, bottom=bottom)


def _sharp(luma: Luma) -> Pixels | None:
    """The longest run of rows, then of columns, with detail; None if that is the whole."""
    rows, columns = luma.shape
    blurred = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), 0.8)
    detail = np.abs(cv2.Laplacian(blurred, cv2.CV_32F)) > _DETAIL
    top, bottom = _run_of_detail(detail.mean(axis=1))
    left, right = _run_of_detail(detail[top:bottom].mean(axis=0))
    box = Pixels(left, top, right, bottom)
    return None if box == (0, 0, columns, rows) else box


def _run_of_detail(sharp: Shares) -> tuple[int, int]:
    """(first, one past the last) of the lines with detail, by the share of each that is sharp."""
    count = len(sharp)
    usual = float(np.median(np.sort(sharp)[-max(4, count // 3) :]))
    run = longest_run(sharp > max(0.2 * usual, 0.012), max(1, int(0.04 * count)))
    whole = (0, count)
    if usual < 0.03 or run is None or not 0.2 < (run[1] - run[0]) / count < 0.97:  # noqa: PLR2004
        return whole
    return run


def _seams(plane: Plane) -> Shares:
    """How strong a seam is at each row: how much of it differs from one side to the other."""
    strength = np.zeros(len(plane), np.float32)
    steps = plane[2:] - plane[:-2]
    any_direction = 0.9 * (np.abs(steps) > SEAM).mean(axis=1)
    one_direction = np.abs(np.clip(steps / SEAM, -1, 1).mean(axis=1))
    strength[1:-1] = np.maximum(any_direction, one_direction)
    return strength


def _to_seams(strength: Shares, first: int, past: int) -> tuple[int, int]:
    """Move the ends of a run outwards to the strongest seam, if there is a strong one."""
    near = int(_NEAR_SEAM * len(strength))
    before = int(strength[: first + near].argmax()) if first + near else first
    start = max(past - near, 0)
    after = start + int(strength[start:].argmax()) if start < len(strength) else past
    return (
        before if strength[before] > _SEAM_SHARE else first,
        after if after < len(strength) and strength[after] > _SEAM_SHARE else past,
    )
