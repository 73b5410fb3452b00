"""Content hashed by the page beside Python, and pictures and films drawn for it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image

from hashing import hash_file
from hashing.errors import ContentError
from hashing.submission import content_document
from hashing.windows import WindowSet

WITHIN = 4
"""Bits of a perceptual signal: what another correct decoder may move."""
EXACT = (WITHIN, 1)
"""(bits, quality) where the browser gives the pixels that were stored."""
CONVERTED = (10, 5)
"""The same, where it gives colours that it converted itself, with another filter for chroma than
libavif: AVIF with transparency or several frames, in Chromium 156. Measured on strongly coloured
grain: 8 bits and 4 of quality at most."""


def bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def known(file: Path) -> Any:
    try:
        return content_document(hash_file(file, use=WindowSet.ALL))
    except ContentError as err:
        return {"error": type(err).__name__}


def compare(found: Any, expected: Any, within: int = WITHIN, quality: int = 1) -> None:
    """Two documents: equal in all but so many bits of each perceptual value, and a quality."""
    assert "error" not in found, found
    assert list(found) == list(expected)
    assert found["kind"] == expected["kind"]
    for part in ("signals", "windows", "frames"):
        for ours, theirs in zip(found.get(part, []), expected.get(part, []), strict=True):
            ends = {"value", "quality"}
            assert list(ours) == list(theirs)
            assert {k: ours[k] for k in set(ours) - ends} == {
                k: theirs[k] for k in set(theirs) - ends
            }
            exact = ours["type"] in {"md5", "sha256"}
            assert bits(ours["value"], theirs["value"]) <= (0 if exact else within), ours
            assert abs(ours.get("quality", 0) - theirs.get("quality", 0)) <= quality, ours


def detailed(seed: int = 1, size: tuple[int, int] = (640, 427)) -> Image.Image:
    """Soft colours, some edges, and a little grain."""
    rng = np.random.default_rng(seed)
    few = rng.integers(0, 256, (9, 13, 3), dtype=np.uint8)
    picture = Image.fromarray(few).resize(size, Image.Resampling.BICUBIC)
    for _ in range(12):
        left, top = int(rng.integers(size[0])), int(rng.integers(size[1]))
        colour = tuple(int(part) for part in rng.integers(0, 256, 3))
        picture.paste(colour, (left, top, left + size[0] // 8, top + size[1] // 8))
    pixels = np.asarray(picture, np.int16) + rng.integers(-4, 5, (size[1], size[0], 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def film(path: Path, codec: str = "libx264", **options: str) -> Path:
    """Eighty frames at 25 a second: five scenes, each of which moves."""
    scenes = [np.asarray(detailed(seed, (640, 480))) for seed in range(5)]
    muxed = {"movflags": options.pop("movflags")} if "movflags" in options else {}
    pixels = options.pop("pix_fmt", "yuv420p")
    with av.open(str(path), "w", options=muxed) as container:
        stream = cast("VideoStream", container.add_stream(codec, Fraction(25), options=options))
        stream.width, stream.height, stream.pix_fmt = 322, 242, pixels
        stream.codec_context.thread_count = 1  # with more, each run makes another file
        for number in range(80):
            left, top = number * 3 % 318, number * 2 % 238
            shown = np.ascontiguousarray(scenes[number // 20][top : top + 242, left : left + 322])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode())
    return path


def with_sound(path: Path, codec: str | None = None) -> Path:
    """A second of silence, and of one picture if a codec for that is given."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", 44_100)
        sound.layout = "mono"
        if codec:
            stream = cast("VideoStream", container.add_stream(codec, Fraction(10)))
            stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
            picture = np.asarray(detailed(1, (320, 240)))
            for _ in range(10):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 44_100), np.float32), "fltp", "mono")
        silence.sample_rate = 44_100
        container.mux(sound.encode(silence))
        container.mux(sound.encode())
    return path
