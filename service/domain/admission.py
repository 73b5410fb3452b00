"""Which signals are good enough to be matched; which entries are held, or concern a reviewer."""

from __future__ import annotations

from collections.abc import Iterable

from hashing.signals import ContentSignals, Signal, SignalType, ViewSignals
from service.domain.case import Entry, EntryStatus, HoldReason
from service.domain.sighting import Feedback

QUALITY_BARS = {SignalType.PDQ: 50, SignalType.PHASH: 60}
"""Below this quality the device makes no signal, and no entry may have one."""
SET_BITS = range(96, 161)
"""How many bits of a perceptual value are 1. Both types set the bits above a median: 128 of them, a
few less on ties. Real feeds have carried values of all zeros, which crash other readers."""


def is_matchable(signal: Signal) -> bool:
    """Whether a signal may be searched for and stored: exact, or perceptual with enough detail.

    Low-detail content is near everything else of low detail, so it would match all of that.
    """
    return not signal.type.perceptual or (
        (signal.quality or 0) >= QUALITY_BARS[signal.type] and _is_plausible(signal.value)
    )


def is_matchable_view(view: ViewSignals) -> bool:
    """Whether all values of a view are what `is_matchable` demands of a signal."""
    return view.quality >= QUALITY_BARS[SignalType.PDQ] and all(map(_is_plausible, view.values))


def has_unmatchable(content: ContentSignals) -> bool:
    """Whether any signal of the whole or of a frame is not matchable. Windows are not checked."""
    every = (*content.signals, *(frame.signal for frame in content.frames))
    return not all(map(is_matchable, every))


def _is_plausible(value: bytes) -> bool:
    return int.from_bytes(value).bit_count() in SET_BITS


def hold_on_arrival(*, excluded: bool) -> HoldReason | None:
    """Return why a new entry is held instead of matched at once; None if it is not.

    Only the operator's exclude bank holds. Whatever others can bring about, such as cases with the
    same content, at most concerns a reviewer: else whoever has a copy takes the owner's protection.
    """
    return HoldReason.EXCLUDED if excluded else None


def is_mostly_excluded(excluded: int, frames: int) -> bool:
    """Whether so many frames of a video are near the exclude bank that all of it is held.

    Fewer are left out, as windows are: whoever spreads a video may put a well-known picture into
    it, and its owner may have no other copy.
    """
    return 2 * excluded > frames


def is_in_many_cases(other_cases: int, *, most: int) -> bool:
    """Whether so many other cases have the same content that a person should look."""
    return other_cases >= most


def too_many_matches(today: int, feedback: Iterable[Feedback], *, most: int) -> bool:
    """Whether an entry matches so often that a person should look. Never for a confirmed one."""
    return today > most and Feedback.BLOCKED not in feedback


def may_hold(entry: Entry) -> bool:
    """Whether the service may quarantine this entry by itself: not one that a person released."""
    return entry.status is EntryStatus.ACTIVE and not entry.reviewed
