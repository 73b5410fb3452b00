"""The views of a picture: what a platform looks up, so that edited copies match.

The PDQ value of a copy that was mirrored, cropped, framed, rotated, photographed from a screen or
covered by a sticker is far from that of its original. Each view guesses one such edit and undoes
it; one of them is often near a value that the owner's device stored (`windows`). The views are
ordered so that the first k are the best k, as measured by `benchmarks/accuracy.py` on photographs
other than those whose results it reports; a profile says how many are made.

All views of a picture are made from one luma. It is reduced once, each view samples the reduction
at 64 × 64 points, and one DCT gives the eight orientations of a view, by changes of sign and a
transposition. A view need not be equal to the bit elsewhere: only its distance to stored signals
matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from hashing.algorithms import pdq
from hashing.luma import Luma, Plane
from hashing.signals import FULL_VIEW, ViewSignals
from hashing.views import edges, layout, overlay, panels, quads
from hashing.views.layout import Box
from hashing.views.quads import Matrix

BASE = 512
"""Longest side, in pixels, of the reduction that every view samples."""
_OVERSAMPLED = 4 * pdq.GRID
"""Side, in pixels, at which a warped picture is sampled before it is reduced to the grid."""


class _View(NamedTuple):
    name: str
    grid: Plane
    quality: int


def compute(luma: Luma, count: int) -> tuple[ViewSignals, ...]:
    """Return the best `count` views of an upright luma, the best first.

    Views of a quality below `pdq.QUALITY_BAR` are left out; each of the others has eight values.
    FULL_VIEW, if it is not left out, is the first, and its first value is the picture's PDQ value.
    """
    source = Source(luma)
    return signals(source, _grids(source), count)


def signals(
    source: Source, named_grids: Iterable[tuple[str, Plane]], count: int
) -> tuple[ViewSignals, ...]:
    """Return the first `count` views whose grids pass the bar, each in eight orientations.

    Where its window is even, PDQ samples beside the centre, by 0.3 % of a side of 512. Mirroring
    doubles that; so the orientations of the whole picture are made from a centred grid: at
    256 × 256, 22 bits from PDQ of the picture rotated by 180° instead of 41.
    """
    all_views = (_View(name, grid, pdq.quality_of(grid)) for name, grid in named_grids)
    clear = (view for view in all_views if view.quality >= pdq.QUALITY_BAR)
    views = list(islice(clear, count))
    if not views:
        return ()
    grids = [view.grid for view in views]
    if views[0].name == FULL_VIEW:
        grids[0] = source.centred
    values = [[v.tobytes() for v in of_view] for of_view in orientations(np.stack(grids))]
    if views[0].name == FULL_VIEW:  # equal to the bit, even where coefficients nearly tie
        values[0][0] = pdq.value_of(views[0].grid)
    return tuple(
        ViewSignals(view.name, view.quality, tuple(of_view))
        for view, of_view in zip(views, values, strict=True)
    )


def orientations(grids: Plane) -> NDArray[np.uint8]:
    """Return the values, uint8 (n, 8, 32), of grids, binary32 (n, 64, 64), in eight orientations.

    In value k the columns of the grid are reversed if k & 1 and the rows if k & 2; 4…7 are 0…3
    transposed. Reversing an axis negates each odd frequency of it (the DCT-II of a reversed
    sequence); PDQ's first coefficient is frequency 1.
    """
    coefficients = (pdq.DCT @ grids @ pdq.DCT.T)[:, None] * _SIGNS
    turned = np.concatenate([coefficients, coefficients.transpose(0, 1, 3, 2)], axis=1)
    flat = turned.reshape(len(grids), 8, -1)
    middle = flat.shape[-1] // 2 - 1
    median = np.partition(flat, middle, axis=-1)[..., middle : middle + 1]
    return np.packbits((flat > median)[..., ::-1], axis=-1)


_ODD = np.where(np.arange(pdq.FREQUENCIES) % 2 == 0, -1, 1).astype(np.float32)
_SIGNS = np.stack(
    [
        np.outer(_ODD if k & 2 else np.ones_like(_ODD), _ODD if k & 1 else np.ones_like(_ODD))
        for k in range(4)
    ]
)


class Source:
    """What the views of one picture or frame are made from."""

    def __init__(self, luma: Luma) -> None:
        self.base = luma
        if max(luma.shape) > BASE:
            self.base = edges.reduced(luma, BASE, shortest=pdq.MIN_SIDE)
        self.whole = pdq.sample(luma)
        self.centred = _grid(self.base)

    def box(self, box: Box) -> Plane:
        """The 64 × 64 grid of a box; what lies outside the picture is its reflection."""
        rows, columns = self.base.shape
        left, right = round(box.left * columns), round(box.right * columns)
        top, bottom = round(box.top * rows), round(box.bottom * rows)
        part = self.base[max(top, 0) : bottom, max(left, 0) : right]
        around = (max(-top, 0), max(bottom - rows, 0), max(-left, 0), max(right - columns, 0))
        if any(around):
            part = cast("Luma", cv2.copyMakeBorder(part, *around, cv2.BORDER_REFLECT))
        return _grid(part)

    def matrix(self, matrix: Matrix) -> Plane:
        """The grid of what a 3 × 3 matrix maps the unit square to, in shares of the picture."""
        return _grid(quads.warped(self.base, matrix, _OVERSAMPLED, cv2.BORDER_REFLECT))

    def turned(self, degrees: float, kept: float) -> Plane:
        """The grid of the middle, `kept` of each side, of the picture rotated about its centre."""
        rows, columns = self.base.shape
        angle = np.deg2rad(degrees)
        cosine, sine, aspect = np.cos(angle), np.sin(angle), columns / rows
        turn = np.array([[cosine, -sine / aspect, 0.5], [sine * aspect, cosine, 0.5], [0, 0, 1]])
        middle = np.array([[kept, 0, -kept / 2], [0, kept, -kept / 2], [0, 0, 1]])
        return self.matrix(turn @ middle)


_Make = Callable[[Source], Plane | None]
"""Makes the grid of one view, or None if the picture has nothing that the view would undo."""


def _grid(part: Luma) -> Plane:
    size = (pdq.GRID, pdq.GRID)
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _grids(source: Source) -> Iterator[tuple[str, Plane]]:
    """The named grids of the views, the best first."""
    yield FULL_VIEW, source.whole
    yield from _made(source, {"content": _content, "story": _story})
    for n, box in enumerate(panels.panels(source.base), 1):
        yield f"panel-{n}", source.box(box)
    yield from _made(source, {"turned": _straightened, "screen": _screen})
    yield from _made(source, _FIXED)


def _made(source: Source, makers: dict[str, _Make]) -> Iterator[tuple[str, Plane]]:
    for name, make in makers.items():
        grid = make(source)
        if grid is not None:
            yield name, grid


def _content(source: Source) -> Plane | None:
    box = layout.content_box(source.base)
    return source.box(box) if box else None


def _story(source: Source) -> Plane | None:
    box = layout.story_box(source.base)
    return source.box(box) if box else None


def _straightened(source: Source) -> Plane | None:
    quad = quads.turned_quad(source.base)
    return None if quad is None else source.matrix(quads.homography(quad))


def _screen(source: Source) -> Plane | None:
    quad = quads.screen_quad(source.base)
    return None if quad is None else source.matrix(quads.without_bezel(source.base, quad))


def _centre(source: Source, kept: float) -> Plane:
    margin = (1 - kept) / 2
    return source.box(Box(margin, margin, 1 - margin, 1 - margin))


def _box(source: Source, box: Box) -> Plane:
    return source.box(box)


def _turned(source: Source, degrees: float, kept: float) -> Plane:
    return source.turned(degrees, kept)


def _square(source: Source) -> Plane:
    rows, columns = source.base.shape
    side = min(rows, columns)
    x, y = (1 - side / columns) / 2, (1 - side / rows) / 2
    return source.box(Box(x, y, 1 - x, 1 - y))


def _healed(source: Source) -> Plane | None:
    circle = overlay.sticker(source.base)
    return None if circle is None else overlay.healed(source.whole, circle)


_SIDES = {"left": (1, 0, 0, 0), "right": (0, 0, 1, 0), "top": (0, 1, 0, 0), "bottom": (0, 0, 0, 1)}
_CORNERS = {
    "left-top": (1, 1, 0, 0),
    "right-top": (0, 1, 1, 0),
    "left-bottom": (1, 0, 0, 1),
    "right-bottom": (0, 0, 1, 1),
}


def _without(sides: tuple[int, int, int, int], share: float) -> Callable[[Source], Plane]:
    """A view without this share at some sides; if negative, with as much of their reflection."""
    left, top, right, bottom = (share * side for side in sides)
    return partial(_box, box=Box(left, top, 1 - right, 1 - bottom))


_FIXED: dict[str, _Make] = {
    "centre-95": partial(_centre, kept=0.95),  # meets centre-90 after a crop of 5 %
    "centre-70": partial(_centre, kept=0.7),  # meets centre-50 after a crop of 30 %
    "square": _square,
    "healed": _healed,
    "pad-10": partial(_centre, kept=1 / 0.9),
    "turn+2.5": partial(_turned, degrees=2.5, kept=1.0),
    "turn-2.5": partial(_turned, degrees=-2.5, kept=1.0),
    "centre-62.5": partial(_centre, kept=0.625),  # meets centre-50 after a crop of 20 %
    "cut-top-15": _without(_SIDES["top"], 0.15),  # a caption that is no bar of one colour
    **{f"pad-{name}-10": _without(sides, 1 - 1 / 0.9) for name, sides in _SIDES.items()},
    "turn+5": partial(_turned, degrees=5.0, kept=1.0),
    "turn-5": partial(_turned, degrees=-5.0, kept=1.0),
    # From here on, views that only windows of the set `all` meet.
    **{f"cut-{name}-25": _without(sides, 0.25) for name, sides in _CORNERS.items()},
    **{f"cut-{name}-29": _without(sides, 0.286) for name, sides in _SIDES.items()},
    **{f"cut-{name}-37": _without(sides, 0.375) for name, sides in _SIDES.items()},
    "centre-75": partial(_centre, kept=0.75),
    "centre-85": partial(_centre, kept=0.85),
}
"""In the order of how much recall each adds; chosen greedily, then made symmetric."""
