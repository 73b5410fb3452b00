"""The decisions: what is a match, what is held for review. All thresholds are here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hashing.signals import ContentSignals, SignalType
from service.domain.case import Entry, EntryStatus, HoldReason
from service.domain.sighting import Feedback, Verdict

MATCH_DISTANCE = 31
"""Bits of PDQ: what StopNCII, HMA and the PDQ paper use."""
NEAR_DISTANCE = 48
"""Bits of PDQ: none of 4.2 billion unrelated comparisons came so near (hash-quality, 2026)."""
PHASH_NEAR_DISTANCE = 40
"""Bits of the 256-bit pHash. Alone it never makes a match: a person should look."""
EXCLUDE_DISTANCE = MATCH_DISTANCE
"""Bits of PDQ or pHash to content of the exclude bank, within which nothing matches."""
VIDEO_FRAMES = 2
"""Frames of a video that must be found in another: single ones are title cards and black fades."""
QUALITY_BARS = {SignalType.PDQ: 50, SignalType.PHASH: 60}
"""Below, the device makes no signal, and an entry may not have one."""
SET_BITS = range(96, 161)
"""Bits set in a perceptual value. Both types set those above a median: 128, a few less on ties.
Real feeds have carried values of zeros alone, which are near nothing and break readers."""
DISPUTES = 2
"""Platforms that must have said `not_blocked` before an entry is disputed."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One signal of an item found near one signal of an entry."""

    entry_id: int
    type: SignalType
    distance: int
    asked_frame: int | None
    """Which frame of the item; None for a signal of the whole."""
    stored_frame: bool
    """Whether the entry's signal is a frame's."""


@dataclass(frozen=True, slots=True)
class Found:
    """The verdict on one entry for one item."""

    entry_id: int
    verdict: Verdict


def radius(signal_type: SignalType) -> int:
    """Return the largest distance that can matter for a perceptual type, in bits."""
    return NEAR_DISTANCE if signal_type is SignalType.PDQ else PHASH_NEAR_DISTANCE


def judge(hits: Iterable[Hit], *, asked_frames: int) -> list[Found]:
    """Return every entry that an item matches or is near, best verdict first, then by entry.

    `asked_frames` is how many frame signals the item has.
    """
    by_entry: dict[int, list[Hit]] = {}
    for hit in hits:
        by_entry.setdefault(hit.entry_id, []).append(hit)
    found = [
        Found(entry_id, Verdict.MATCH if _matches(of_entry, asked_frames) else Verdict.NEAR)
        for entry_id, of_entry in by_entry.items()
    ]
    return sorted(found, key=lambda one: (one.verdict is not Verdict.MATCH, one.entry_id))


def best(found: Collection[Found]) -> Verdict:
    """Return the verdict on the item as a whole."""
    verdicts = {one.verdict for one in found}
    return next((v for v in (Verdict.MATCH, Verdict.NEAR) if v in verdicts), Verdict.NONE)


def _matches(hits: list[Hit], asked_frames: int) -> bool:
    if any(not hit.type.perceptual for hit in hits):
        return True
    close = [hit for hit in hits if hit.type is SignalType.PDQ and hit.distance <= MATCH_DISTANCE]
    if any(hit.asked_frame is None or not hit.stored_frame for hit in close):
        return True
    frames = {hit.asked_frame for hit in close}
    return len(frames) >= min(VIDEO_FRAMES, asked_frames) > 0


def unfit(content: ContentSignals) -> bool:
    """Whether a perceptual signal is below its bar, or is no value that its algorithm makes."""
    return any(
        (signal.quality or 0) < QUALITY_BARS[signal.type]
        or int.from_bytes(signal.value).bit_count() not in SET_BITS
        for signal in (*content.signals, *(frame.signal for frame in content.frames))
        if signal.type.perceptual
    )


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
