"""The views of the frames of a video.

An edit applies to all of a video. So a border, a screen, or the rectangle of a picture in picture
is detected once for a stretch of some seconds, in several of its frames together: what moves is the
content, what stays was put around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from hashing.luma import Luma, Plane
from hashing.signals import FULL_VIEW, ViewSignals
from hashing.views import insets, layout, picture, quads
from hashing.views.layout import Box
from hashing.views.quads import Matrix

Detect = Callable[[Luma], Box | None]

_EXAMINED = 9
"""Most frames of a stretch that are examined."""
_AGREED = 0.5
"""Share of the examined frames in which a box must be detected."""


def of_stretch(lumas: Sequence[Luma], count: int) -> list[tuple[ViewSignals, ...]]:
    """Return the views of each frame, at most `count`, the best first.

    The lumas are consecutive frames of one video, all of one shape. Entries store no windows of
    frames, so that a cropped copy is matched only by a view that reflects its edges outwards.
    """
    sources = [picture.Source(luma) for luma in lumas]
    examined = [source.base for source in sources[:: -(-len(sources) // _EXAMINED)]]
    box = _agreed(layout.content_box, examined) or _agreed(layout.story_box, examined)
    boxes = {"content": box, "inset": insets.inset(examined)}
    quad = quads.lasting_quad(examined)
    return [picture.signals(source, _grids(source, boxes, quad), count) for source in sources]


def _grids(
    source: picture.Source, boxes: dict[str, Box | None], quad: Matrix | None
) -> Iterator[tuple[str, Plane]]:
    """The named grids of the views, the best first."""
    yield FULL_VIEW, source.whole
    for name, box in boxes.items():
        if box:
            yield name, source.box(box)
    yield "pad-10", source.box(_PADS[0])
    yield "pad-5", source.box(_PADS[1])
    if quad is not None:
        yield "screen", source.matrix(quads.without_bezel(source.base, quad))
    yield "pad-15", source.box(_PADS[2])


_PADS = [
    Box(1 - end, 1 - end, end, end) for end in (0.5 + 0.5 / 0.9, 0.5 + 0.5 / 0.95, 0.5 + 0.5 / 0.85)
]
"""Boxes larger than the frame: for copies cropped by 10, 5 and 15 %."""


def _agreed(detect: Detect, lumas: Sequence[Luma]) -> Box | None:
    """The median box, side by side, if one is detected in enough of the frames."""
    boxes = [box for luma in lumas if (box := detect(luma))]
    if len(boxes) <= _AGREED * len(lumas):
        return None
    return Box(*np.median(np.array(boxes), axis=0).tolist())
