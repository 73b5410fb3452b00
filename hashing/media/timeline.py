"""Which frames of a video are hashed, and how their signals are put together.

Frames are sampled at fixed times. Frame signals that hardly differ are folded into one with a
span, so that a still scene of a minute is one frame signal instead of 240; and a long video is
thinned out, so that a submission is never larger than the service accepts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hashing.signals import FrameSignal, distance

PERIOD_MS = 250
"""Time between samples: at 4 a second a clip of a longer video still shares frames with it."""
MAX_SECONDS = 4 * 60 * 60
"""Longest video, in seconds."""
FOLD_DISTANCE = 8
"""Largest distance, in bits, at which a frame signal joins the run before it: far below the match
threshold of 31, so that an edited copy of any frame of the run still matches the run's first."""
MAX_FRAMES = 1200
"""Most frame signals of one video. Above, every second one is left out, repeatedly if needed."""


def due_after(at_ms: int, period_ms: int = PERIOD_MS) -> int:
    """Return the time from which the next frame is due when one at `at_ms` was sampled."""
    return (at_ms // period_ms + 1) * period_ms


def fold(frames: Iterable[FrameSignal]) -> tuple[FrameSignal, ...]:
    """Join each frame signal to the run before it where the two are near; thin out the runs.

    The frame signals are of one video, in time order. A run keeps the signal of its first frame,
    and its span ends with the last frame that joined it.
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
