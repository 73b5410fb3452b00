"""Frame signals of one video, in time order, without repetition.

A still scene of a minute is one frame signal with a span, not 240; a long video never makes
a submission larger than the service takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hashing.signals import FrameSignal, distance

FOLD_DISTANCE = 8
"""Neighbours this near, in bits, are one run: far below the match threshold of 31, so that an
edited copy of any frame of the run still finds the run's first."""
MAX_FRAMES = 1200
"""Most frame signals of one video. Above, every second one is left out, again if need be."""


def fold(frames: Iterable[FrameSignal]) -> tuple[FrameSignal, ...]:
    """Join each frame signal to the run before it where the two are near; thin what is too long.

    A run keeps the signal of its first frame and spans to the last that joined it.
    """
    runs: list[FrameSignal] = []
    for frame in frames:
        if runs and distance(runs[-1].signal, frame.signal) <= FOLD_DISTANCE:
            runs[-1] = replace(runs[-1], until_ms=max(runs[-1].until_ms, frame.until_ms))
        else:
            runs.append(frame)
    while len(runs) > MAX_FRAMES:
        runs = runs[::2]
    return tuple(runs)
