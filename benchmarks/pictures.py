"""PDQ of real pictures, of edited copies and of plain pictures: what the set `skewed` is made like.

Only `python -m benchmarks.sets --measure FOLDER` uses this; what it leaves is benchmarks/skew.json.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont
from tqdm import tqdm

from hashing.algorithms import pdq

Codes = NDArray[np.uint8]
SEED = 20261121
CUTS = 40
"""Parts of each photograph, at random: 0.35 to 0.8 of each side, half of them mirrored. Two of the
same photograph are as far apart as strangers (median 128 bits, one in 1,000 below 73)."""
WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "sleeps")
QUALITY_BAR = 50
"""Below this PDQ quality no signal is made."""


class Real(NamedTuple):
    """What was hashed.

    `photo` numbers the photograph that each of `codes` is a part of; `copies` are by kind of edit,
    each beside its original's code in `originals`; `plain_flips` counts bits between a plain
    picture and a copy of it.
    """

    codes: Codes
    photo: NDArray[np.int64]
    originals: Codes
    copies: dict[str, Codes]
    plain: Codes
    plain_flips: NDArray[np.int64]


def measure(folder: Path) -> Real:
    """Hash parts of every picture in a folder, edited copies of it, and plain pictures."""
    codes, photo, originals = [], [], []
    copies: dict[str, list[Codes]] = {name: [] for name in EDITS}
    for number, path in enumerate(tqdm(sorted(folder.glob("*.jpg")), unit="picture")):
        picture = Image.open(path).convert("L")
        picture.thumbnail((1024, 1024))
        originals.append(_hash(picture))
        for name, edit in EDITS.items():
            copies[name].append(_hash(edit(picture)))
        for part in _parts(picture, np.random.default_rng([SEED, number])):
            value, quality = pdq.compute(np.asarray(part))
            if quality >= QUALITY_BAR:
                codes.append(np.frombuffer(value, np.uint8))
                photo.append(number)
    plain, flips = _plain()
    stacked = {name: np.stack(some) for name, some in copies.items()}
    return Real(np.stack(codes), np.array(photo), np.stack(originals), stacked, plain, flips)


def _hash(picture: Image.Image) -> Codes:
    return np.frombuffer(pdq.compute(np.asarray(picture))[0], np.uint8)


def _parts(picture: Image.Image, rng: np.random.Generator) -> Iterator[Image.Image]:
    yield picture
    for number in range(CUTS):
        share = rng.uniform(0.35, 0.8)
        wide, high = (int(share * side) for side in picture.size)
        left = int(rng.integers(0, picture.width - wide + 1))
        top = int(rng.integers(0, picture.height - high + 1))
        part = picture.crop((left, top, left + wide, top + high))
        yield _mirrored(part) if number % 2 else part


def _encoded(picture: Image.Image, quality: int = 50) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def _resized(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BICUBIC)


def _cropped(picture: Image.Image) -> Image.Image:
    wide, high = picture.width * 0.025, picture.height * 0.025
    return picture.crop(
        (int(wide), int(high), int(picture.width - wide), int(picture.height - high))
    )


def _blurred(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(0.004 * max(picture.size)))


def _brightened(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(1.4)


def _mirrored(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


MIRROR = "mirror"
EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg 50": _encoded,
    "resize 0.5": _resized,
    "crop 5 %": _cropped,
    "blur 0.4 %": _blurred,
    "brightness 1.4": _brightened,
    MIRROR: _mirrored,
}
"""A handful of the edits that re-uploaders make, by name."""


def _plain() -> tuple[Codes, NDArray[np.int64]]:
    """Return codes of plain pictures, and how many bits their re-encoded copies differ in."""
    pictures = [*_flat(), *_gradients(), *_texts()]
    codes = np.stack([_hash(picture) for picture in pictures])
    copies = np.stack([_hash(_encoded(_resized(picture))) for picture in pictures])
    return codes, np.bitwise_count(codes ^ copies).sum(axis=1).astype(np.int64)


def _flat() -> Iterator[Image.Image]:
    for grey in (0, 64, 128, 255):
        yield Image.new("L", (640, 480), grey)


def _gradients() -> Iterator[Image.Image]:
    down, across = np.mgrid[-1:1:480j, -1:1:640j]
    for turn in np.arange(24) * np.pi / 12:
        yield _greys(127 + 90 * (np.cos(turn) * across + np.sin(turn) * down))
    for sign in (-1, 1):
        yield _greys(127 + sign * 120 * (np.hypot(across, down) - 0.7))


def _greys(plane: NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(plane.clip(0, 255).astype(np.uint8))


def _texts() -> Iterator[Image.Image]:
    """Black lines of words on white, and each second one the other way round."""
    for number in range(98):
        rng = np.random.default_rng([SEED, 1, number])
        ink, paper = (255, 0) if number % 2 else (0, 255)
        picture = Image.new("L", (640, 480), paper)
        draw, size = ImageDraw.Draw(picture), int(rng.integers(18, 60))
        top = int(rng.integers(10, 200))
        for line in range(int(rng.integers(1, 8))):
            words = " ".join(rng.choice(WORDS, int(rng.integers(1, 7))))
            font = ImageFont.load_default(size)
            draw.text((20, top + line * size * 1.3), words, fill=ink, font=font)
        yield picture
