"""What is known of new content before it is admitted: what the exclude bank holds near it.

The bank is not searched: how long a submission takes would tell whether somebody has reported the
same content. Other cases that have it are counted by the worker (`service.workflows.reconcile`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from hashing.signals import ContentSignals
from service.domain import admission
from service.domain.admission import is_matchable
from service.replica.follower import Replica
from service.search.exclusion import are_excluded


class Precedents(NamedTuple):
    """What is known of one content."""

    content: ContentSignals
    """Without windows of low detail, and without windows and frames near the exclude bank."""
    excluded: bool
    """Whether a signal of the whole, or most frames, are near the exclude bank."""


def of_contents(replica: Replica, contents: Sequence[ContentSignals]) -> list[Precedents]:
    """Return what is known of each content, in order."""
    return [_of_content(replica, content) for content in contents]


def _of_content(replica: Replica, content: ContentSignals) -> Precedents:
    whole = are_excluded(replica.searcher, [(one.type, one.value) for one in content.signals])
    of_frames = [(frame.signal.type, frame.signal.value) for frame in content.frames]
    flags = are_excluded(replica.searcher, of_frames)
    usable = _with_usable_windows(replica, content)
    if any(whole) or admission.is_mostly_excluded(sum(flags), len(flags)):
        return Precedents(usable, excluded=True)
    frames = (one for one, flag in zip(content.frames, flags, strict=True) if not flag)
    return Precedents(replace(usable, frames=tuple(frames)), excluded=False)


def _with_usable_windows(replica: Replica, content: ContentSignals) -> ContentSignals:
    windows = [one for one in content.windows if is_matchable(one.signal)]
    signals = [(one.signal.type, one.signal.value) for one in windows]
    excluded = are_excluded(replica.searcher, signals)
    kept = (window for window, flag in zip(windows, excluded, strict=True) if not flag)
    return replace(content, windows=tuple(kept))
