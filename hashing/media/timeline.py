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
GRACE_MS = 100
"""How soon after a sampling time a frame may begin and still be the one that is sampled for it.
At ten frames a second and more it is so the first at or after each sampling time, as it always was;
of slower ones, such as slides, it is the one on screen (docs/adr/0019)."""
MAX_SECONDS = 4 * 60 * 60
"""Longest video, in seconds."""
FOLD_DISTANCE = 8
"""Largest distance, in bits, at which a frame signal joins the run before it: far below the match
threshold of 31, so that an edited copy of any frame of the run still matches the run's first."""
MAX_FRAMES = 1200
"""Most frame signals of one video. Above, every second one is left out, repeatedly if needed."""


class Sampler:
    """Says which frames of one video are sampled. Its frames are asked about in time order.

    For each multiple of the period, that is the first frame that begins within GRACE_MS of it; if
    none does, the one that is shown all that time. If so only the first frame of a video would be
    sampled, its last one is, too.
    """

    def __init__(self, period_ms: int = PERIOD_MS) -> None:
        self._period_ms = period_ms
        self._due_ms = 0
        self._count = 0

    def until_ms(self, at_ms: int, end_ms: int, *, is_last: bool) -> int | None:
        """Return until when a frame stands that is shown from `at_ms` until `end_ms`.

        That is the last sampling time at which it is shown, or its own time. None: not sampled.
        """
        if at_ms >= self._due_ms or end_ms >= self._due_ms + GRACE_MS:
            covered_ms = max(at_ms, end_ms - GRACE_MS) // self._period_ms * self._period_ms
            self._due_ms = covered_ms + self._period_ms
            self._count += 1
            return max(at_ms, covered_ms)
        return at_ms if is_last and self._count == 1 else None


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
