"""Videos of the demo: filmed here over photographs, and what re-uploaders do to a video.

Everything through OpenCV, which the demo has anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import edits_frames as frames
from benchmarks import edits_pixels as pixels
from benchmarks import edits_screens as screens

Picture = NDArray[np.uint8]
Draw = Callable[[Picture], Picture]

SIZE = (640, 360)
RATE = 15
LONGEST = 480
"""Longer side of an edited video, in pixels."""
SECONDS = 20
"""Of somebody's own video, so many seconds are edited, at about `RATE` frames a second."""
CLIP = (2, 12)
"""Seconds of the video that are put into another one."""


class Film(NamedTuple):
    """Decoded frames, and how many of them are a second."""

    frames: list[Picture]
    rate: float


class Clip(NamedTuple):
    """A video with ours in it, and where that is, in seconds."""

    path: Path
    begins: float
    ends: float


def filmed(photographs: list[Path], target: Path, seconds_each: int) -> Path:
    """Move and zoom slowly over photographs into an MP4."""
    steps = RATE * seconds_each
    shown = []
    for photograph in photographs:
        with Image.open(photograph) as opened:
            picture = opened.convert("RGB")
        shown += [_window(picture, step / steps) for step in range(steps)]
    return _written(target, shown, RATE)


def read(source: Path) -> Film:
    """Decode the first seconds of a video, small and not too often a second."""
    capture = cv2.VideoCapture(str(source))
    rate = capture.get(cv2.CAP_PROP_FPS) or 25.0
    every = max(1, round(rate / RATE))
    found: list[Picture] = []
    number = 0
    while len(found) * every < SECONDS * rate and capture.grab():
        good, frame = capture.retrieve() if number % every == 0 else (False, None)
        if good and frame is not None:
            found.append(pixels.shrunk(np.asarray(frame[:, :, ::-1], np.uint8), longest=LONGEST))
        number += 1
    capture.release()
    return Film(found, rate / every)


def smaller(film: Film, target: Path) -> Path:
    """Every second frame, at two thirds of the size, as another codec in another container."""
    small = (pixels.resized(frame, times=2 / 3) for frame in film.frames[::2])
    return _written(target.with_suffix(".avi"), small, film.rate / 2, codec="MJPG")


def faster(film: Film, target: Path) -> Path:
    """A quarter faster: every fifth frame left out."""
    kept = (frame for number, frame in enumerate(film.frames) if number % 5 != 4)  # noqa: PLR2004
    return _written(target, kept, film.rate)


def drawn(film: Film, target: Path, *, draw: Draw) -> Path:
    """Every frame changed in the same way."""
    return _written(target, map(draw, film.frames), film.rate)


def clipped(film: Film, host: Film, target: Path) -> Clip:
    """Some seconds of a video in the middle of another one, cut to its shape."""
    rate = film.rate
    first, last = (round(second * rate) for second in CLIP)
    ours = film.frames[first:last] or film.frames
    high, wide = ours[0].shape[:2]
    around = [frames.covering(frame, wide, high) for frame in host.frames]
    middle = len(around) // 2
    _written(target, [*around[:middle], *ours, *around[middle:]], rate)
    return Clip(target, middle / rate, (middle + len(ours)) / rate)


def _recorded(frame: Picture) -> Picture:
    """As a phone's screen shows it, the same around every frame."""
    around = np.random.default_rng(1)
    shown = screens.screenshot(frame, around, share=0.55, margin=0, theme="dark")
    return pixels.shrunk(shown, longest=640)


EDITS: dict[str, Callable[[Film, Path], Path]] = {
    "smaller, half the frames, re-encoded": smaller,
    "a quarter faster": faster,
    "mirror image": partial(drawn, draw=pixels.mirrored),
    "cropped by 10 %": partial(drawn, draw=partial(pixels.cropped, off=0.10)),
    "between black bars": partial(drawn, draw=partial(frames.letterboxed, share=0.25)),
    "a phone's screen recording": partial(drawn, draw=_recorded),
}


def _window(picture: Image.Image, moved: float) -> Picture:
    """Part of a picture, 16:9, which travels and shrinks as `moved` goes from 0 to 1."""
    width = picture.width * (0.95 - 0.35 * moved)
    height = min(width * SIZE[1] / SIZE[0], picture.height)
    left = (picture.width - width) * moved
    top = (picture.height - height) * (1 - moved)
    box = (int(left), int(top), int(left + width), int(top + height))
    return np.asarray(picture.resize(SIZE, Image.Resampling.BICUBIC, box))


def _written(target: Path, shown: Iterable[Picture], rate: float, codec: str = "mp4v") -> Path:
    writer = None
    for frame in shown:
        high, wide = (side // 2 * 2 for side in frame.shape[:2])
        if writer is None:
            code = cv2.VideoWriter.fourcc(*codec)
            writer = cv2.VideoWriter(str(target), code, rate, (wide, high))
        writer.write(np.ascontiguousarray(frame[:high, :wide, ::-1]))
    if writer is None:
        raise SystemExit(f"No frame could be read for {target.name}.")
    writer.release()
    return target
