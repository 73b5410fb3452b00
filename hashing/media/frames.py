"""Untrusted video to sampled luma frames with their times.

Containers are read by OpenCV's FFmpeg; animated GIF, WebP, PNG and AVIF by Pillow.
FFmpeg is told which one demuxer to use, by `formats.sniff`: otherwise it would believe file names
too (`clip%d.jpg` is a series of pictures to it). It is allowed the protocol "file" alone, so that a
video can refer to no other file and no address.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from hashing.errors import Damaged, TooLong, TooManyPixels, VideoSupportMissing
from hashing.luma import Luma
from hashing.media import animation
from hashing.media.formats import Format, sniff_file
from hashing.media.opening import Picture
from hashing.media.pixels import MAX_PIXELS, check_size, raster
from hashing.media.timeline import MAX_SECONDS, PERIOD_MS, due_after

if TYPE_CHECKING:
    import cv2

MAX_READ = 120 * MAX_SECONDS
"""Most frames read from a container, whatever times it claims: MAX_SECONDS at 120 a second."""
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_opening = threading.Lock()
"""Held while a file is opened: the environment belongs to all threads."""
_OPEN_MS = 10_000
_READ_MS = 20_000
"""Milliseconds after which FFmpeg gives up opening a file, or reading one frame."""
STRETCH = 40
"""Most frames of a stretch: ten seconds."""


class Frame(NamedTuple):
    """One sampled frame: its time, how far through the video it is (0–1), and its luma."""

    at_ms: int
    fraction: float
    luma: Luma


def stretches(sampled: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Yield the frames in order, in lists of at most STRETCH, each of frames of one shape."""
    stretch: list[Frame] = []
    for frame in sampled:
        if stretch and (len(stretch) == STRETCH or stretch[0].luma.shape != frame.luma.shape):
            yield stretch
            stretch = []
        stretch.append(frame)
    if stretch:
        yield stretch


def sample(
    path: Path, known: Format | None = None, *, period_ms: int = PERIOD_MS
) -> Iterator[Frame]:
    """Yield the first frame at or after each multiple of `period_ms`, in time order.

    `known` is the format, if it has been read from the first bytes already.
    Raises VideoSupportMissing, Damaged when nothing can be decoded, TooManyPixels, TooLong.
    A video that breaks off in the middle yields what came before.
    """
    due = 0
    for grabbed in _container(path, known):
        if grabbed.at_ms >= due:
            luma = raster(Image.fromarray(grabbed.decode()))
            yield Frame(grabbed.at_ms, grabbed.fraction, luma)
            due = due_after(grabbed.at_ms, period_ms)


def sample_animation(picture: Picture, *, period_ms: int = PERIOD_MS) -> Iterator[Frame]:
    """As `sample`, of an animated picture that `pixels.open_picture` has opened."""
    due = 0
    for shown in animation.shown(picture):
        if shown.at_ms >= due:
            yield Frame(int(shown.at_ms), shown.fraction, shown.luma())
            due = due_after(int(shown.at_ms), period_ms)


class _Grabbed(NamedTuple):
    """A frame that was read and not yet decoded. `decode` works until the next one is read."""

    at_ms: int
    fraction: float
    decode: Callable[[], Luma]


def _container(path: Path, known: Format | None) -> Iterator[_Grabbed]:
    """Yield every frame of a container, undecoded, with times that never decrease."""
    capture = _open(path, known)
    try:
        yield from _reads(capture)
    finally:
        capture.release()


def _reads(capture: cv2.VideoCapture) -> Iterator[_Grabbed]:
    import cv2  # noqa: PLC0415 (the optional `video` extra)

    claimed = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    rate = capture.get(cv2.CAP_PROP_FPS)
    step_ms = 1000 / rate if 0 < rate < 1000 else 40.0  # noqa: PLR2004 (no camera's rate)
    total = claimed if 0 < claimed < MAX_READ else 0
    at_ms, count = 0.0, 0
    decode = partial(_retrieved, capture)
    while capture.grab():
        position_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
        at_ms = max(at_ms, position_ms) if count == 0 or position_ms > 0 else at_ms + step_ms
        if at_ms > 1000 * MAX_SECONDS or count >= MAX_READ:
            raise TooLong
        yield _Grabbed(int(at_ms), min(count / total, 1.0) if total else 0.0, decode)
        count += 1
    if count == 0:
        raise Damaged


def _retrieved(capture: cv2.VideoCapture) -> Luma:
    """Decode the grabbed frame to grey. OpenCV gives blue, green and red of any video."""
    import cv2  # noqa: PLC0415 (the optional `video` extra)

    good, picture = capture.retrieve()
    if not good:
        raise Damaged
    check_size(picture.shape[1], picture.shape[0], MAX_PIXELS)  # as decoded, not as claimed
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _open(path: Path, known: Format | None) -> cv2.VideoCapture:
    for silent in ("OPENCV_LOG_LEVEL", "OPENCV_FFMPEG_LOGLEVEL"):  # read once, when cv2 is loaded
        os.environ.setdefault(silent, "-8" if "FFMPEG" in silent else "SILENT")
    try:
        import cv2  # noqa: PLC0415 (the optional `video` extra)
    except ImportError as err:
        raise VideoSupportMissing from err
    demuxer = (known or sniff_file(path)).value
    limits = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS),
        *(cv2.CAP_PROP_N_THREADS, 1),
    ]
    with _ffmpeg_options(f"protocol_whitelist;file|input_format;{demuxer}"):
        capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise Damaged
    width = capture.get(cv2.CAP_PROP_FRAME_WIDTH)
    height = capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if width * height > MAX_PIXELS:
        capture.release()
        raise TooManyPixels
    return capture


@contextmanager
def _ffmpeg_options(options: str) -> Iterator[None]:
    """Give FFmpeg options, by the environment: OpenCV (5.0) reads them there, and nowhere else.

    Afterwards the environment is as it was. Otherwise whoever opens another video in this process,
    or in one that it starts, would be bound to the demuxer of this one.
    """
    with _opening:
        before = os.environ.get(_OPTIONS)
        os.environ[_OPTIONS] = options
        try:
            yield
        finally:
            if before is None:
                del os.environ[_OPTIONS]
            else:
                os.environ[_OPTIONS] = before
