"""How each edit of a video is done, frame by frame or in time: what `film_edits` names.

An act takes the source, the target, the generator of every random choice, and the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks import film_codec as codec
from benchmarks.edits_frames import blank, font, letterboxed, paste, with_text
from benchmarks.edits_pixels import cropped, mirrored, scaled
from benchmarks.edits_screens import screenshot

Picture = NDArray[np.uint8]
Random = np.random.Generator
Size = tuple[int, int]
Draw = Callable[[Picture, float], Picture]
Prepare = Callable[[Size, Random], Draw]
"""Takes width and height and the generator; the act it returns takes a frame and its seconds."""

LONGEST = 400
"""Longer side of an edited video's picture, in pixels."""
ROOMY = 640
"""The same where ours is an inset."""
TOTAL = 60.0
"""Seconds of a video in which ours is embedded: the host is before and after it."""
TALLEST = 0.6
"""Of the height, what an inset may take at most."""
EDGE = (0.02, 0.05)
"""From an inset to the frame's edges, of the frame's width."""
PHONE_HIGH = 640
"""Longer side of a screen recording, in pixels: the picture in it is as small as it looks."""
KEY = (255, 0, 255)
"""Stands for the picture while the interface around it is drawn."""


def encoded(source: Path, target: Path, _rng: Random, _host: Path, *, kind: str, crf: int) -> None:
    """Encode again, strongly."""
    known = codec.about(source)
    shown = codec.frames(source, codec.within(known, LONGEST))
    codec.write(target, shown, known.rate, codec=kind, crf=crf)


def smaller(source: Path, target: Path, _rng: Random, _host: Path, *, times: float) -> None:
    """Scale the video as it is."""
    known = codec.about(source)
    size = codec.even(known.wide * times), codec.even(known.high * times)
    codec.write(target, codec.frames(source, size), known.rate)


# Drawn frame by frame


def drawn(source: Path, target: Path, rng: Random, _host: Path, *, prepare: Prepare) -> None:
    """Change every frame."""
    known = codec.about(source)
    size = codec.within(known, LONGEST)
    draw = prepare(size, rng)
    rate = float(known.rate)
    shown = (draw(frame, number / rate) for number, frame in enumerate(codec.frames(source, size)))
    codec.write(target, shown, known.rate)


def grey(_size: Size, _rng: Random) -> Draw:
    """Take the colour out."""
    return lambda frame, _: np.asarray(
        cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8
    )


def mirror(_size: Size, _rng: Random) -> Draw:
    """Swap left and right."""
    return lambda frame, _: mirrored(frame)


def crop(_size: Size, _rng: Random, *, off: float) -> Draw:
    """Keep the centre."""
    return lambda frame, _: cropped(frame, off=off)


def letterbox(_size: Size, _rng: Random, *, share: float) -> Draw:
    """Add black above and below."""
    return lambda frame, _: letterboxed(frame, share=share)


def text(size: Size, rng: Random, *, share: float) -> Draw:
    """Write the same words over every frame."""
    salt = int(rng.integers(1 << 30))
    on_black, on_white = (
        with_text(blank(*size, level), np.random.default_rng(salt), share=share)
        for level in (0, 255)
    )
    clear = (on_white.astype(np.float32) - on_black) / 255
    return lambda frame, _: (frame * clear + on_black).clip(0, 255).astype(np.uint8)


def recorded(size: Size, rng: Random, *, shares: tuple[float, float]) -> Draw:
    """Play within an app on a phone, which records its screen.

    The status bar counts how long it records, and a player's bar grows beneath the picture.
    """
    share = float(rng.uniform(*shares))
    salt = int(rng.integers(1 << 30))
    key = blank(*size, KEY)
    look = screenshot(key, np.random.default_rng(salt), share=share, margin=0, theme="either")
    wide, high = (codec.even(side * PHONE_HIGH / look.shape[0]) for side in look.shape[1::-1])
    left, top, right, bottom = _keyed(look, wide, high)
    around = scaled(look, wide=wide, high=high)

    def draw(frame: Picture, at: float) -> Picture:
        screen = around.copy()
        paste(screen, scaled(frame, wide=right - left, high=bottom - top), left, top)
        return _playing(screen, at, (left, right, bottom))

    return draw


def _keyed(look: Picture, wide: int, high: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of where the picture belongs, once scaled."""
    rows, columns = np.nonzero((look == KEY).all(axis=2))
    across, down = wide / look.shape[1], high / look.shape[0]
    left, right = int(columns.min() * across), int(np.ceil((columns.max() + 1) * across))
    top, bottom = int(rows.min() * down), int(np.ceil((rows.max() + 1) * down))
    return left, top, min(right, wide), min(bottom, high)


def _playing(screen: Picture, at: float, place: tuple[int, int, int]) -> Picture:
    """Show how long the recording and the playing have gone on."""
    left, right, bottom = place
    played = left + round((right - left) * (at % 60) / 60)
    screen[bottom - 3 : bottom, left:right] = 150
    screen[bottom - 3 : bottom, left:played] = (230, 40, 50)
    middle, high = screen.shape[1] // 2, max(8, screen.shape[0] // 50)
    badge = Image.new("RGB", (high * 4, high + 4), (220, 40, 45))
    words = f"● {int(at) // 60}:{int(at) % 60:02}"
    ImageDraw.Draw(badge).text((high * 2, high // 2 + 2), words, "white", font(high * 0.8), "mm")
    paste(screen, np.array(badge), middle - high * 2, 4)
    return screen


# In time


def timed(
    source: Path,
    target: Path,
    _rng: Random,
    _host: Path,
    *,
    kept: tuple[float, float] = (0.0, 1.0),
    speed: float = 1.0,
    every: int = 1,
) -> None:
    """Keep a part of the time, play it at another speed, or take one of `every` frames."""
    known = codec.about(source)
    first, last = (round(known.length * part) for part in kept)
    shown = islice(codec.frames(source, codec.within(known, LONGEST)), first, last)
    codec.write(target, stepped(shown, speed * every), known.rate / every)


def stepped(pictures: Iterator[Picture], step: float) -> Iterator[Picture]:
    """Yield frame ⌊n × step⌋ for n = 0, 1, …: faster above 1, slower below."""
    given = 0
    for number, picture in enumerate(pictures):
        while int(given * step) == number:
            yield picture
            given += 1


def embedded(source: Path, target: Path, rng: Random, host: Path, *, seconds: float) -> None:
    """Put a clip, from anywhere in the video, anywhere into the host, whose length stays.

    The host is cut to the video's shape, and plays on after the clip from where it was.
    """
    known = codec.about(source)
    size = codec.within(known, LONGEST)
    rate = known.rate
    length = min(known.length, round(seconds * rate))
    first = int(rng.integers(known.length - length + 1))
    after = round(rng.uniform(0.1, 0.9) * (TOTAL * float(rate) - length))
    clip = islice(codec.frames(source, size), first, first + length)
    around = _host_frames(host, rate, size)
    total = round(TOTAL * float(rate))

    def joined() -> Iterator[Picture]:
        yield from islice(around, after)
        yield from clip
        yield from islice(around, total - after - length)

    codec.write(target, joined(), rate)


def _host_frames(host: Path, rate: Fraction, size: Size) -> Iterator[Picture]:
    """Yield a host's frames at another rate, cut to a shape, over and over."""
    known = codec.about(host)
    times = max(size[0] / known.wide, size[1] / known.high)
    near = (
        max(size[0], codec.even(known.wide * times)),
        max(size[1], codec.even(known.high * times)),
    )
    left, top = (near[0] - size[0]) // 2, (near[1] - size[1]) // 2
    while True:
        for frame in stepped(codec.frames(host, near), float(known.rate / rate)):
            yield frame[top : top + size[1], left : left + size[0]]


# Two at once


def inset(
    source: Path,
    target: Path,
    rng: Random,
    host: Path,
    *,
    widths: tuple[float, float],
    ours: Literal["inset", "ground"],
) -> None:
    """Show one video in a corner of the other, for as long as ours lasts."""
    known = codec.about(source)
    under = known if ours == "ground" else codec.about(host)
    size = codec.within(under, LONGEST if ours == "ground" else ROOMY)
    over = codec.about(host) if ours == "ground" else known
    wide, high = _inset_size(over, size, float(rng.uniform(*widths)))
    edge = round(float(rng.uniform(*EDGE)) * size[0])
    left = int(rng.choice([edge, size[0] - wide - edge]))
    top = int(rng.choice([edge, size[1] - high - edge]))
    if ours == "ground":
        ground, small = codec.frames(source, size), _host_frames(host, known.rate, (wide, high))
    else:
        ground, small = _host_frames(host, known.rate, size), codec.frames(source, (wide, high))

    def both() -> Iterator[Picture]:
        for frame, corner in zip(ground, small, strict=False):
            paste(frame, corner, left, top)
            yield frame

    codec.write(target, both(), known.rate)


def _inset_size(known: codec.About, size: Size, share: float) -> Size:
    wide = min(share * size[0], TALLEST * size[1] * known.wide / known.high)
    return codec.even(wide), codec.even(wide * known.high / known.wide)
