"""A file to its signals: picks the decoder, and applies each signal's quality bar.

An owner's device hashes for an entry: the whole picture and its windows. A platform hashes for a
lookup, with the views of a profile.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from hashing import windows
from hashing.algorithms import exact, pdq, phash
from hashing.errors import ContentError, TooManyBytes, TooPlain, Unreadable, ViewSupportMissing
from hashing.luma import Luma
from hashing.media import frames, pixels, sheets
from hashing.media.formats import HEAD_BYTES, Format, sniff
from hashing.media.timeline import fold
from hashing.signals import (
    FULL_VIEW,
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    ViewSignals,
    WindowSignal,
)
from hashing.views.profile import Profile
from hashing.windows import WindowSet

Progress = Callable[[float], None]
Use = WindowSet | Profile
"""What the signals are for: an entry, with this set of windows; or a lookup, with the views of this
profile."""

MAX_VIDEO_BYTES = 8 * 2**30
"""Largest video read, in bytes: about four hours from a phone."""
EXACT_ONLY_BAR = 10
"""A video whose best frame has at least this PDQ quality, while no frame passes the bar (a dark
room), still gets its exact signals. Below, it shows as little as a blank screen."""
_CHUNK = 8 * 2**20
_NOT_PERMITTED = "You may not read this. Change its permissions, or use another copy."
_IS_FOLDER = "This is a folder. Name the files in it."


def hash_file(
    path: Path | str,
    progress: Progress | None = None,
    *,
    use: Use = WindowSet.STANDARD,
    known: Format | None = None,
) -> ContentSignals:
    """Return every signal of one picture or video that this use needs.

    `progress` is called with the part done, 0 to 1, while a video is read. `known` is the format,
    if it has been read from the file's first bytes already.
    Raises a ContentError; its message says what to do next.
    """
    path = Path(path)
    try:
        if not path.is_file():  # opening a pipe or device could wait forever
            raise _unreadable(path)
        with path.open("rb") as file:
            return _hash(file, path, progress or _ignore, use, known)
    except PermissionError as err:
        raise Unreadable(_NOT_PERMITTED) from err
    except OSError as err:
        raise Unreadable from err


def hash_picture(untrusted: bytes, *, use: Use = WindowSet.STANDARD) -> ContentSignals:
    """Return the signals of a picture in memory; an animated one is hashed as a video.

    Raises a ContentError.
    """
    return _hash_picture(untrusted, use, None)


def hash_pictures(
    several: Sequence[tuple[bytes, Format | None]], *, use: Use
) -> list[ContentSignals | ContentError]:
    """Return what each of several pictures has, with their formats if known: signals, or an error.

    They are those of `hash_picture`, in less time, if no views are needed and pictures are small.
    """
    read = [_tried(untrusted, use, known) for untrusted, known in several]
    stills = [each for each in read if isinstance(each, _Still)]
    if isinstance(use, Profile) and use.views:  # which make their own PDQ
        computed: list[tuple[bytes, int] | None] = [None] * len(stills)
    else:
        computed = [*pdq.compute_each([still.luma for still in stills])]
    whole = iter(computed)
    return [
        _finished(each, use, next(whole)) if isinstance(each, _Still) else each for each in read
    ]


def hash_sheet(
    untrusted: bytes, parts: Sequence[sheets.Part], *, use: Use, known: Format | None = None
) -> ContentSignals:
    """Return a sheet of a film's pictures as the film: its parts are the frames.

    The exact signals are those of the sheet's file. What has no part within it is hashed as the
    picture that it is. Raises a ContentError.
    """
    digests = exact.signals([untrusted])
    with pixels.open_picture(untrusted, known) as picture:
        shown = list(sheets.sample(picture, parts))
    if not shown:
        return _hash_picture(untrusted, use, known)
    return _hash_frames(digests, iter(shown), _ignore, use)


def perceptual_signals(luma: Luma, by_pdq: tuple[bytes, int] | None = None) -> tuple[Signal, ...]:
    """Return the PDQ and pHash signals of an upright luma that pass their bars.

    `by_pdq` is what PDQ gives, if it has been computed. Raises TooPlain when none passes.
    """
    computed = (
        pdq.above_bar(*(by_pdq or pdq.compute(luma))),
        phash.above_bar(*phash.compute(luma)),
    )
    signals = tuple(signal for signal in computed if signal)
    if not signals:
        raise TooPlain
    return signals


def _unreadable(path: Path) -> Unreadable:
    """What a path leads to, if it is not a file."""
    if path.is_dir():
        may_list = os.access(path, os.R_OK | os.X_OK)
        return Unreadable(_IS_FOLDER if may_list else _NOT_PERMITTED)
    if path.exists():
        return Unreadable("This is a pipe or a device, not a file. Name a file.")
    if path.is_symlink():
        return Unreadable("This is a link to a file that is not there. Name the file itself.")
    return Unreadable("There is no such file. Check how its name is spelled.")


def _ignore(_part: float) -> None: ...


def _hash(
    file: BinaryIO, path: Path, progress: Progress, use: Use, known: Format | None
) -> ContentSignals:
    size = path.stat().st_size
    file_format = known or sniff(file.read(HEAD_BYTES))
    if size > (MAX_VIDEO_BYTES if file_format.is_video else pixels.MAX_BYTES):
        raise TooManyBytes
    file.seek(0)
    if file_format.is_video:
        digests = exact.signals(_chunks(file, progress))
        return _hash_frames(digests, frames.sample(path, file_format), progress, use)
    return _hash_picture(file.read(pixels.MAX_BYTES + 1), use, file_format)


def _chunks(file: BinaryIO, progress: Progress) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
        progress(0.0)  # a sign of life: a slow disk may need minutes for a long video


class _Still(NamedTuple):
    """A picture that shows one image: decoded, and not hashed yet."""

    luma: Luma
    digests: tuple[Signal, ...]
    incomplete: bool


def _hash_picture(untrusted: bytes, use: Use, known: Format | None) -> ContentSignals:
    read = _read_picture(untrusted, use, known)
    return _of_still(read, use) if isinstance(read, _Still) else read


def _read_picture(untrusted: bytes, use: Use, known: Format | None) -> ContentSignals | _Still:
    """Decode a picture. One that is animated is hashed at once, as it has no end of frames."""
    digests = exact.signals([untrusted])
    with pixels.open_picture(untrusted, known) as picture:
        if pixels.frame_count(picture) > 1:
            hashed = _hash_frames(digests, frames.sample_animation(picture), _ignore, use)
            return replace(hashed, incomplete=picture.incomplete)
        luma = pixels.first_luma(picture)
        return _Still(luma, digests, picture.incomplete)


def _tried(
    untrusted: bytes, use: Use, known: Format | None
) -> ContentSignals | _Still | ContentError:
    try:
        return _read_picture(untrusted, use, known)
    except ContentError as err:
        return err


def _finished(
    still: _Still, use: Use, by_pdq: tuple[bytes, int] | None
) -> ContentSignals | ContentError:
    try:
        return _of_still(still, use, by_pdq)
    except ContentError as err:
        return err


def _of_still(still: _Still, use: Use, by_pdq: tuple[bytes, int] | None = None) -> ContentSignals:
    luma, digests, incomplete = still
    parts: tuple[WindowSignal, ...] = ()
    views: tuple[ViewSignals, ...] = ()
    if isinstance(use, WindowSet):
        whole, parts = perceptual_signals(luma, by_pdq), windows.compute(luma, use)
    else:
        views = _picture_views(luma, use.views)
        whole = _lookup_signals(luma, views) if views else perceptual_signals(luma, by_pdq)
    signals = (*whole, *digests)
    return ContentSignals(
        ContentKind.PICTURE, signals, windows=parts, views=views, incomplete=incomplete
    )


def _lookup_signals(luma: Luma, views: tuple[ViewSignals, ...]) -> tuple[Signal, ...]:
    """The signals of a picture that has views: none need pass its bar, as a view has passed.

    A picture within a wide margin may have too little detail as a whole, and match by a view.
    """
    full = [view for view in views if view.view == FULL_VIEW]
    signals = [Signal(SignalType.PDQ, view.values[0], view.quality) for view in full]
    by_phash = phash.above_bar(*phash.compute(luma))
    return (*signals, by_phash) if by_phash else tuple(signals)


def _hash_frames(
    digests: tuple[Signal, ...], sampled: Iterator[frames.Frame], progress: Progress, use: Use
) -> ContentSignals:
    best = 0
    kept: list[FrameSignal] = []
    for stretch in frames.stretches(_reported(sampled, progress)):
        computed = pdq.compute_each([frame.luma for frame in stretch])
        best = max(best, *(quality for _, quality in computed))
        views_of_frames = _frame_views(stretch, use)
        for frame, value_quality, views in zip(stretch, computed, views_of_frames, strict=True):
            if signal := pdq.above_bar(*value_quality):
                kept.append(FrameSignal(frame.at_ms, frame.until_ms, signal, views))
    if best < EXACT_ONLY_BAR:
        raise TooPlain
    return ContentSignals(ContentKind.VIDEO, digests, fold(kept))


def _reported(sampled: Iterator[frames.Frame], progress: Progress) -> Iterator[frames.Frame]:
    """Report each frame as soon as it is read: ten seconds of 8K take a minute to decode."""
    for frame in sampled:
        progress(frame.fraction)
        yield frame


def _picture_views(luma: Luma, count: int) -> tuple[ViewSignals, ...]:
    if not count:
        return ()
    with _opencv_needed():
        from hashing.views import picture  # noqa: PLC0415 (an owner's device does not need it)
    return picture.compute(luma, count)


def _frame_views(stretch: Sequence[frames.Frame], use: Use) -> list[tuple[ViewSignals, ...]]:
    if not isinstance(use, Profile) or not use.frame_views:
        return [()] * len(stretch)
    with _opencv_needed():
        from hashing.views import video  # noqa: PLC0415 (as above)
    return video.of_stretch([frame.luma for frame in stretch], use.frame_views)


@contextlib.contextmanager
def _opencv_needed() -> Iterator[None]:
    """Animated pictures, as pictures, are decoded without OpenCV: only their views need it."""
    try:
        yield
    except ImportError as err:
        raise ViewSupportMissing from err
