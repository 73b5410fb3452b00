"""A file of content to its signals: picks the decoder, applies each signal's quality bar.

An owner's device hashes for an entry: the whole and its windows. A platform hashes for a lookup,
with the views of a profile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from hashing import windows
from hashing.algorithms import pdq, phash
from hashing.errors import TooManyBytes, TooPlain, Unreadable, ViewSupportMissing
from hashing.media import frames, pixels
from hashing.media.formats import HEAD_BYTES, sniff
from hashing.media.timeline import fold
from hashing.signals import (
    FULL_VIEW,
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    ViewSignals,
)
from hashing.views.profile import Profile
from hashing.windows import WindowSet

Luma = NDArray[np.uint8]
Progress = Callable[[float], None]
Use = WindowSet | Profile
"""What the signals are for: an entry with so many windows, or a lookup with so many views."""

MAX_VIDEO_BYTES = 8 * 2**30
"""Largest video read, in bytes: about four hours from a phone."""
EXACT_ONLY_BAR = 10
"""A video whose best frame has at least this PDQ quality, but none passes the bar (a dark room),
still gets its exact signals; below, it is as plain as a blank screen."""
ANIMATED = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
"""Formats of which several images are one moving picture. Of a TIFF or HEIF they are pages,
thumbnails or a burst, and the first is what other programs show."""
_CHUNK = 8 * 2**20


def hash_file(
    path: Path | str,
    progress: Progress | None = None,
    *,
    use: Use = WindowSet.STANDARD,
) -> ContentSignals:
    """Return every signal of one picture or video that this use of them has.

    `progress` is called with the part done, 0 to 1, while a video is read.
    Raises a ContentError; its message says what to do next.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a pipe or device would be waited for without end
            raise Unreadable
        with path.open("rb") as file:
            return _hash(file, path, progress or (lambda _: None), use)
    except OSError as err:
        raise Unreadable from err


def hash_picture(untrusted: bytes, *, use: Use = WindowSet.STANDARD) -> ContentSignals:
    """Return the signals of a picture held in memory; an animated one is taken as a video."""
    exact = _exact([untrusted])
    with pixels.open_picture(untrusted) as image:
        if image.format in ANIMATED and getattr(image, "n_frames", 1) > 1:
            return _video(exact, frames.sample_animation(image), lambda _: None, use)
        luma = pixels.first_luma(image)
    if isinstance(use, WindowSet):
        whole, stored = perceptual_signals(luma), windows.compute(luma, use)
        return ContentSignals(ContentKind.PICTURE, (*whole, *exact), windows=stored)
    seen = _views(luma, use.views)
    return ContentSignals(ContentKind.PICTURE, (*_asked_signals(luma, seen), *exact), views=seen)


def perceptual_signals(luma: Luma) -> tuple[Signal, ...]:
    """Return the PDQ and pHash signals of an upright luma that pass their bars.

    Raises TooPlain when none does.
    """
    found = _above_bar(luma, SignalType.PDQ, SignalType.PHASH)
    if not found:
        raise TooPlain
    return found


_ALGORITHMS = {SignalType.PDQ: pdq, SignalType.PHASH: phash}


def _above_bar(luma: Luma, *kinds: SignalType) -> tuple[Signal, ...]:
    found = []
    for kind in kinds:
        algorithm = _ALGORITHMS[kind]
        value, quality = algorithm.compute(luma)
        if quality >= algorithm.QUALITY_BAR:
            found.append(Signal(kind, value, quality))
    return tuple(found)


def _asked_signals(luma: Luma, seen: tuple[ViewSignals, ...]) -> tuple[Signal, ...]:
    """A picture in a wide margin may be too plain as a whole, and still be known by a view."""
    if not seen:
        return perceptual_signals(luma)
    whole = [view for view in seen if view.view == FULL_VIEW]
    signals = [Signal(SignalType.PDQ, view.values[0], view.quality) for view in whole]
    return (*signals, *_above_bar(luma, SignalType.PHASH))


def _views(luma: Luma, count: int) -> tuple[ViewSignals, ...]:
    """The best views, so many; none without loading OpenCV, which only they need."""
    if not count:
        return ()
    try:
        from hashing.views import picture  # noqa: PLC0415 (an owner's device has no need of it)
    except ImportError as err:
        raise ViewSupportMissing from err
    return picture.compute(luma, count)


def _hash(file: BinaryIO, path: Path, progress: Progress, use: Use) -> ContentSignals:
    size = path.stat().st_size
    head = file.read(HEAD_BYTES)
    found = sniff(head)
    if size > (MAX_VIDEO_BYTES if found.is_video else pixels.MAX_BYTES):
        raise TooManyBytes
    file.seek(0)
    if found.is_video:
        exact = _exact(_chunks(file, progress))
        return _video(exact, frames.sample(path), progress, use)
    return hash_picture(file.read(pixels.MAX_BYTES + 1), use=use)


def _chunks(file: BinaryIO, progress: Progress) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
        progress(0.0)  # a sign of life: a slow disk may need minutes for a long video


def _exact(chunks: Iterable[bytes]) -> tuple[Signal, ...]:
    """MD5 is what StopNCII's partners exchange for videos; it protects nothing."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    for chunk in chunks:
        md5.update(chunk)
        sha256.update(chunk)
    return Signal(SignalType.MD5, md5.digest()), Signal(SignalType.SHA256, sha256.digest())


def _video(
    exact: tuple[Signal, ...], sampled: Iterator[frames.Frame], progress: Progress, use: Use
) -> ContentSignals:
    best = 0
    kept: list[FrameSignal] = []
    for stretch in frames.stretches(sampled):
        computed = []
        for frame in stretch:
            computed.append(pdq.compute(frame.luma))
            progress(frame.fraction)
        best = max(best, *(quality for _, quality in computed))
        seen = _views_of(stretch, use)
        for frame, (value, quality), views in zip(stretch, computed, seen, strict=True):
            if quality >= pdq.QUALITY_BAR:
                signal = Signal(SignalType.PDQ, value, quality)
                kept.append(FrameSignal(frame.at_ms, frame.at_ms, signal, views))
    if best < EXACT_ONLY_BAR:
        raise TooPlain
    return ContentSignals(ContentKind.VIDEO, exact, fold(kept))


def _views_of(stretch: Sequence[frames.Frame], use: Use) -> list[tuple[ViewSignals, ...]]:
    if not isinstance(use, Profile) or not use.frame_views:
        return [()] * len(stretch)
    try:
        from hashing.views import video  # noqa: PLC0415 (as above)
    except ImportError as err:  # an animated picture is decoded without OpenCV
        raise ViewSupportMissing from err
    return video.of_stretch([frame.luma for frame in stretch], use.frame_views)
