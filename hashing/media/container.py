"""Untrusted containers of video to frames in time order, by PyAV's FFmpeg.

FFmpeg is told which one demuxer to use, by `formats.sniff`, and reads a file that this module has
opened: no name reaches it (`clip%d.jpg` would be a series of pictures to it), and no protocol, so
that a video can refer to no other file and no address.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

import numpy as np

from hashing.errors import (
    ContentError,
    Damaged,
    Encrypted,
    SoundAlone,
    TooLong,
    TooManyPixels,
    UnknownCodec,
    VideoSupportMissing,
)
from hashing.luma import Luma
from hashing.media.encryption import is_encrypted
from hashing.media.fields import one_moment
from hashing.media.formats import Format
from hashing.media.pixels import MAX_PIXELS, check_size
from hashing.media.timeline import MAX_SECONDS

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.sidedata.sidedata import SideData
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream

MAX_READ = 120 * MAX_SECONDS
"""Most frames read from a container, whatever times it claims: MAX_SECONDS at 120 a second."""
_OPEN_SECONDS = 10.0
_READ_SECONDS = 20.0
"""Seconds after which FFmpeg gives up opening a file, or reading one packet."""
_BUFFER_BYTES = 256 * 1024
"""Read at once. Sound and pictures of a file alternate at distances of about this size."""
_NO_PROTOCOL = "none"
"""A list of allowed protocols on which there is none: the file is opened already."""
_STEP_MS = 40.0
"""How long a frame lasts that has neither a time nor a rate that a camera films at."""
_MATRICES = frozenset({1, 4, 5, 7, 9})
"""BT.709, FCC, BT.601, SMPTE 240M, BT.2020: the matrices that swscale has (ITU-T H.273, table 4).
5 and 6 are the same."""
_BT_601 = 5
_UNCONVERTED = frozenset({"yaf32be", "yaf32le"})
"""Floats with transparency: swscale 9.5 ends the process (2026-11, all other formats tried)."""


class Decoded(NamedTuple):
    """One frame: from when to when it is shown, how far through the video it is (0–1).

    `luma` converts it, not squeezed and upright; it raises Damaged, TooManyPixels, TooSmall and
    TooNarrow. `is_last` says that no other follows.
    """

    at_ms: int
    end_ms: int
    fraction: float
    is_last: bool
    luma: Callable[[], Luma]


def frames(path: Path, known: Format) -> Iterator[Decoded]:
    """Yield every frame of the video track of a container, with times that never decrease.

    Times count from the first frame. A video that breaks off in the middle yields what came
    before. Raises VideoSupportMissing, Damaged, TooManyPixels, TooLong, SoundAlone, Encrypted,
    UnknownCodec, and OSError.
    """
    with path.open("rb", buffering=0) as file:
        if is_encrypted(file, known):
            raise Encrypted
        with _opened(file, known) as container:
            yield from _timed(container, _track(container))


class _Nameless:
    """A file without a name: PyAV would give that to FFmpeg, and repeat it in errors."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


@contextmanager
def _opened(file: BinaryIO, known: Format) -> Iterator[InputContainer]:
    try:
        import av  # noqa: PLC0415 (the optional `video` extra)
        import av.error  # noqa: PLC0415
    except ImportError as err:
        raise VideoSupportMissing from err
    try:
        container = av.open(
            _Nameless(file),
            mode="r",
            format=known.value,
            options={"protocol_whitelist": _NO_PROTOCOL, "max_pixels": str(2 * MAX_PIXELS)},
            metadata_errors="replace",
            buffer_size=_BUFFER_BYTES,
            timeout=(_OPEN_SECONDS, _READ_SECONDS),
        )
    except (av.error.FFmpegError, ValueError, RuntimeError) as err:
        raise Damaged from err
    with container:
        yield container


def _track(container: InputContainer) -> VideoStream:
    """The track of video that a player shows: the first that is marked as default, or the first.

    A picture that is attached to sound, such as a cover, is none. Other tracks are not read.
    """
    from av.stream import Discard, Disposition  # noqa: PLC0415 (the optional `video` extra)

    still = Disposition.attached_pic | Disposition.timed_thumbnails
    tracks = [track for track in container.streams.video if not track.disposition & still]
    if not tracks:
        raise SoundAlone if container.streams.audio or container.streams.video else Damaged
    marked = [track for track in tracks if track.disposition & Disposition.default]
    track = (marked or tracks)[0]
    for other in container.streams:
        if other is not track:
            other.discard = Discard.all
    if track.codec_context is None:
        raise UnknownCodec
    if track.codec_context.width * track.codec_context.height > MAX_PIXELS:
        raise TooManyPixels
    track.codec_context.thread_count = 1
    track.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # a later frame may be larger
    return track


def _timed(container: InputContainer, track: VideoStream) -> Iterator[Decoded]:
    """Yield the frames, each once the next one has said until when it is shown."""
    convert = _Converter()
    length_ms = (container.duration or 0) / 1000
    before: tuple[int, VideoFrame] | None = None
    lasted_ms = _STEP_MS

    def shown(at_ms: int, end_ms: int, frame: VideoFrame, after: VideoFrame | None) -> Decoded:
        fraction = min(at_ms / length_ms, 1.0) if length_ms > 0 else 0.0
        return Decoded(at_ms, end_ms, fraction, after is None, lambda: convert.luma(frame, after))

    clock = _Clock(track)
    for frame in _decoded(container, track):
        at_ms = clock.at_ms(frame)
        if before:
            lasted_ms = at_ms - before[0]
            yield shown(before[0], at_ms, before[1], frame)
        before = at_ms, frame
    if before is None:
        raise Damaged
    at_ms, frame = before
    end_ms = at_ms + int(clock.lasts_ms(frame) or lasted_ms)
    yield shown(at_ms, end_ms, frame, None)


def _decoded(container: InputContainer, track: VideoStream) -> Iterator[VideoFrame]:
    """Yield what can be decoded: what a packet is missing does not end the others."""
    from av.error import FFmpegError  # noqa: PLC0415 (the optional `video` extra)

    packets = container.demux(track)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:
            packet = None  # the file breaks off here
        with suppress(FFmpegError):
            yield from track.codec_context.decode(packet)
        if packet is None:
            return


class _Clock:
    """When frames are shown, in whole milliseconds from the first one, rounded down.

    A frame without a time follows the one before after a period of the track's rate.
    """

    def __init__(self, track: VideoStream) -> None:
        rate = track.average_rate
        self._step_ms = 1000 / float(rate) if rate and 0 < rate < 1000 else _STEP_MS  # noqa: PLR2004 (no camera's rate)
        base = track.time_base or Fraction(1, 1000)
        self._numerator, self._denominator = 1000 * base.numerator, base.denominator
        self._first: int | None = None
        self._at_ms = 0.0
        self._count = 0

    def at_ms(self, frame: VideoFrame) -> int:
        """Raises TooLong."""
        if self._count:
            if frame.pts is None or self._first is None:
                self._at_ms += self._step_ms
            else:
                self._at_ms = max(self._at_ms, self._ms(frame.pts - self._first))
        elif frame.pts is not None:
            self._first = frame.pts
        self._count += 1
        if self._at_ms > 1000 * MAX_SECONDS or self._count > MAX_READ:
            raise TooLong
        return int(self._at_ms)

    def lasts_ms(self, frame: VideoFrame) -> int:
        """How long the container says that a frame is shown; 0 if it does not."""
        return self._ms(frame.duration or 0)

    def _ms(self, units: int) -> int:
        return units * self._numerator // self._denominator


class _Converter:
    """Converts frames to luma, by the matrix and range of each, and its display matrix."""

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter  # noqa: PLC0415 (the optional extra)

        self._swscale: VideoReformatter = VideoReformatter()

    def luma(self, frame: VideoFrame, after: VideoFrame | None = None) -> Luma:
        """Return the luma of a frame, at the first of its moments if it has two.

        Raises Damaged where swscale has no conversion, TooManyPixels, TooSmall, TooNarrow.
        """

        def following() -> Luma | None:
            with suppress(ContentError):
                return self._stored(after) if after else None
            return None

        return _upright(one_moment(self._stored(frame), following), frame)

    def _stored(self, frame: VideoFrame) -> Luma:
        import cv2  # noqa: PLC0415 (the optional `video` extra)
        from av.error import FFmpegError  # noqa: PLC0415
        from av.video.reformatter import Interpolation  # noqa: PLC0415

        check_size(frame.width, frame.height, MAX_PIXELS)  # as decoded, not as claimed
        if frame.format.name in _UNCONVERTED:
            raise Damaged
        try:
            picture = self._swscale.reformat(
                _unmarked(frame) if frame.interlaced_frame else frame,
                format="bgr24",
                src_colorspace=frame.colorspace if frame.colorspace in _MATRICES else _BT_601,
                interpolation=Interpolation.BICUBIC,
                threads=1,
            )
        except (FFmpegError, ValueError) as err:
            raise Damaged from err
        plane = picture.planes[0]
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(picture.height, plane.line_size)
        pixels = lines[:, : 3 * picture.width].reshape(picture.height, picture.width, 3)
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _unmarked(frame: VideoFrame) -> VideoFrame:
    """Copy a frame without its mark as interlaced, by which swscale would convert each field alone.

    Browsers convert all rows together.
    """
    from av import VideoFrame  # noqa: PLC0415 (the optional `video` extra)

    copy = VideoFrame(frame.width, frame.height, frame.format.name)
    copy.color_range = frame.color_range
    for plane, into in zip(frame.planes, copy.planes, strict=True):
        width = min(plane.line_size, into.line_size)
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        copied = np.frombuffer(memoryview(into), np.uint8).reshape(-1, into.line_size)
        copied[:, :width] = lines[: len(copied), :width]
    return copy


_MATRIX = struct.Struct("=9i")
"""A display matrix: a b u, c d v, x y w, as in the header of a track (ISO/IEC 14496-12, 8.3.2). It
brings column x to a·x + c·y, and row y to b·x + d·y."""
_QUARTERS = {90: (0, -1, 1, 0), 180: (-1, 0, 0, -1), -180: (-1, 0, 0, -1), -90: (0, 1, -1, 0)}
"""a, b, c, d for a number of degrees to the left."""


def _upright(luma: Luma, frame: VideoFrame) -> Luma:
    """Turn and mirror by the display matrix, as players do, unless it is no quarter turn."""
    a, b, c, d = _display(frame)
    if sorted((abs(a), abs(b), abs(c), abs(d))) != [0, 0, 1, 1] or abs(a) != abs(d):
        return luma
    turned = luma if a else luma.T
    return np.ascontiguousarray(turned[:: d or b, :: a or c])


def _display(frame: VideoFrame) -> tuple[int, int, int, int]:
    """a, b, c and d of a frame's display matrix, of which the largest is 1 or -1."""
    try:
        matrix = cast("SideData | None", frame.side_data.get("DISPLAYMATRIX"))
    except ValueError:  # PyAV has no name for another kind of side data, which it meets first
        return _QUARTERS.get(frame.rotation, (1, 0, 0, 1))
    if matrix is None or matrix.buffer_size != _MATRIX.size:
        return 1, 0, 0, 1
    a, b, _, c, d, *_ = _MATRIX.unpack(memoryview(matrix))
    largest = max(map(abs, (a, b, c, d))) or 1
    return round(a / largest), round(b / largest), round(c / largest), round(d / largest)
