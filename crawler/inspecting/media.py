"""A child that decodes media. It is the only module that loads decoders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av  # noqa: F401 (loaded before the limits hold)
import cv2

from crawler.limits import CHILD_MEDIUM_SECONDS
from hashing.errors import ContentError, TooManyPixels
from hashing.hasher import hash_file, hash_sheet
from hashing.media.formats import Format
from hashing.media.sheets import Part
from hashing.submission import content_document
from hashing.views import picture, video  # noqa: F401 (the same)
from hashing.views.profile import Profile

SECONDS = CHILD_MEDIUM_SECONDS
Json = dict[str, Any]


def answering(profile: str) -> Callable[[int, Json], Json]:
    """Return what answers with the views of a profile."""
    cv2.setNumThreads(1)
    use = Profile(profile)

    def answer(medium: int, asked: Json) -> Json:
        """The document of a medium's signals, or the code of why it has none."""
        path = f"/proc/self/fd/{medium}"
        known = Format(asked["format"])
        try:
            if asked["tiles"] and not known.is_video:
                parts = [Part(*tile) for tile in asked["tiles"]]
                content = hash_sheet(Path(path).read_bytes(), parts, use=use, known=known)
            else:
                content = hash_file(path, use=use, known=known)
        except ContentError as err:
            return {"failed": err.code}
        except MemoryError:
            return {"failed": TooManyPixels().code}
        return {"content": content_document(content), "incomplete": content.incomplete}

    return answer
