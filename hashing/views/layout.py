"""Where the picture is within what was posted: bars, borders, captions, screens, blurred fill.

A box is (left, top, right, bottom) in parts of the whole, 0 to 1. Everything here looks at a
luma of at most a few hundred pixels a side and takes about a millisecond. A box that is wrong
costs nothing but one view: the whole picture is always looked up as well.

The parameters were set on the tuning half of the photographs of `benchmarks/accuracy.py` (2026-11).
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Lines = NDArray[np.bool_]
Plane = NDArray[np.float32]
Profile = NDArray[np.float32]
Element = TypeVar("Element", bound=np.generic)


class Box(NamedTuple):
    """Part of a picture, each side 0 to 1 of the whole."""

    left: float
    top: float
    right: float
    bottom: float


class Pixels(NamedTuple):
    """The same in pixels; `right` and `bottom` are past the last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """How many pixels it has."""
        return (self.right - self.left) * (self.bottom - self.top)

    def of(self, plane: NDArray[Element]) -> NDArray[Element]:
        """Return this part of a plane, without a copy."""
        return plane[self.top : self.bottom, self.left : self.right]

    def box(self, luma: Luma) -> Box:
        """Return it in parts of the whole."""
        rows, columns = luma.shape
        return Box(self.left / columns, self.top / rows, self.right / columns, self.bottom / rows)


TOLERANCES = (2, 6)
"""Grey levels that a drawn area may differ from its colour: as saved by a phone, then, if nothing
is found, as left by a coarse JPEG. A sky differs more."""
SLACK = 10
"""The same beside the letters of a caption, where a JPEG rings."""
PLAIN_LINE = 0.8
"""A line with more of the colour is outside the picture, whatever else is in it."""
PLAIN_ENDS = 0.45
"""So is one with this much of it that begins and ends in it: a line of text, a row of buttons."""
_PLAIN_END = 0.9
_END = 0.015
_GAP = 0.02
"""Parts of the side: what counts as a line's end; what a run of lines may lack within."""
_MARGIN = 0.6
"""Share of a side's outermost lines that must have one colour for it to be a margin's."""
_CAPTION = 0.35
"""How deep into the box, in parts of its height, a caption is looked for."""
_WHOLE, _LEAST = 0.985, 0.06
"""Share of the area from which a box is the whole, and below which it is not a picture."""
_LEAST_SIDE = 0.12

_DETAIL = 2.5
"""Laplacian, in grey levels, from which a pixel is sharp: an enlarged blur has none."""
SEAM = 10
"""Grey levels between two lines at the seam of a picture and its fill."""
_SEAM_SHARE = 0.5
_NEAR_SEAM = 0.04


def content_box(luma: Luma) -> Box | None:
    """Return what is left when areas of one colour, with text and icons in them, are cut off.

    None when there are none such.
    """
    for tolerance in TOLERANCES:
        for colours in common_colours(luma, tolerance):
            if found := smallest_within(luma, colours, tolerance):
                return found.box(luma)
    return None


def story_box(luma: Luma) -> Box | None:
    """Return the sharp part of a picture that stands on its own blurred enlargement."""
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
    """Return (colours of the four margins, the commonest colour if it is common)."""
    edge = max(1, int(0.01 * min(luma.shape)))
    margins: list[int] = []
    for side in (luma[:edge], luma[-edge:], luma[:, :edge], luma[:, -edge:]):
        colour, share = _mode(side, tolerance)
        if share > _MARGIN and all(abs(colour - other) > 2 * tolerance for other in margins):
            margins.append(colour)
    colour, share = _mode(luma, tolerance)
    return margins, [colour] if share > 0.1 else []  # noqa: PLR2004 (a tenth of the picture)


def smallest_within(luma: Luma, colours: list[int], tolerance: int) -> Pixels | None:
    """Return the smallest of the parts that are left without the lines of one of these colours."""
    found = [part for colour in colours if (part := _within(luma, colour, tolerance))]
    return min(found, key=lambda part: part.area, default=None)


def _mode(part: Luma, tolerance: int) -> tuple[int, float]:
    counts = np.bincount(part.ravel(), minlength=256)
    colour = int(counts.argmax())
    about = counts[max(0, colour - tolerance) : colour + tolerance + 1].sum()
    return colour, float(about / part.size)


def _within(luma: Luma, colour: int, tolerance: int) -> Pixels | None:
    """What is left without the lines of this colour, rows and columns in turn until it stays."""
    rows, columns = luma.shape
    box = Pixels(0, 0, columns, rows)
    plain = _like(luma, colour, tolerance)
    for _ in range(3):
        high = longest_run(~_outside(box.of(plain)), max(1, int(_GAP * rows)))
        if high is None:
            return None
        cut = box._replace(top=box.top + high[0], bottom=box.top + high[1])
        wide = longest_run(~_outside(cut.of(plain).T), max(1, int(_GAP * columns)))
        if wide is None:
            return None
        cut = cut._replace(left=cut.left + wide[0], right=cut.left + wide[1])
        if min((cut.right - cut.left) / columns, (cut.bottom - cut.top) / rows) < _LEAST_SIDE:
            return None
        if cut == box:
            break
        box = cut
    box = _without_captions(luma, box, colour)
    return box if _LEAST < box.area / luma.size < _WHOLE else None


def _like(luma: Luma, colour: int, tolerance: int) -> Lines:
    near: Lines = cv2.inRange(luma, max(0, colour - tolerance), min(255, colour + tolerance)) > 0
    return near


def _outside(plain: NDArray[np.generic]) -> Lines:
    """Which rows of a mask of one colour are outside the picture."""
    end = max(2, int(_END * plain.shape[1]))
    share = plain.mean(axis=1)
    ends = np.minimum(plain[:, :end].mean(axis=1), plain[:, -end:].mean(axis=1))
    outside: Lines = (share > PLAIN_LINE) | ((ends > _PLAIN_END) & (share > PLAIN_ENDS))
    return outside


def longest_run(kept: Lines, gap: int) -> tuple[int, int] | None:
    """Return (first, past the last) of the longest run of kept lines; it may lack a few within."""
    at = np.flatnonzero(kept)
    if not len(at):
        return None
    breaks = np.flatnonzero(np.diff(at) > gap + 1)
    first, past = np.r_[at[0], at[breaks + 1]], np.r_[at[breaks], at[-1]] + 1
    longest = int((past - first).argmax())
    return int(first[longest]), int(past[longest])


def _without_captions(luma: Luma, box: Pixels, colour: int) -> Pixels:
    """Cut at a plain line well inside: a caption's last line may all but touch the picture."""
    plain = _like(luma, colour, SLACK)[box.top : box.bottom, box.left : box.right].mean(axis=1)
    lines = np.flatnonzero(plain > 0.92)  # noqa: PLR2004 (letters' tails may reach into it)
    high = box.bottom - box.top
    above, below = lines[lines < _CAPTION * high], lines[lines >= (1 - _CAPTION) * high]
    top, bottom = box.top, box.bottom
    if len(above) and above[-1] > _GAP * high:
        top += int(above[-1]) + 1
    if len(below) and high - below[0] > _GAP * high:
        bottom = box.top + int(below[0])
    return box._replace(top=top, bottom=bottom)


def _sharp(luma: Luma) -> Pixels | None:
    """The longest run of rows, then of columns, in which there is detail."""
    rows, columns = luma.shape
    blurred = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), 0.8)
    detail = np.abs(cv2.Laplacian(blurred, cv2.CV_32F)) > _DETAIL
    top, bottom = _run_of_detail(detail.mean(axis=1))
    left, right = _run_of_detail(detail[top:bottom].mean(axis=0))
    box = Pixels(left, top, right, bottom)
    return None if box == (0, 0, columns, rows) else box


def _run_of_detail(profile: Profile) -> tuple[int, int]:
    count = len(profile)
    usual = float(np.median(np.sort(profile)[-max(4, count // 3) :]))
    found = longest_run(profile > max(0.2 * usual, 0.012), max(1, int(0.04 * count)))
    whole = (0, count)
    if usual < 0.03 or found is None or not 0.2 < (found[1] - found[0]) / count < 0.97:  # noqa: PLR2004
        return whole
    return found


def _seams(plane: Plane) -> Profile:
    """How much of each row steps to the next but one, or steps the same way: 0 to 1."""
    strength = np.zeros(len(plane), np.float32)
    steps = plane[2:] - plane[:-2]
    any_way = 0.9 * (np.abs(steps) > SEAM).mean(axis=1)
    one_way = np.abs(np.clip(steps / SEAM, -1, 1).mean(axis=1))
    strength[1:-1] = np.maximum(any_way, one_way)
    return strength


def _to_seams(strength: Profile, first: int, past: int) -> tuple[int, int]:
    """Move the ends of a run outwards to the strongest seam there is, if it is strong."""
    near = int(_NEAR_SEAM * len(strength))
    before = int(strength[: first + near].argmax()) if first + near else first
    start = max(past - near, 0)
    after = start + int(strength[start:].argmax()) if start < len(strength) else past
    return (
        before if strength[before] > _SEAM_SHARE else first,
        after if after < len(strength) and strength[after] > _SEAM_SHARE else past,
    )
