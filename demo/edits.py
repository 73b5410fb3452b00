"""What re-uploaders do to a picture before they post it again.

The first rows write files of other kinds here. The others are edits that the benchmarks measure,
by the names they have there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from benchmarks import edits as measured
from demo.table import MATCH, MATCH_OR_NEAR

Picture = NDArray[np.uint8]
Others = Sequence[Path]
pillow_heif.register_heif_opener()  # what iPhones save

LONGEST = 1600
"""Longest side of an edited copy, in pixels."""

Make = Callable[[Path, Path, Others], Path]


class Edit(NamedTuple):
    """One row: what was done, how, and what the service is expected to say."""

    name: str
    make: Make
    expected: str = MATCH
    certain: bool = False
    """Whether it is found of every picture, so that a miss is a fault."""


def untouched(source: Path, folder: Path, _others: Others = ()) -> Path:
    """The same bytes under another name."""
    target = folder / f"copy-{source.name}"
    target.write_bytes(source.read_bytes())
    return target


def _re_encoded(source: Path, folder: Path, _others: Others) -> Path:
    return _saved(_opened(source), folder, source, "recompressed.jpg", quality=40)


def _as_webp(source: Path, folder: Path, _others: Others) -> Path:
    return _saved(_opened(source), folder, source, "converted.webp", quality=50)


def _resized(source: Path, folder: Path, _others: Others) -> Path:
    picture = _opened(source)
    small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    return _saved(small, folder, source, "half.jpg", quality=85)


def _filtered(source: Path, folder: Path, _others: Others) -> Path:
    """Warm tint, more contrast and colour: a social app's filter."""
    picture = ImageEnhance.Color(ImageEnhance.Contrast(_opened(source)).enhance(1.2)).enhance(1.4)
    warm = np.asarray(picture, dtype=np.float64) * (1.08, 1.0, 0.88)
    tinted = Image.fromarray(np.clip(warm, 0, 255).astype(np.uint8))
    return _saved(tinted, folder, source, "filtered.jpg", quality=80)


def _grey(source: Path, folder: Path, _others: Others) -> Path:
    return _saved(ImageOps.grayscale(_opened(source)), folder, source, "grey.jpg", quality=80)


def _measured(name: str, source: Path, folder: Path, others: Others) -> Path:
    """The copy of this picture that an edit of the benchmarks makes, to the pixel."""
    edit = next(edit for edit in measured.EDITS if edit.name == name)
    made = measured.edited(_pixels(source), edit, source.stem, [_pixels(one) for one in others])
    target = folder / f"{source.stem}-{name.replace(' ', '-')}.png"
    Image.fromarray(made).save(target, compress_level=1)
    return target


def _as_measured(named: dict[str, str], expected: str) -> list[Edit]:
    return [Edit(said, partial(_measured, name), expected) for said, name in named.items()]


EDITS: list[Edit] = [
    Edit("untouched", untouched, certain=True),
    Edit("re-encoded (JPEG 40)", _re_encoded, certain=True),
    Edit("converted (WebP 50)", _as_webp, certain=True),
    Edit("half the size", _resized, certain=True),
    Edit("filtered", _filtered, certain=True),
    Edit("black and white", _grey, certain=True),
    *_as_measured(
        {
            "mirror image": "mirror",
            "turned by a quarter": "turn 90",
            "tilted by 5°, on black": "rotate 5 on black",
            "cropped by 10 %": "crop 10 %",
            "cropped by 20 %": "crop 20 %",
            "meme: a caption above it": "caption bar 18 %",
            "a line of text on it": "text 5 %",
            "story, on its own blur": "story",
            "phone screenshot": "screenshot white",
            "phone screenshot, dark": "screenshot dark",
            "beside another picture": "side by side",
            "mirrored, cropped, then a screenshot": "screenshot of mirrored crop 10 %",
        },
        MATCH,
    ),
    *_as_measured(
        {
            "under a watermark": "watermark",
            "a sticker on it": "sticker 5 %",
            "tilted by 2° and cut straight": "rotate 2",
        },
        MATCH_OR_NEAR,
    ),
]


@lru_cache(maxsize=16)
def _pixels(source: Path) -> Picture:
    return np.asarray(_opened(source))


def _opened(source: Path) -> Image.Image:
    """A picture upright, as small as platforms make it."""
    with Image.open(source) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return picture


def _saved(picture: Image.Image, folder: Path, source: Path, name: str, *, quality: int) -> Path:
    target = folder / f"{source.stem}-{name}"
    picture.save(target, quality=quality)
    return target
