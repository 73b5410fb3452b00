"""A child that decodes media. It is the only module that loads decoders."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hashing.errors import ContentError, TooManyPixels
from hashing.hasher import hash_file, hash_pictures, hash_sheet
from hashing.media.formats import Format
from hashing.media.sheets import Part
from hashing.signals import ContentSignals
from hashing.submission import content_document
from hashing.views.profile import Profile

Json = dict[str, Any]
Requests = Sequence[tuple[int, Json]]
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""From glibc's malloc.h."""
_KEPT_BYTES, _MAPPED_BYTES = 4 * 2**20, 2 * 2**20
"""What a copy keeps of freed memory: otherwise it asks the system for 1 MiB again for each step of
a small picture, which takes a tenth of its time."""


def answering(profile: str) -> Callable[[Requests], list[Json]]:
    """Return what answers with the views of a profile.

    Decoders are loaded before the limits hold; those of videos and HEIF by the copy that first
    meets one, as few media need them: they take 20 MB and a tenth of a second.
    """
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
    libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    use = Profile(profile)
    if use.views or use.frame_views:
        _load_views()

    def answer(requests: Requests) -> list[Json]:
        """The document of each medium's signals, or the code of why it has none."""
        if len(requests) == 1:
            return [_answer(*requests[0], use)]
        several = [
            (_path(medium).read_bytes(), Format(asked["format"])) for medium, asked in requests
        ]
        try:
            return [_document(each) for each in hash_pictures(several, use=use)]
        except MemoryError:
            return [_answer(medium, asked, use) for medium, asked in requests]

    return answer


def _load_views() -> None:
    import cv2  # noqa: PLC0415 (only some profiles have views)

    from hashing.views import picture, video  # noqa: F401, PLC0415 (the same)

    cv2.setNumThreads(1)


def _answer(medium: int, asked: Json, use: Profile) -> Json:
    known = Format(asked["format"])
    try:
        if asked["tiles"] and not known.is_video:
            parts = [Part(*tile) for tile in asked["tiles"]]
            return _document(hash_sheet(_path(medium).read_bytes(), parts, use=use, known=known))
        return _document(hash_file(_path(medium), use=use, known=known))
    except ContentError as err:
        return _document(err)
    except MemoryError:
        return _document(TooManyPixels())


def _path(medium: int) -> Path:
    return Path(f"/proc/self/fd/{medium}")


def _document(hashed: ContentSignals | ContentError) -> Json:
    if isinstance(hashed, ContentError):
        return {"failed": hashed.code}
    return {"content": content_document(hashed), "incomplete": hashed.incomplete}
