"""Videos to frames and back, through the FFmpeg libraries that the package `av` carries.

Frames are RGB, rows × columns × 3. One thread each way, so that a file comes out the same again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

H264, VP9 = "libx264", "libvpx-vp9"
CRF = 26
"""What phones and apps save with, about."""
_OPTIONS = {
    H264: {"preset": "veryfast"},
    VP9: {"deadline": "realtime", "cpu-used": "8", "b": "0"},
}
_OFTEN = 240
"""Most frames a second that a container is believed; else it says nothing of use."""


class About(NamedTuple):
    """Size in pixels, frames a second, and length in frames."""

    wide: int
    high: int
    rate: Fraction
    length: int

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return float(self.length / self.rate)


def about(path: Path) -> About:
    """Return what a video is, its frames counted where the container does not tell."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        if rate is None or not 0 < rate <= _OFTEN:
            raise ValueError(f"{path.name}: no frame rate")
        length = stream.frames or sum(1 for _ in container.decode(stream))
        return About(stream.width, stream.height, rate, length)


def within(known: About, longest: int) -> tuple[int, int]:
    """Return the width and height, both even, at which a video's longer side is at most so long."""
    times = min(1.0, longest / max(known.wide, known.high))
    return even(known.wide * times), even(known.high * times)


def even(length: float) -> int:
    """Return the nearest even number: what H.264's colours need."""
    return max(2, 2 * round(length / 2))


def frames(path: Path, size: tuple[int, int] | None = None) -> Iterator[Picture]:
    """Yield every frame, scaled to a width and height if given."""
    wide, high = size or (None, None)
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.video[0]):
            shown = frame.reformat(wide, high, "rgb24", interpolation="AREA")
            yield np.asarray(shown.to_ndarray(), np.uint8)


def write(
    target: Path, pictures: Iterable[Picture], rate: Fraction, *, codec: str = H264, crf: int = CRF
) -> None:
    """Encode frames into the container that the target's suffix names.

    An odd last row or column is left out. Nothing is left under the target's name unless all is.
    """
    part = target.with_name(f".{os.getpid()}-{target.name}")  # others may make the same
    exact = {"fflags": "+bitexact"} if target.suffix == ".webm" else {}  # else a random number
    with av.open(str(part), "w", options=exact) as container:
        options = _OPTIONS[codec] | {"crf": str(crf)}
        stream = cast("VideoStream", container.add_stream(codec, rate, options=options))
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number, picture in enumerate(pictures):
            high, wide = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
            if number == 0:
                stream.width, stream.height = wide, high
            whole = np.ascontiguousarray(picture[:high, :wide])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(whole, format="rgb24")))
        container.mux(stream.encode())
    part.replace(target)
