"""A file of content to its signals: picks the decoder, applies each signal's quality bar."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from hashing import frames, pdq, phash, pixels
from hashing.errors import TooManyBytes, TooPlain, Unreadable
from hashing.formats import HEAD_BYTES, sniff
from hashing.signals import ContentKind, ContentSignals, FrameSignal, Signal, SignalType
from hashing.timeline import fold

Luma = NDArray[np.uint8]
Progress = Callable[[float], None]

MAX_VIDEO_BYTES = 8 * 2**30
"""Largest video read, in bytes: about four hours from a phone."""
EXACT_ONLY_BAR = 10
"""A video whose best frame has at least this PDQ quality, but none passes the bar (a dark room),
still gets its exact signals; below, it is as plain as a blank screen."""
ANIMATED = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
"""Formats of which several images are one moving picture. Of a TIFF or HEIF they are pages,
thumbnails or a burst, and the first is what other programs show."""
_CHUNK = 8 * 2**20


def hash_file(path: Path | str, progress: Progress | None = None) -> ContentSignals:
    """Return every signal of one picture or video.

    `progress` is called with the part done, 0 to 1, while a video is read.
    Raises a ContentError; its message says what to do next.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a pipe or device would be waited for without end
            raise Unreadable
        with path.open("rb") as file:
            return _hash(file, path, progress or (lambda _: None))
    except OSError as err:
        raise Unreadable from err


def hash_picture(untrusted: bytes) -> ContentSignals:
    """Return the signals of a picture held in memory; an animated one is taken as a video."""
    exact = _exact([untrusted])
    with pixels.open_picture(untrusted) as image:
        if image.format in ANIMATED and getattr(image, "n_frames", 1) > 1:
            return _video(exact, frames.sample_animation(image), lambda _: None)
        return ContentSignals(
            ContentKind.PICTURE, (*perceptual_signals(pixels.first_luma(image)), *exact)
        )


def perceptual_signals(luma: Luma) -> tuple[Signal, ...]:
    """Return the PDQ and pHash signals of an upright luma that pass their bars.

    Raises TooPlain when none does.
    """
    found = []
    for kind, algorithm in ((SignalType.PDQ, pdq), (SignalType.PHASH, phash)):
        value, quality = algorithm.compute(luma)
        if quality >= algorithm.QUALITY_BAR:
            found.append(Signal(kind, value, quality))
    if not found:
        raise TooPlain
    return tuple(found)


def _hash(file: BinaryIO, path: Path, progress: Progress) -> ContentSignals:
    size = path.stat().st_size
    head = file.read(HEAD_BYTES)
    found = sniff(head)
    if size > (MAX_VIDEO_BYTES if found.is_video else pixels.MAX_BYTES):
        raise TooManyBytes
    file.seek(0)
    if found.is_video:
        return _video(_exact(_chunks(file, progress)), frames.sample(path), progress)
    return hash_picture(file.read(pixels.MAX_BYTES + 1))


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
    exact: tuple[Signal, ...], sampled: Iterator[frames.Frame], progress: Progress
) -> ContentSignals:
    best = 0
    kept = []
    for frame in sampled:
        value, quality = pdq.compute(frame.luma)
        best = max(best, quality)
        if quality >= pdq.QUALITY_BAR:
            signal = Signal(SignalType.PDQ, value, quality)
            kept.append(FrameSignal(frame.at_ms, frame.at_ms, signal))
        progress(frame.fraction)
    if best < EXACT_ONLY_BAR:
        raise TooPlain
    return ContentSignals(ContentKind.VIDEO, exact, fold(kept))
