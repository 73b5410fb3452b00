# ruff: noqa: SLF001 (how many values a request holds is counted in one place)
from itertools import pairwise

from hashing import client
from hashing.media import timeline
from hashing.signals import (
    ORIENTATIONS,
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    ViewSignals,
)
from hashing.views.profile import Profile


def test_how_many_views_each_profile_takes() -> None:
    assert {profile.value: (profile.views, profile.frame_views) for profile in Profile} == {
        "plain": (0, 0),
        "fast": (4, 2),
        "thorough": (16, 4),
        "exhaustive": (30, 5),
    }


def test_each_profile_takes_more_than_the_one_before() -> None:
    for less, more in pairwise(Profile):
        assert less.views < more.views
        assert less.frame_views < more.frame_views


def test_the_longest_video_fits_into_one_request() -> None:
    """Of MAX_FRAMES frames, each with its own value and its views in eight orientations."""
    count = Profile.EXHAUSTIVE.frame_views
    assert timeline.MAX_FRAMES * (1 + ORIENTATIONS * count) < client.LOOKUP_VALUES
    view = ViewSignals("full", 100, (bytes(32),) * ORIENTATIONS)
    frame = FrameSignal(0, 0, Signal(SignalType.PDQ, bytes(32), 100), (view,) * count)
    video = ContentSignals(
        ContentKind.VIDEO, (Signal(SignalType.MD5, bytes(16)),), (frame,) * timeline.MAX_FRAMES
    )
    assert client._values(video) <= client.LOOKUP_VALUES
