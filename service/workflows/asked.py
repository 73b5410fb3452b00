"""What is asked of the indexes about items: every value, and what of an item it tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.signals import ContentSignals, FrameSignal, Signal, SignalType, ViewSignals
from service.domain import policy
from service.domain.alignment import Span
from service.domain.policy import Film
from service.matching import orientations
from service.matching.codes import CODE_BYTES, Codes, codes_of

NONE = -1
"""No frame: a value of the whole. No view: a plain signal."""


class Question(NamedTuple):
    """An item, or some frames of one. Frames are in time order, and known by their place there."""

    item: int
    content: ContentSignals
    film: Film
    """How much of a video the item is."""
    wide: bool
    """Whether nothing matched closely, so that some frames are searched more widely."""

    def radius(self, kind: SignalType) -> int:
        """Return how far to search, in bits."""
        return policy.search_radius(self.content.kind, kind, wide=self.wide)

    def span(self, frame: int) -> Span:
        """Return the span of a frame."""
        found = self.content.frames[frame]
        return Span(found.at_ms, found.until_ms)


class Values(NamedTuple):
    """Values of one type, a row each."""

    codes: Codes
    askers: NDArray[np.int64]
    """(n, 4): question, frame, view, orientation."""


class _Part(NamedTuple):
    """The whole of some content, or one frame."""

    frame: int
    signals: tuple[Signal, ...]
    views: tuple[ViewSignals, ...]


def questions_of(items: Sequence[ContentSignals]) -> list[Question]:
    """Return a question an item."""
    return [
        Question(at, replace(item, frames=_in_order(item.frames)), _film(item), wide=False)
        for at, item in enumerate(items)
    ]


def widened(question: Question, found: Iterable[int]) -> Question:
    """Return a question about some frames of a video, to be searched widely.

    They are spread over its time, and as many again over those `found` closely.
    `policy` has the bounds.
    """
    frames = question.content.frames
    each = max(1, size([question.content]) // len(frames))
    most = max(1, min(policy.WIDE_FRAMES, policy.WIDE_VALUES // each))
    apart: list[int] = []
    for at, frame in enumerate(frames):
        if not apart or frame.at_ms >= frames[apart[-1]].at_ms + policy.WIDE_EVERY_MS:
            apart.append(at)
    chosen = sorted({*_spread(apart, most), *_spread(sorted(found), most)})
    content = replace(question.content, frames=tuple(frames[at] for at in chosen))
    return question._replace(content=content, wide=True)


def size(items: Iterable[ContentSignals]) -> int:
    """Return how many values items ask at most, with the orientations that are made here."""
    return sum(
        len(part.signals) + (sum(len(view.values) for view in part.views) or orientations.COUNT - 1)
        for item in items
        for part in _parts(item)
    )


def values(questions: Sequence[Question], kind: SignalType) -> Values:
    """Return every value of one type that is fit to ask.

    What has no views is asked in the eight orientations that its bits give.
    """
    rows: list[tuple[int, int, int, int]] = []
    found: list[bytes] = []
    for at, question in enumerate(questions):
        for part in _parts(question.content):
            unseen = kind is SignalType.PDQ and not part.views
            plain = [one.value for one in part.signals if one.type is kind and policy.fit(one)]
            rows += [(at, part.frame, NONE, NONE if unseen else 0) for _ in plain]
            found += plain
            for place, view in enumerate(part.views if kind is SignalType.PDQ else ()):
                if policy.fit_view(view):
                    rows += [(at, part.frame, place, k) for k in range(len(view.values))]
                    found += view.values
    return _oriented(codes_of(found), np.array(rows, np.int64).reshape(-1, 4))


def _oriented(codes: Codes, askers: NDArray[np.int64]) -> Values:
    """With the orientations of those values for which none is told."""
    unseen = askers[:, 3] == NONE
    made = np.repeat(askers[unseen], orientations.COUNT, axis=0)
    made[:, 3] = np.tile(np.arange(orientations.COUNT), int(unseen.sum()))
    every = orientations.oriented(codes[unseen]).reshape(-1, CODE_BYTES)
    return Values(np.concatenate((codes[~unseen], every)), np.concatenate((askers[~unseen], made)))


def _parts(content: ContentSignals) -> Iterator[_Part]:
    yield _Part(NONE, content.signals, content.views)
    for place, frame in enumerate(content.frames):
        yield _Part(place, (frame.signal,), frame.views)


def _in_order(frames: Sequence[FrameSignal]) -> tuple[FrameSignal, ...]:
    return tuple(sorted(frames, key=lambda frame: (frame.at_ms, frame.until_ms)))


def _film(item: ContentSignals) -> Film:
    if not item.frames:
        return policy.NO_FILM
    begin = min(frame.at_ms for frame in item.frames)
    return Film(len(item.frames), max(frame.until_ms for frame in item.frames) - begin)


def _spread(places: Sequence[int], most: int) -> list[int]:
    """So many of the places at most, evenly."""
    if len(places) <= most:
        return list(places)
    return [places[at * len(places) // most] for at in range(most)]
