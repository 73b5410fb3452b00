"""The decisions: what is a match, what is held for review. All thresholds are here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hashing.signals import (
    ContentKind,
    ContentSignals,
    Signal,
    SignalType,
    ViewSignals,
    Window,
)
from service.domain.alignment import Pair, Price, Run, Span, best_run
from service.domain.case import Entry, EntryStatus, HoldReason
from service.domain.sighting import Feedback, Verdict

MATCH_DISTANCE = 31
"""Bits of PDQ: what StopNCII, HMA and the PDQ paper use."""
NEAR_DISTANCE = 48
"""Bits of PDQ: none of 4.2 billion unrelated comparisons came so near (hash-quality, 2026)."""
COMMON_VIEWS = 16
"""Views of an item that count in full: those of a thorough lookup, the best first. Later ones are
guesses at small parts, as windows beyond COMMON_WINDOWS are: parts are alike sooner."""
COMMON_WINDOWS = frozenset({None, Window.CENTRE_90, Window.CENTRE_50, Window.SQUARE})
"""Windows that count in full: of the whole (None) and of the standard set."""
PART_MATCH_DISTANCE, PART_NEAR_DISTANCE = 25, 40
"""Bits of PDQ where a later view or another window is concerned. Of unrelated photographs the tail
of these reaches 46 bits where that of the others ends at 54 (docs/signals.md, 2026-11); and of the
copies that only they find, 0.6 % more are lost as matches, 0.3 % altogether."""
PHASH_NEAR_DISTANCE = 40
"""Bits of the 256-bit pHash. Alone it never makes a match: a person should look."""
EXCLUDE_DISTANCE = MATCH_DISTANCE
"""Bits of PDQ or pHash to content of the exclude bank, within which nothing matches."""
EVIDENCE = ((MATCH_DISTANCE, 10.0), (40, 7.5), (NEAR_DISTANCE, 5.0))
"""(bits, decibans) of a frame found in its place: ten times the log-odds of "a copy" against
"another video of one person in one room", which is what frames alone confuse. Of 380 such pairs
44 had a frame within 31 bits and 58 within 48 (hash-quality, 2026), of edited copies nearly
all: about 10 decibans. Farther frames tell less. Set 2026-11; measure before changing."""
PASSED_OVER = Price(hidden=0.5, elsewhere=5.0)
"""Decibans that a frame costs which is not found between two that are. Of a copy edited so hard
that one frame in ten is found, each of the others tells 0.46 against it. A frame that is found,
but elsewhere in the video, is rare in a copy and the rule in alike scenes. Set 2026-11."""
VIDEO_EVIDENCE = 25.0
"""Decibans from which videos match: 3 frames in a row within 31 bits, 4 within 40, 5 within 48;
of scattered ones, more. Set 2026-11; to be measured on pairs of alike videos."""
VIDEO_FRAMES = 3
"""Different frames of each video in the run, or all of a video that has fewer (2026-11)."""
MOST = 0.5
"""Of a video with fewer frames than that: the share of the shorter one's time that must fit. A
picture that stands still for as long as this is more than a title card (2026-11)."""
WIDE_DISTANCE = NEAR_DISTANCE
"""Bits searched around frames of a video that nothing matches within 31."""
WIDE_EVERY_MS = 1000
"""Time between those frames at least: neighbours tell the same."""
WIDE_FRAMES = 30
"""Of those frames so many at most, and of frames found within 31 bits as many again: to search
within 48 bits costs 14 times as much as within 31 (10 million signals, 2026-11)."""
WIDE_VALUES = 1000
"""Values of those frames at most, all views and orientations counted."""
MOST_MATCHES = 100
"""Entries in one answer: more share a title card, and no person looks at so many."""
MOST_VALUES = 50_000
"""Values in one request, with the orientations that the service makes: a video of 1,200 frames
in four views has 39,600. So many of pictures take 15 s of two cores where 6 million are stored."""
QUALITY_BARS = {SignalType.PDQ: 50, SignalType.PHASH: 60}
"""Below, the device makes no signal, and an entry may not have one."""
SET_BITS = range(96, 161)
"""Bits set in a perceptual value. Both types set those above a median: 128, a few less on ties.
Real feeds have carried values of zeros alone, which are near nothing and break readers."""
DISPUTES = 2
"""Platforms that must have said `not_blocked` before an entry is disputed."""


class Film(NamedTuple):
    """How much of a video there is. A picture has none of it."""

    frames: int = 0
    """Frame signals: runs of near-identical frames."""
    duration_ms: int = 0
    """From the first of them to the end of the last."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One value of an item found near one signal of an entry."""

    entry_id: int
    type: SignalType
    distance: int
    asked_frame: int | None = None
    """Which frame of the item, of those searched, in time order; None for the whole."""
    asked: Span | None = None
    """That frame's span."""
    view: int | None = None
    """Which view of the item or frame; None for its plain signal."""
    orientation: int = 0
    """How the asked value is turned (service.matching.orientations); 0 is upright."""
    window: str | None = None
    """Which part of the entry's picture was found; None for the whole, and for frames."""
    stored: Span | None = None
    """The span of the entry's frame; None for a picture's signal."""


@dataclass(frozen=True, slots=True)
class Found:
    """The verdict on one entry for one item."""

    entry_id: int
    verdict: Verdict
    span: Span | None = None
    """Where in an asked video the match is."""


NO_FILM = Film()
_NONE_STORED: Mapping[int, Film] = {}


def radius(signal_type: SignalType) -> int:
    """Return the largest distance that can matter for a perceptual type, in bits."""
    return NEAR_DISTANCE if signal_type is SignalType.PDQ else PHASH_NEAR_DISTANCE


def search_radius(kind: ContentKind, signal_type: SignalType, *, wide: bool) -> int:
    """Return the distance searched, in bits: of a video's frames not at once the largest.

    Frames are many, and of most copies some are close. If nothing matches, some of them are
    searched `wide`.
    """
    if kind is ContentKind.PICTURE or signal_type is not SignalType.PDQ:
        return radius(signal_type)
    return WIDE_DISTANCE if wide else MATCH_DISTANCE


def judge(
    hits: Iterable[Hit], *, asked: Film = NO_FILM, stored: Mapping[int, Film] = _NONE_STORED
) -> list[Found]:
    """Return every entry that an item matches or is near, best verdict first, then by entry.

    `asked` is how much of a video the item is, `stored` how much each entry with frames is.
    """
    by_entry: dict[int, list[Hit]] = {}
    for hit in hits:
        if _counts(hit):
            by_entry.setdefault(hit.entry_id, []).append(hit)
    found = [
        _judged(entry_id, of_entry, asked, stored.get(entry_id, NO_FILM))
        for entry_id, of_entry in by_entry.items()
    ]
    return ranked(found)


def ranked(found: Iterable[Found]) -> list[Found]:
    """Return the best verdict on each entry, the best first, so many as an answer has."""
    order = sorted(found, key=lambda one: (one.verdict is not Verdict.MATCH, one.entry_id))
    best_of = {one.entry_id: one for one in reversed(order)}
    return [one for one in order if best_of[one.entry_id] is one][:MOST_MATCHES]


def best(found: Collection[Found]) -> Verdict:
    """Return the verdict on the item as a whole."""
    verdicts = {one.verdict for one in found}
    return next((v for v in (Verdict.MATCH, Verdict.NEAR) if v in verdicts), Verdict.NONE)


def _judged(entry_id: int, hits: list[Hit], asked: Film, stored: Film) -> Found:
    run = _common_run(hits, asked, stored)
    if run:
        return Found(entry_id, Verdict.MATCH, run.asked)
    alone = [hit for hit in hits if _matches(hit)]
    if alone:
        spans = [hit.asked for hit in alone if hit.asked]
        return Found(entry_id, Verdict.MATCH, min(spans, default=None))
    return Found(entry_id, Verdict.NEAR)


def _matches(hit: Hit) -> bool:
    """Whether this alone is a match: identical bytes, or a picture, on one side at least."""
    if hit.type is not SignalType.PDQ:
        return not hit.type.perceptual
    most = PART_MATCH_DISTANCE if _of_parts(hit) else MATCH_DISTANCE
    return hit.distance <= most and (hit.asked is None or hit.stored is None)


def _counts(hit: Hit) -> bool:
    """Whether a hit is near enough for what was compared."""
    return hit.distance <= PART_NEAR_DISTANCE or not _of_parts(hit)


def _of_parts(hit: Hit) -> bool:
    """Whether a later view, or a window of the larger set, is concerned."""
    return (hit.view or 0) >= COMMON_VIEWS or hit.window not in COMMON_WINDOWS


def _common_run(hits: list[Hit], asked: Film, stored: Film) -> Run | None:
    """The frames in one time order that two videos have in common, if they make a match."""
    fewest = max(1, min(asked.frames, stored.frames))
    pairs = [
        Pair(
            hit.asked_frame,
            hit.asked,
            hit.stored,
            hit.orientation,
            hit.distance,
            _evidence(hit.distance),
        )
        for hit in hits
        if hit.asked_frame is not None and hit.asked and hit.stored
    ]
    needed = min(VIDEO_FRAMES, fewest)
    if min(len({pair.place for pair in pairs}), len({pair.stored for pair in pairs})) < needed:
        return None
    run = best_run(pairs, PASSED_OVER)
    if run is None or run.frames < needed:
        return None
    if run.evidence < min(VIDEO_EVIDENCE, fewest * EVIDENCE[0][1]):
        return None
    shorter = min(asked.duration_ms, stored.duration_ms)
    return run if fewest >= VIDEO_FRAMES or run.covered_ms >= MOST * shorter else None


def _evidence(distance: int) -> float:
    return next((worth for bits, worth in EVIDENCE if distance <= bits), 0.0)


def fit(signal: Signal) -> bool:
    """Whether a signal is no perceptual one, or one that its algorithm makes of enough detail.

    What is not fit may not be in an entry, and finds nothing: plain content is like all other.
    """
    return not signal.type.perceptual or (
        (signal.quality or 0) >= QUALITY_BARS[signal.type] and _is_made(signal.value)
    )


def fit_view(view: ViewSignals) -> bool:
    """Whether all values of a view are as `fit` asks of a signal."""
    return view.quality >= QUALITY_BARS[SignalType.PDQ] and all(map(_is_made, view.values))


def unfit(content: ContentSignals) -> bool:
    """Whether a perceptual signal, of the whole or of a frame, is not fit. Windows are let go."""
    return not all(map(fit, (*content.signals, *(frame.signal for frame in content.frames))))


def _is_made(value: bytes) -> bool:
    return int.from_bytes(value).bit_count() in SET_BITS


def on_arrival(*, excluded: bool, other_cases: int, most_cases: int) -> HoldReason | None:
    """Why a new entry is held instead of matched at once, if it is."""
    if excluded:
        return HoldReason.EXCLUDED
    return HoldReason.MANY_CASES if other_cases >= most_cases else None


def too_many_matches(today: int, feedback: Iterable[Feedback], *, most: int) -> bool:
    """Whether an entry matches so often that a person should look; a confirmed one never does."""
    return today > most and Feedback.BLOCKED not in feedback


def disputed(feedback: Iterable[Feedback]) -> bool:
    """Whether enough platforms said that an entry is not what it claims. One word a platform."""
    return sum(said is Feedback.NOT_BLOCKED for said in feedback) >= DISPUTES


def may_hold(entry: Entry) -> bool:
    """Whether the service may quarantine this entry by itself: not what a person has released."""
    return entry.status is EntryStatus.ACTIVE and not entry.reviewed
