"""How much work a lookup is worth: how many views of each picture and video frame are made."""

from __future__ import annotations

from enum import StrEnum


class Profile(StrEnum):
    """What a platform chooses. docs/signals.md says what each finds, and what it costs."""

    PLAIN = "plain"
    FAST = "fast"
    THOROUGH = "thorough"
    EXHAUSTIVE = "exhaustive"

    @property
    def views(self) -> int:
        """Views of a picture at most, each in eight orientations; 0: the service makes those."""
        return _VIEWS[self][0]

    @property
    def frame_views(self) -> int:
        """The same of each frame of a video."""
        return _VIEWS[self][1]


_VIEWS = {
    Profile.PLAIN: (0, 0),
    Profile.FAST: (4, 2),
    Profile.THOROUGH: (16, 4),
    Profile.EXHAUSTIVE: (30, 5),
}
