"""Views of the frames of a video, for a lookup.

What was done to a video was done to all of it. So a border, a screen or the place where it was set
in is looked for once a stretch of some seconds, in several frames together: what moves is the
content, what stays is what was put around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hashing.signals import FULL_VIEW, ViewSignals
from hashing.views import insets, layout, picture, quads
from hashing.views.layout import Box

Luma = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Plane = NDArray[np.float32]
Find = Callable[[Luma], Box | None]

_LOOKS = 9
"""Frames of a stretch in which something is looked for."""
_AGREED = 0.5
"""Share of those in which a frame must be found."""


def of_stretch(lumas: Sequence[Luma], count: int) -> list[tuple[ViewSignals, ...]]:
    """Return for each frame its views, at most `count`, the best first.

    The frames are of one video and one shape, uint8 (rows, columns), in their order. Stored frames
    have no windows, so that against a crop only a reflection around what is left helps.
    """
    sources = [picture.Source(luma) for luma in lumas]
    some = [source.base for source in sources[:: -(-len(sources) // _LOOKS)]]
    box = _agreed(layout.content_box, some) or _agreed(layout.story_box, some)
    boxes = {"content": box, "inset": insets.inset(some)}
    quad = quads.lasting_quad(some)
    return [picture.signals(source, _family(source, boxes, quad), count) for source in sources]


def _family(
    source: picture.Source, boxes: dict[str, Box | None], quad: Matrix | None
) -> Iterator[tuple[str, Plane]]:
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
    Box(1 - each, 1 - each, each, each)
    for each in (0.5 + 0.5 / 0.9, 0.5 + 0.5 / 0.95, 0.5 + 0.5 / 0.85)
]


def _agreed(find: Find, lumas: Sequence[Luma]) -> Box | None:
    """The box, each side the median, if it is found in enough frames."""
    boxes = [box for luma in lumas if (box := find(luma))]
    if len(boxes) <= _AGREED * len(lumas):
        return None
    return Box(*np.median(np.array(boxes), axis=0).tolist())
