"""The 68 edits that re-uploaders make, in one table, for benchmarks of what a hash survives.

An edit of a photograph is the same on every run, given the same other photographs: its random
choices come from a generator seeded by the names of photograph and edit. Pictures are RGB, rows ×
columns × 3, of any size from 150 to 4,000 pixels a side. What an edit leaves is saved as a JPEG,
as every re-upload is, unless the edit is an encoding itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks import edits_frames as frames
from benchmarks import edits_pixels as pixels
from benchmarks import edits_screens as screens

Picture = NDArray[np.uint8]
Others = Sequence[Picture]
Random = np.random.Generator
Make = Callable[[Picture, Random, Others], Picture]

SAVED = 90
"""JPEG quality that a re-uploader's tool or the platform saves with."""


@dataclass(frozen=True)
class Edit:
    """One row of the table.

    `make` takes a picture, the generator of every random choice and other photographs.
    `quality` is that of the JPEG that the result is saved as; None where it is left as it is.
    """

    name: str
    group: str
    make: Make
    quality: int | None = SAVED


def edited(picture: Picture, edit: Edit, name: str, others: Others) -> Picture:
    """Return an edited copy of the photograph called `name`, decoded as a platform receives it.

    `others` are other photographs: at least three for the collages, which show three of them.
    """
    seed = hashlib.sha256(f"{name}\n{edit.name}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(seed))
    made = edit.make(in_colour(picture), rng, [in_colour(other) for other in others])
    return made if edit.quality is None else pixels.encoded(made, kind="JPEG", quality=edit.quality)


def in_colour(picture: Picture) -> Picture:
    """Return three channels of a picture of one (grey), three, or four (the last is left out)."""
    planes = picture[:, :, None] if picture.ndim == 2 else picture
    return np.repeat(planes, 3, axis=2) if planes.shape[2] == 1 else planes[:, :, :3]


def _alone(make: Callable[[Picture], Picture]) -> Make:
    """Return an edit that leaves nothing to chance."""
    return partial(_without_chance, make)


def _chance(make: Callable[[Picture, Random], Picture]) -> Make:
    """Return an edit of one picture with random choices."""
    return partial(_without_others, make)


def _in_turn(*steps: Make) -> Make:
    """Return an edit of several steps."""
    return partial(_one_by_one, steps)


def _without_chance(
    make: Callable[[Picture], Picture], picture: Picture, _rng: Random, _others: Others
) -> Picture:
    return make(picture)


def _without_others(
    make: Callable[[Picture, Random], Picture], picture: Picture, rng: Random, _others: Others
) -> Picture:
    return make(picture, rng)


def _one_by_one(steps: Sequence[Make], picture: Picture, rng: Random, others: Others) -> Picture:
    for step in steps:
        picture = step(picture, rng, others)
    return picture


def _group(name: str, rows: dict[str, Make], quality: int | None = SAVED) -> tuple[Edit, ...]:
    return tuple(Edit(row, name, make, quality) for row, make in rows.items())


# fmt: off
_MIRROR = _alone(pixels.mirrored)
_CROP_10 = _alone(partial(pixels.cropped, off=0.10))
_FILTER = _alone(pixels.filtered)
_CAPTION = _chance(partial(frames.captioned, share=0.18))
_STICKER_5 = _chance(partial(frames.with_sticker, share=0.05))
_SCREENSHOT = _chance(partial(screens.screenshot, share=0.60, margin=0, theme="white"))

EDITS: tuple[Edit, ...] = (
    *_group("basic", quality=None, rows={
        "identity": _alone(pixels.identity),
        "JPEG 90": _alone(partial(pixels.encoded, kind="JPEG", quality=90)),
        "JPEG 50": _alone(partial(pixels.encoded, kind="JPEG", quality=50)),
        "JPEG 20": _alone(partial(pixels.encoded, kind="JPEG", quality=20)),
    }),
    *_group("basic", {
        "resize 0.5": _alone(partial(pixels.resized, times=0.5)),
        "resize 0.25": _alone(partial(pixels.resized, times=0.25)),
        "longest side 256": _alone(partial(pixels.shrunk, longest=256)),
    }),
    *_group("basic", quality=None, rows={
        "WebP 50": _alone(partial(pixels.encoded, kind="WEBP", quality=50)),
        "AVIF 50": _alone(partial(pixels.encoded, kind="AVIF", quality=50)),
    }),
    *_group("photometric", {
        "blur 0.4 %": _alone(partial(pixels.blurred, sigma=0.004)),
        "blur 1.2 %": _alone(partial(pixels.blurred, sigma=0.012)),
        "noise 10": _chance(partial(pixels.noisy, sigma=10)),
        "noise 30": _chance(partial(pixels.noisy, sigma=30)),
        "brightness 1.4": _alone(partial(pixels.brightened, times=1.4)),
        "brightness 0.6": _alone(partial(pixels.brightened, times=0.6)),
        "contrast 1.5": _alone(partial(pixels.contrasted, times=1.5)),
        "contrast 0.6": _alone(partial(pixels.contrasted, times=0.6)),
        "gamma 0.6": _alone(partial(pixels.gamma, power=0.6)),
        "gamma 1.7": _alone(partial(pixels.gamma, power=1.7)),
        "saturation 1.8": _alone(partial(pixels.saturated, times=1.8)),
        "grey": _alone(partial(pixels.saturated, times=0)),
        "sepia": _alone(partial(pixels.mixed, rows=pixels.SEPIA)),
        "filter": _FILTER,
    }),
    *_group("overlay", {
        "text 5 %": _chance(partial(frames.with_text, share=0.05)),
        "text 15 %": _chance(partial(frames.with_text, share=0.15)),
        "watermark": _chance(partial(frames.watermarked, degrees=30)),
        "sticker 5 %": _STICKER_5,
        "sticker 15 %": _chance(partial(frames.with_sticker, share=0.15)),
    }),
    *_group("frame", {
        "caption bar 18 %": _CAPTION,
        "bars 17 %": _chance(partial(frames.between_bars, share=0.17)),
        "letterbox 10 %": _alone(partial(frames.letterboxed, share=0.10)),
        "letterbox 25 %": _alone(partial(frames.letterboxed, share=0.25)),
        "letterbox 45 %": _alone(partial(frames.letterboxed, share=0.45)),
        "black border 10 %": _alone(partial(frames.bordered, each=0.10, level=0)),
        "white border 25 %": _alone(partial(frames.bordered, each=0.125, level=255)),
        "story": _alone(partial(frames.story, wide=720, high=1280)),
        "screenshot white": _SCREENSHOT,
        "screenshot dark": _chance(
            partial(screens.screenshot, share=0.60, margin=0, theme="dark")),
        "screenshot inset": _chance(
            partial(screens.screenshot, share=0.50, margin=0.06, theme="either")),
        "collage squares": partial(frames.collage, filled=True),
        "collage fitted": partial(frames.collage, filled=False),
        "side by side": frames.side_by_side,
    }),
    *_group("crop", {
        "crop 5 %": _alone(partial(pixels.cropped, off=0.05)),
        "crop 10 %": _CROP_10,
        "crop 20 %": _alone(partial(pixels.cropped, off=0.20)),
        "crop 30 %": _alone(partial(pixels.cropped, off=0.30)),
        "crop 50 %": _alone(partial(pixels.cropped, off=0.50)),
        "crop side 10 %": _chance(partial(pixels.side_cropped, off=0.10)),
        "crop side 20 %": _chance(partial(pixels.side_cropped, off=0.20)),
        "crop side 30 %": _chance(partial(pixels.side_cropped, off=0.30)),
        "crop corner 20 %": _chance(partial(pixels.corner_cropped, off=0.20)),
    }),
    *_group("geometry", {
        "squash 0.8": _alone(partial(pixels.squashed, times=0.8)),
        "squash 1.25": _alone(partial(pixels.squashed, times=1.25)),
        "mirror": _MIRROR,
        "upside down": _alone(pixels.upside_down),
        "turn 90": _alone(partial(pixels.turned, degrees=90)),
        "turn 180": _alone(partial(pixels.turned, degrees=180)),
        "turn 270": _alone(partial(pixels.turned, degrees=270)),
        "rotate 2": _chance(partial(pixels.rotated, degrees=2, whole=False)),
        "rotate 5": _chance(partial(pixels.rotated, degrees=5, whole=False)),
        "rotate 10": _chance(partial(pixels.rotated, degrees=10, whole=False)),
        "rotate 5 on black": _chance(partial(pixels.rotated, degrees=5, whole=True)),
        "photo of a screen": partial(screens.photographed, tight=False),
        "photo of a screen, tight": partial(screens.photographed, tight=True),
    }),
    *_group("combined", quality=50, rows={
        "mirror + crop 10 % + JPEG 50": _in_turn(_MIRROR, _CROP_10),
    }),
    *_group("combined", quality=40, rows={
        "caption + half size + JPEG 40": _in_turn(
            _CAPTION, _alone(partial(pixels.resized, times=0.5))),
    }),
    *_group("combined", {
        "screenshot of mirrored crop 10 %": _in_turn(_MIRROR, _CROP_10, _SCREENSHOT),
        "sticker 5 % + crop 10 % + filter": _in_turn(_STICKER_5, _CROP_10, _FILTER),
    }),
)
"""In the order of the groups; every parameter is in this table or named atop its module."""
# fmt: on

GROUPS: tuple[str, ...] = tuple(dict.fromkeys(edit.group for edit in EDITS))
