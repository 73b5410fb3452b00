"""The profiles of a lookup: how many views of each picture and video frame are made."""

from __future__ import annotations

from enum import StrEnum


class Profile(StrEnum):
    """The platform's choice: docs/accuracy.md has what each finds, docs/operating.md its cost."""

    PLAIN = "plain"
    FAST = "fast"
    THOROUGH = "thorough"
    EXHAUSTIVE = "exhaustive"

    @property
    def views(self) -> int:
        """Most views of a picture, each in eight orientations. With 0, the service adds those."""
        return _VIEWS[self][0]

    @property
    def frame_views(self) -> int:
        """Most views of each frame of a video, as `views`."""
        return _VIEWS[self][1]


_VIEWS = {
    Profile.PLAIN: (0, 0),
    Profile.FAST: (4, 2),
    Profile.THOROUGH: (16, 4),
    Profile.EXHAUSTIVE: (30, 5),
}
"""(of a picture, of a frame)"""
