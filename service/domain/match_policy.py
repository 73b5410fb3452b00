"""What counts as a match and what as near: every threshold, and the judgement over candidates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from hashing.signals import ContentKind, SignalType, Window
from service.domain.alignment import (
    NO_VIDEO,
    Alignment,
    FramePair,
    SkipCost,
    Span,
    VideoExtent,
    best_alignment,
)
from service.domain.sighting import Feedback, Verdict

MATCH_DISTANCE = 31
"""Bits of PDQ: what StopNCII, HMA and the PDQ paper use."""
NEAR_DISTANCE = 48
"""Bits of PDQ: none of 4.2 billion unrelated comparisons was this near (hash-quality, 2026)."""
COMMON_VIEWS = 16
"""Views of a query that count in full: those of a thorough lookup, the best first. Later ones are
guesses at small parts, like windows beyond COMMON_WINDOWS, and small parts look alike sooner."""
COMMON_WINDOWS = frozenset({None, Window.CENTRE_90, Window.CENTRE_50, Window.SQUARE})
"""Windows that count in full: the whole (None) and the standard set."""
PART_MATCH_DISTANCE, PART_NEAR_DISTANCE = 25, 40
"""Bits of PDQ where a later view or another window is involved. Among unrelated photographs the
tail of these distances reaches 46 bits where that of the others ends at 54 (docs/accuracy.md,
2026-11). The price: of the copies that only they find, 0.6 % more are no match; 0.3 % overall."""
PHASH_NEAR_DISTANCE = 40
"""Bits of the 256-bit pHash. Alone it never makes a match: a person should look."""
EXCLUDE_DISTANCE = MATCH_DISTANCE
"""Bits of PDQ or pHash to content of the exclude bank, within which nothing matches."""
EVIDENCE = ((MATCH_DISTANCE, 10.0), (40, 7.5), (NEAR_DISTANCE, 5.0))
"""(bits, decibans) of a frame found in its position: ten times the log-odds of "a copy" against
"another video of one person in one room", which is what frames alone confuse. Of 380 such pairs
44 had a frame within 31 bits and 58 within 48 (hash-quality, 2026); of edited copies nearly
all: about 10 decibans. More distant frames are weaker evidence. Set 2026-11; measure to change."""
SKIP_COST = SkipCost(hidden=0.5, elsewhere=5.0)
"""Decibans that it costs to skip a frame between two that are found. In a copy edited so heavily
that one frame in ten is found, each missing one is 0.46 against it. A frame that is found
elsewhere in the video is rare in a copy and the rule in similar scenes. Set 2026-11."""
VIDEO_EVIDENCE = 25.0
"""Decibans from which videos match: 3 frames in a row within 31 bits, 4 within 40, 5 within 48;
more of them if they are scattered. Set 2026-11; to be measured on pairs of similar videos."""
VIDEO_FRAMES = 3
"""Different frames of each video in the alignment, or all of a video that has fewer (2026-11)."""
SHORT_VIDEO_COVERAGE = 0.5
"""For a video with fewer frames than that: the share of the shorter one's time that must be
covered. A picture that stands still for that long is more than a title card (2026-11)."""
WIDE_DISTANCE = NEAR_DISTANCE
"""Bits searched around frames of a video that nothing matches within 31."""
WIDE_EVERY_MS = 1000
"""The shortest time between those frames: adjacent frames add no information."""
WIDE_FRAMES = 30
"""The most of those frames, and as many again of the frames found within 31 bits: a search within
48 bits costs 14 times as much as one within 31 (10 million signals, 2026-11)."""
WIDE_VALUES = 1000
"""The most values of those frames, with all views and orientations."""
MOST_MATCHES = 100
"""The most matches in one answer: nobody reviews more. The last stands for all further entries."""
MOST_ENTRIES = 10_000
"""The most entries judged for one query: 200 cases of 50. All of them that match are sighted."""
MOST_VALUES = 50_000
"""The most values in one request, including the orientations that the service makes: a video of
1,200 frames in four views has 39,600. So many from pictures take 15 s of two cores at 6 million
stored signals."""


class Reach(StrEnum):
    """How far a query is searched."""

    FULL = "full"
    """As far as can matter; but frames only within the match distance. Lookups begin so."""
    WIDE = "wide"
    """Frames as far as can matter, too. Lookups search some frames so if nothing matches."""
    CLOSE = "close"
    """Within the match distance: observations, of which only matches are shown to owners."""


class Candidate(NamedTuple):
    """One query value that is near one signal of an entry."""

    entry_id: int
    type: SignalType
    distance: int
    query_frame: int | None = None
    """Index of the frame among those of the query, in time order; None for the whole."""
    query_span: Span | None = None
    """That frame's span."""
    view: int | None = None
    """Index of the view of the query or its frame; None for its plain signal."""
    orientation: int = 0
    """How the query value is turned (service.search.orientations); 0 is upright."""
    window: str | None = None
    """Which part of the entry's picture is near; None for the whole, and for frames."""
    stored_span: Span | None = None
    """The span of the entry's frame; None for a picture's signal."""
    signal_id: int = 0
    """The entry's signal."""


class Basis(NamedTuple):
    """The one stored signal that a verdict is named after, and of what kind it is: see `_basis`."""

    rank: int
    """0 the whole of a picture, 1 a window, 2 a frame, 3 identical bytes, 4 an aligned video."""
    signal_id: int


@dataclass(frozen=True, slots=True)
class EntryVerdict:
    """The verdict on one entry for one query."""

    entry_id: int
    verdict: Verdict
    span: Span | None = None
    """Where in a queried video the match is."""
    view: int | None = field(default=None, compare=False)
    """The view of the query that is most like the entry; None for its plain signal."""
    basis: Basis = field(default=Basis(0, 0), compare=False)


_NO_EXTENTS: Mapping[int, VideoExtent] = {}


def near_distance(signal_type: SignalType) -> int:
    """Return the largest distance that can matter for a perceptual type, in bits."""
    return NEAR_DISTANCE if signal_type is SignalType.PDQ else PHASH_NEAR_DISTANCE


def search_radius(kind: ContentKind, signal_type: SignalType, reach: Reach) -> int:
    """Return how far to search, in bits.

    A video has many frames, and most copies have some close ones, so its frames are first
    searched within the match distance. If nothing matches, some are searched again, `WIDE`.
    """
    if reach is Reach.CLOSE:
        return MATCH_DISTANCE
    if kind is ContentKind.PICTURE or signal_type is not SignalType.PDQ:
        return near_distance(signal_type)
    return WIDE_DISTANCE if reach is Reach.WIDE else MATCH_DISTANCE


def judge(
    candidates: Iterable[Candidate],
    *,
    query: VideoExtent = NO_VIDEO,
    stored: Mapping[int, VideoExtent] = _NO_EXTENTS,
) -> list[EntryVerdict]:
    """Return every entry that a query matches or is near, best verdict first, then by entry.

    `query` is the extent of the query, `stored` that of each entry with frames.
    """
    by_entry: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        if _counts(candidate):
            by_entry.setdefault(candidate.entry_id, []).append(candidate)
    return ranked(
        _judge_entry(entry_id, of_entry, query, stored.get(entry_id, NO_VIDEO))
        for entry_id, of_entry in by_entry.items()
    )


def ranked(verdicts: Iterable[EntryVerdict]) -> list[EntryVerdict]:
    """Return the best verdict on each entry, the best first."""
    order = sorted(verdicts, key=lambda one: (one.verdict is not Verdict.MATCH, one.entry_id))
    best_of = {one.entry_id: one for one in reversed(order)}
    return [one for one in order if best_of[one.entry_id] is one]


def grouped(verdicts: Iterable[EntryVerdict]) -> list[list[EntryVerdict]]:
    """Return verdicts as the matches of one answer, the best first, at most MOST_MATCHES.

    Entries that match as the same content are one: those that the same view of a picture is most
    like, or whose places in a video overlap. So there are as many matches as the upload has
    contents, however many entries a stranger adds to each. All that is only near is one: a platform
    has nothing to tell such entries apart by, and their number is how many cases there are. The
    last one stands for all that are left. The first entry of each is the oldest.
    """
    of_place: dict[tuple[int | None, ...], list[EntryVerdict]] = {}
    begin, end = 0, -1
    for one in sorted(verdicts, key=lambda one: one.span or Span(-1, -1)):
        place: tuple[int | None, ...] = (None, one.view)
        if one.verdict is not Verdict.MATCH:
            place = (None, None, None)
        elif one.span:
            if one.span.at_ms > end:
                begin = one.span.at_ms
            end = max(end, one.span.until_ms)
            place = (begin,)
        of_place.setdefault(place, []).append(one)
    groups = [sorted(same, key=lambda one: one.entry_id) for same in of_place.values()]
    groups.sort(key=lambda same: (same[0].verdict is not Verdict.MATCH, same[0].entry_id))
    rest = [one for same in groups[MOST_MATCHES - 1 :] for one in same]
    return [*groups[: MOST_MATCHES - 1], *([rest] if rest else [])]


def basis(same: Iterable[EntryVerdict]) -> Basis:
    """Return the signal that the reference of one match is made of: of the best rank, the oldest.

    It is one signal and not one entry, because an entry may have several contents, such as a video
    of two pictures. What a platform says of one of them must not count for whoever else has the
    other: two uploads share a reference only where both are near one value.
    """
    return min(one.basis for one in same)


def answered(same: Iterable[EntryVerdict], own: Mapping[int, Feedback]) -> Verdict:
    """Return the verdict of one match, as a platform is told it; `own` is its last word on entries.

    If it answered `not_blocked` about each entry that matches, the match is only near: it has
    looked, and knows the reference. What it thinks changes nobody else's answers.
    """
    disputed = {entry_id for entry_id, word in own.items() if word is Feedback.NOT_BLOCKED}
    open_to_it = [one for one in same if one.entry_id not in disputed]
    return Verdict.MATCH if overall(open_to_it) is Verdict.MATCH else Verdict.NEAR


def overall(verdicts: Iterable[EntryVerdict]) -> Verdict:
    """Return the verdict on the query as a whole."""
    return best(one.verdict for one in verdicts)


def best(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the best of some verdicts, `none` if there is none."""
    present = set(verdicts)
    return next((each for each in (Verdict.MATCH, Verdict.NEAR) if each in present), Verdict.NONE)


def _judge_entry(
    entry_id: int, candidates: list[Candidate], query: VideoExtent, stored: VideoExtent
) -> EntryVerdict:
    view = min((one.distance, -1 if one.view is None else one.view) for one in candidates)[1]
    verdict = partial(EntryVerdict, entry_id, view=None if view < 0 else view)
    alignment = _matching_alignment(candidates, query, stored)
    decisive = [candidate for candidate in candidates if _is_match_alone(candidate)]
    if alignment:
        begin = alignment.query.at_ms
        first = [one for one in candidates if one.query_span and one.query_span.at_ms == begin]
        return verdict(Verdict.MATCH, alignment.query, basis=_basis(decisive, first))
    if decisive:
        spans = [candidate.query_span for candidate in decisive if candidate.query_span]
        return verdict(Verdict.MATCH, min(spans, default=None), basis=_basis(decisive))
    return verdict(Verdict.NEAR, basis=_basis(candidates))


def _basis(decisive: Sequence[Candidate], first: Iterable[Candidate] = ()) -> Basis:
    """The signal to name a match after: one that decides it alone, else of the first frame."""
    if decisive:
        return min(Basis(_rank(one), one.signal_id) for one in decisive)
    return Basis(_ALIGNED, min(one.signal_id for one in first))


_ALIGNED = 4


def _rank(candidate: Candidate) -> int:
    if not candidate.type.perceptual:
        return 3
    return 2 if candidate.stored_span else 1 if candidate.window else 0


def _is_match_alone(candidate: Candidate) -> bool:
    """Whether this is a match by itself: identical bytes, or near with a picture on one side."""
    if candidate.type is not SignalType.PDQ:
        return not candidate.type.perceptual
    if candidate.query_span is not None and candidate.stored_span is not None:
        return False
    most = PART_MATCH_DISTANCE if _involves_part(candidate) else MATCH_DISTANCE
    return candidate.distance <= most


def _counts(candidate: Candidate) -> bool:
    """Whether a candidate is near enough for what was compared."""
    return candidate.distance <= PART_NEAR_DISTANCE or not _involves_part(candidate)


def _involves_part(candidate: Candidate) -> bool:
    """Whether a later view, or a window of the larger set, was compared."""
    return (candidate.view or 0) >= COMMON_VIEWS or candidate.window not in COMMON_WINDOWS


def _matching_alignment(
    candidates: list[Candidate], query: VideoExtent, stored: VideoExtent
) -> Alignment | None:
    """The frames that two videos have in common in one time order, if they make a match."""
    fewest = max(1, min(query.frames, stored.frames))
    pairs = _frame_pairs(candidates)
    needed = min(VIDEO_FRAMES, fewest)
    if min(len({pair.frame for pair in pairs}), len({pair.stored for pair in pairs})) < needed:
        return None
    alignment = best_alignment(pairs, SKIP_COST)
    if alignment is None or alignment.frames < needed:
        return None
    if alignment.evidence < min(VIDEO_EVIDENCE, fewest * EVIDENCE[0][1]):
        return None
    shorter_ms = min(query.duration_ms, stored.duration_ms)
    is_covered = alignment.covered_ms >= SHORT_VIDEO_COVERAGE * shorter_ms
    return alignment if fewest >= VIDEO_FRAMES or is_covered else None


def _frame_pairs(candidates: Iterable[Candidate]) -> list[FramePair]:
    return [
        FramePair(
            each.query_frame,
            each.query_span,
            each.stored_span,
            each.orientation,
            each.distance,
            _WORTH[each.distance],
        )
        for each in candidates
        if each.query_frame is not None and each.query_span and each.stored_span
    ]


_WORTH = tuple(
    next((worth for bits, worth in EVIDENCE if distance <= bits), 0.0) for distance in range(257)
)
"""Evidence by distance."""
