"""Untrusted video to sampled luma frames with their times.

Containers go through OpenCV's FFmpeg; animated GIF, WebP, PNG and AVIF through Pillow.
FFmpeg is told the one demuxer that `formats.sniff` found, as it would else also believe names
(`clip%d.jpg` is a row of pictures to it), and the protocol "file" alone, so that a video can
name no other file and no address.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.errors import Damaged, TooLong, TooManyPixels, VideoSupportMissing
from hashing.media.formats import HEAD_BYTES, MPEG_SEQUENCE, sniff
from hashing.media.pixels import MAX_PIXELS, check_size, first_luma, guarded, raster

if TYPE_CHECKING:
    import cv2

Luma = NDArray[np.uint8]

PERIOD_MS = 250
"""Time between samples: at 4 a second a clip of a longer video still shares frames with it."""
MAX_SECONDS = 4 * 60 * 60
"""Longest video, in seconds."""
MAX_READ = 4 * 60 * 60 * 120
"""Most frames read from a container, whatever times it claims: MAX_SECONDS at 120 a second."""
MAX_ANIMATION = 10_000
"""Most frames of an animated picture that are looked at."""
MAX_ANIMATION_PIXELS = 8 * 2**30
"""Most pixels of all those frames together: a minute of HD at 60 a second. Every one is decoded
whole, so that a small file of many large frames would else keep a core for hours."""
_TIMED_BY_DECODING = frozenset({"WEBP", "AVIF"})
"""Formats of which Pillow tells a frame's duration only when that frame is decoded."""
_OPEN_MS = 10_000
_READ_MS = 20_000
"""Milliseconds after which FFmpeg gives up opening, or reading one frame."""


class Frame(NamedTuple):
    """One sampled frame: its time, how far through the video it is (0–1), and its luma."""

    at_ms: int
    fraction: float
    luma: Luma


STRETCH = 40
"""Frames looked at together: ten seconds."""


def stretches(sampled: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Yield frames in their order, up to STRETCH at once, those of a list all of one shape."""
    stretch: list[Frame] = []
    for frame in sampled:
        if stretch and (len(stretch) == STRETCH or stretch[0].luma.shape != frame.luma.shape):
            yield stretch
            stretch = []
        stretch.append(frame)
    if stretch:
        yield stretch


def sample(path: Path, *, period_ms: int = PERIOD_MS) -> Iterator[Frame]:
    """Yield the first frame at or after each multiple of `period_ms`, in time order.

    Raises VideoSupportMissing, Damaged when nothing can be decoded, TooManyPixels, TooLong.
    A video that breaks off in the middle yields what came before.
    """
    for at_ms, fraction, decode in _due(_container(path), period_ms):
        yield Frame(at_ms, fraction, raster(Image.fromarray(decode())))


def sample_animation(image: Image.Image, *, period_ms: int = PERIOD_MS) -> Iterator[Frame]:
    """As `sample`, of an animated picture that `pixels.open_picture` has opened."""
    count = min(getattr(image, "n_frames", 1), MAX_ANIMATION)
    if count * image.width * image.height > MAX_ANIMATION_PIXELS:
        raise TooLong
    due = 0
    at_ms = 0.0
    for index in range(count):
        guarded(lambda index=index: image.seek(index))  # type: ignore[misc]
        if at_ms >= due:
            yield Frame(int(at_ms), index / count, first_luma(image))
            due = (int(at_ms) // period_ms + 1) * period_ms
        if image.format in _TIMED_BY_DECODING:
            guarded(image.load)
        at_ms += float(image.info.get("duration", 0) or 100)
        if at_ms > 1000 * MAX_SECONDS:
            raise TooLong


class _Read(NamedTuple):
    at_ms: int
    fraction: float
    decode: Callable[[], Luma]


def _retrieved(capture: cv2.VideoCapture) -> Luma:
    """Decode the frame the capture stands at to grey; OpenCV gives blue, green, red of any."""
    import cv2  # noqa: PLC0415 (the optional `video` extra)

    good, picture = capture.retrieve()
    if not good:
        raise Damaged
    check_size(picture.shape[1], picture.shape[0], MAX_PIXELS)  # as decoded, not as claimed
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _due(reads: Iterator[_Read], period_ms: int) -> Iterator[_Read]:
    due = 0
    for read in reads:
        if read.at_ms >= due:
            yield read
            due = (read.at_ms // period_ms + 1) * period_ms


def _container(path: Path) -> Iterator[_Read]:
    """Yield every frame of a container, undecoded, with a time that never runs back."""
    capture = _open(path)
    try:
        yield from _reads(capture)
    finally:
        capture.release()


def _reads(capture: cv2.VideoCapture) -> Iterator[_Read]:
    import cv2  # noqa: PLC0415 (the optional `video` extra)

    claimed = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    rate = capture.get(cv2.CAP_PROP_FPS)
    step = 1000 / rate if 0 < rate < 1000 else 40.0  # noqa: PLR2004 (a claim nobody films at)
    total = claimed if 0 < claimed < MAX_READ else 0
    at_ms, read = 0.0, 0
    decode = partial(_retrieved, capture)
    while capture.grab():
        told = capture.get(cv2.CAP_PROP_POS_MSEC)
        at_ms = max(at_ms, told) if read == 0 or told > 0 else at_ms + step
        if at_ms > 1000 * MAX_SECONDS or read >= MAX_READ:
            raise TooLong
        yield _Read(int(at_ms), min(read / total, 1.0) if total else 0.0, decode)
        read += 1
    if read == 0:
        raise Damaged


def _demuxer(path: Path) -> str:
    """FFmpeg's name of the format; a bare MPEG video stream begins with its sequence header."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return "mpegvideo" if head.startswith(MPEG_SEQUENCE) else sniff(head).value


def _open(path: Path) -> cv2.VideoCapture:
    for silent in ("OPENCV_LOG_LEVEL", "OPENCV_FFMPEG_LOGLEVEL"):  # read once, when cv2 is loaded
        os.environ.setdefault(silent, "-8" if "FFMPEG" in silent else "SILENT")
    try:
        import cv2  # noqa: PLC0415 (the optional `video` extra)
    except ImportError as err:
        raise VideoSupportMissing from err
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
        f"protocol_whitelist;file|input_format;{_demuxer(path)}"
    )
    limits = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS),
        *(cv2.CAP_PROP_N_THREADS, 1),
    ]
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise Damaged
    width = capture.get(cv2.CAP_PROP_FRAME_WIDTH)
    height = capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if width * height > MAX_PIXELS:
        capture.release()
        raise TooManyPixels
    return capture
