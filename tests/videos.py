"""Videos encoded for tests, and ones that are long without having been encoded for long."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray


def encoded(  # noqa: PLR0913 (what a test may want of a video)
    target: Path,
    pictures: Iterable[NDArray[np.uint8]],
    codec: str = "libx264",
    *,
    rate: int = 20,
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    muxed: dict[str, str] | None = None,
) -> Path:
    """RGB pictures as one track of video; `options` are the codec's, `muxed` the container's."""
    with av.open(str(target), "w", options=muxed or {}) as written:
        stream = cast(
            "VideoStream", written.add_stream(codec, Fraction(rate), options=options or {})
        )
        stream.pix_fmt = pixels
        stream.codec_context.thread_count = 1  # with more, each run makes another file
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            written.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        written.mux(stream.encode())
    return target


def renamed(path: Path, old: bytes, new: bytes) -> Path:
    """The same file with some bytes exchanged, wherever they are."""
    whole = path.read_bytes()
    assert old in whole
    assert len(old) == len(new)
    path.write_bytes(whole.replace(old, new))
    return path


def lengthened(source: Path, target: Path, times: int) -> Path:
    """The same video over and over, not encoded again."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = read.streams.video[0]
        packets = [packet for packet in read.demux(stream) if packet.dts is not None]
        copied = written.add_stream_from_template(stream)
        length = sum(packet.duration or 0 for packet in packets)
        assert stream.time_base
        for again in range(times):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.stream, copy.time_base = copied, stream.time_base
                copy.pts = (packet.pts or 0) + again * length
                copy.dts = (packet.dts or 0) + again * length
                copy.is_keyframe = packet.is_keyframe
                written.mux(copy)
    return target
