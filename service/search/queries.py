"""Queries: the values of some contents that are searched for, and which part each describes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.signals import ContentKind, ContentSignals, Signal, SignalType, ViewSignals
from service.domain import match_policy
from service.domain.admission import is_matchable, is_matchable_view
from service.domain.alignment import NO_VIDEO, Span, VideoExtent
from service.domain.match_policy import Reach
from service.matching.codes import CODE_BYTES, Codes, codes_of
from service.search import orientations
from service.store.provenance import ContentSignal

WHOLE = -1
"""In a column of frames: a value of the whole content."""
PLAIN = -1
"""In a column of views: a plain signal."""
_UNKNOWN = -1
"""In a column of orientations: all eight are to be made from the bits."""


MOST_REPEATS = 8
"""Signals with one value of which a content is searched: what recurs more often in a video, at
times spread evenly over it, adds work and no evidence."""


class Part(NamedTuple):
    """The matchable values of the whole content, or of one of its frames."""

    frame: int
    """Index of the frame in time order, or WHOLE."""
    plain: tuple[tuple[SignalType, bytes], ...]
    """Perceptual values without a view."""
    views: tuple[tuple[int, tuple[bytes, ...]], ...]
    """(index of the view, its PDQ values by orientation)."""
    turned: bool
    """Whether all orientations of the plain PDQ values are searched: there are no views."""


class Query(NamedTuple):
    """One content, or some frames of it, to be searched for."""

    item: int
    """Index of the content among those that are asked together."""
    kind: ContentKind
    parts: tuple[Part, ...]
    spans: tuple[Span, ...]
    """Spans of the frames, in time order."""
    extent: VideoExtent
    """How much video the whole content is."""
    size: int
    """Of a video: how many values it has at most, with the orientations made here."""
    reach: Reach

    def radius(self, signal_type: SignalType) -> int:
        """Return how far to search, in bits."""
        return match_policy.search_radius(self.kind, signal_type, self.reach)


class QueryValues(NamedTuple):
    """Values of one signal type, one per row."""

    codes: Codes
    columns: NDArray[np.int64]
    """(n, 4): index of the query, frame, view, orientation."""


def of_contents(contents: Sequence[ContentSignals]) -> list[Query]:
    """Return one query per content, for a lookup."""
    return [_of_content(item, content) for item, content in enumerate(contents)]


def of_stored(item: int, kind: ContentKind, stored: Sequence[ContentSignal], reach: Reach) -> Query:
    """Return a query for content that the store holds; exact signals are not part of it."""
    spans = sorted({one.provenance.span for one in stored if one.provenance.span})
    frame_of = {span: frame for frame, span in enumerate(spans)}
    plain: dict[int, list[tuple[SignalType, bytes]]] = {frame: [] for frame in range(len(spans))}
    for provenance, value in folded(stored):
        if provenance.type.perceptual:
            frame = frame_of[provenance.span] if provenance.span else WHOLE
            plain.setdefault(frame, []).append((provenance.type, value))
    parts = tuple(
        Part(frame, tuple(values), (), turned=True) for frame, values in sorted(plain.items())
    )
    return Query(item, kind, parts, tuple(spans), _extent(spans), len(stored), reach)


def folded(stored: Sequence[ContentSignal]) -> list[ContentSignal]:
    """Return stored signals without those of a content whose value recurs too often in it."""
    rows: dict[tuple[int, SignalType, bytes], list[int]] = {}
    for row, (origin, value) in enumerate(stored):
        rows.setdefault((origin.content_id, origin.type, value), []).append(row)
    kept = sorted(row for same in rows.values() for row in _evenly(same, MOST_REPEATS))
    return [stored[row] for row in kept]


def without_values(item: int, kind: ContentKind, spans: Sequence[Span]) -> Query:
    """Return a query that is judged and not searched: what is near it is known already."""
    return Query(item, kind, (), tuple(spans), _extent(spans), 0, Reach.CLOSE)


def widened(query: Query, close: Iterable[int]) -> Query:
    """Return a query about some frames of a video, to be searched widely.

    They are spread evenly over its time; as many again are chosen among the frames `close`, which
    have neighbours within the match distance. `match_policy` has the limits.
    """
    per_frame = max(1, query.size // len(query.spans))
    most = max(1, min(match_policy.WIDE_FRAMES, match_policy.WIDE_VALUES // per_frame))
    apart: list[int] = []
    for frame, span in enumerate(query.spans):
        if not apart or span.at_ms >= query.spans[apart[-1]].at_ms + match_policy.WIDE_EVERY_MS:
            apart.append(frame)
    chosen = sorted({*_evenly(apart, most), *_evenly(sorted(close), most)})
    of_frame = {part.frame: part for part in query.parts}
    parts = [of_frame[WHOLE]] if WHOLE in of_frame else []
    parts += [of_frame[frame]._replace(frame=index) for index, frame in enumerate(chosen)]
    spans = tuple(query.spans[frame] for frame in chosen)
    return query._replace(parts=tuple(parts), spans=spans, reach=Reach.WIDE)


def size(contents: Iterable[ContentSignals]) -> int:
    """Return how many values contents have at most, with the orientations that are made here."""
    return sum(
        len(signals) + (sum(len(view.values) for view in views) or orientations.COUNT - 1)
        for content in contents
        for signals, views in _signals_by_part(content)
    )


def values(queries: Sequence[Query], signal_type: SignalType) -> QueryValues:
    """Return every value of one type. A part without views is searched in eight orientations."""
    rows: list[tuple[int, int, int, int]] = []
    found: list[bytes] = []
    is_pdq = signal_type is SignalType.PDQ
    for index, query in enumerate(queries):
        for part in query.parts:
            orientation = _UNKNOWN if is_pdq and part.turned else 0
            for of_type, value in part.plain:
                if of_type is signal_type:
                    rows.append((index, part.frame, PLAIN, orientation))
                    found.append(value)
            for view, turned in part.views if is_pdq else ():
                rows += [(index, part.frame, view, k) for k in range(len(turned))]
                found += turned
    return _oriented(codes_of(found), np.array(rows, np.int64).reshape(-1, 4))


def _of_content(item: int, content: ContentSignals) -> Query:
    whole = _part(WHOLE, content.signals, content.views)
    if not content.frames:
        return Query(item, content.kind, (whole,), (), NO_VIDEO, 0, Reach.FULL)
    frames = sorted(content.frames, key=lambda frame: (frame.at_ms, frame.until_ms))
    parts = [whole]
    parts += [_part(index, (frame.signal,), frame.views) for index, frame in enumerate(frames)]
    parts = _folded_parts(parts)
    spans = tuple(Span(frame.at_ms, frame.until_ms) for frame in frames)
    most_values = size([content])
    return Query(item, content.kind, tuple(parts), spans, _extent(spans), most_values, Reach.FULL)


def _part(frame: int, signals: Iterable[Signal], views: Sequence[ViewSignals]) -> Part:
    plain = [(one.type, one.value) for one in signals if one.type.perceptual and is_matchable(one)]
    matchable = [(index, v.values) for index, v in enumerate(views) if is_matchable_view(v)]
    return Part(frame, tuple(plain), tuple(matchable), turned=not views)


def _folded_parts(parts: Sequence[Part]) -> list[Part]:
    """The parts, without the values of frames that recur too often."""
    same: dict[Part, list[int]] = {}
    for index, part in enumerate(parts):
        same.setdefault(part._replace(frame=WHOLE), []).append(index)
    kept = {index for indexes in same.values() for index in _evenly(indexes, MOST_REPEATS)}
    return [
        part if index in kept else part._replace(plain=(), views=())
        for index, part in enumerate(parts)
    ]


def _signals_by_part(
    content: ContentSignals,
) -> Iterator[tuple[Sequence[Signal], Sequence[ViewSignals]]]:
    yield content.signals, content.views
    for frame in content.frames:
        yield (frame.signal,), frame.views


def _extent(spans: Sequence[Span]) -> VideoExtent:
    if not spans:
        return NO_VIDEO
    begin = min(span.at_ms for span in spans)
    return VideoExtent(len(spans), max(span.until_ms for span in spans) - begin)


def _oriented(codes: Codes, columns: NDArray[np.int64]) -> QueryValues:
    """Replace each value of unknown orientation by its eight orientations."""
    unknown = columns[:, 3] == _UNKNOWN
    if not unknown.any():
        return QueryValues(codes, columns)
    made = np.repeat(columns[unknown], orientations.COUNT, axis=0)
    made[:, 3] = np.tile(np.arange(orientations.COUNT), int(unknown.sum()))
    turned = orientations.oriented(codes[unknown]).reshape(-1, CODE_BYTES)
    return QueryValues(
        np.concatenate((codes[~unknown], turned)), np.concatenate((columns[~unknown], made))
    )


def _evenly(frames: Sequence[int], most: int) -> list[int]:
    """At most so many of the frames, evenly spread."""
    if len(frames) <= most:
        return list(frames)
    return [frames[n * len(frames) // most] for n in range(most)]
