"""Edits that put something onto a picture or a picture into something, screens aside.

Text, watermarks, stickers, bars, borders, stories and collages. Pictures are RGB, rows × columns
× 3; the only font is the one that Pillow carries.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.edits_pixels import rounded, scaled, smooth

Picture = NDArray[np.uint8]
Others = Sequence[Picture]
Random = np.random.Generator
Box = tuple[float, float, float, float]

WORDS = re.findall(
    r"\w+",
    """when you finally find her link in bio wait for it nobody me at three the morning follow
    more who is this girl check my profile send to everyone know leaked full video real name
    below do not share lol so true part two exposed add now story time she said no weekend
    mood goals best friend ever again tag someone sunday last summer""",
)
STROKE = 0.07
"""Outline of text, of the font's size."""
SMALLEST = 6.0
"""Pixels: letters smaller than these cannot be read."""
MARKS = ("@leaks_daily", "SAMPLE", "preview only", "www.more-here.net", "do not copy", "t.me/best")
MARK_SIZE = 0.055
"""Letters of a watermark, of the longest side."""
MARK_INK = (0.35, 0.55)
"""How opaque a watermark is, least and most."""
PURE = (0, 255)
"""Levels of each colour of a flat sticker: those who hide something take black, white or vivid
colours, which change a hash more than colours drawn evenly."""
FACES = ((255, 204, 51), (255, 204, 51), (240, 90, 80), (130, 200, 90))
"""Colours of a sticker with a face: mostly the emoji's yellow."""
ENLARGED_BLUR = 0.035
"""Sigma of a story's background, of its width."""
ENLARGED_LIGHT = 0.6
COLLAGE = 800
"""Side of a collage in pixels."""
GUTTER = 0.02
"""The widest gutter, of a collage's side."""
TALLEST = 720
"""Pixels high at most when side by side."""


@lru_cache(maxsize=256)
def font(size: float) -> ImageFont.FreeTypeFont:
    """Return the font that Pillow carries, so that no system's fonts matter."""
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise TypeError("this Pillow is built without FreeType")
    return found


def phrase(rng: Random, count: int) -> str:
    """Return so many random words."""
    return " ".join(str(word) for word in rng.choice(WORDS, count, replace=False))


def blank(wide: int, high: int, colour: int | Sequence[int]) -> Picture:
    """Return a picture of one grey level or colour."""
    return np.full((high, wide, 3), colour, np.uint8)


def paste(onto: Picture, picture: Picture, left: int, top: int) -> None:
    """Write a picture into another, which holds all of it."""
    onto[top : top + picture.shape[0], left : left + picture.shape[1]] = picture


def fitted(picture: Picture, wide: int, high: int) -> Picture:
    """Scale to the largest size within a box, in its own proportions."""
    times = min(wide / picture.shape[1], high / picture.shape[0])
    return scaled(
        picture,
        wide=min(wide, max(1, round(picture.shape[1] * times))),
        high=min(high, max(1, round(picture.shape[0] * times))),
    )


def covering(picture: Picture, wide: int, high: int) -> Picture:
    """Scale until a box is covered, and cut the centre out."""
    times = max(wide / picture.shape[1], high / picture.shape[0])
    part_high = min(picture.shape[0], max(1, round(high / times)))
    part_wide = min(picture.shape[1], max(1, round(wide / times)))
    top, left = (picture.shape[0] - part_high) // 2, (picture.shape[1] - part_wide) // 2
    part = picture[top : top + part_high, left : left + part_wide]
    return scaled(np.ascontiguousarray(part), wide=wide, high=high)


# Overlays


def with_text(picture: Picture, rng: Random, *, share: float) -> Picture:
    """Write outlined lines of words whose boxes cover a share of the picture, anywhere."""
    high, wide = picture.shape[:2]
    lines, size = _lines(rng, wide, high, share)
    letters = font(size)
    stroke = STROKE * size
    boxes = [letters.getbbox(line, stroke_width=stroke) for line in lines]
    block = max(right - left for left, _, right, _ in boxes)
    step = max(bottom - top for _, top, _, bottom in boxes) * 1.12
    left = rng.uniform(0, max(0.0, wide - block))
    top = rng.uniform(0, max(0.0, high - step * len(lines)))
    ink, outline = ("white", "black") if rng.random() < 0.5 else ("black", "white")
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for number, (line, box) in enumerate(zip(lines, boxes, strict=True)):
        inset = (block - (box[2] - box[0])) / 2
        at = (left + inset - box[0], top + number * step - box[1])
        draw.text(at, line, fill=ink, font=letters, stroke_width=stroke, stroke_fill=outline)
    return np.array(image)


def _lines(rng: Random, wide: int, high: int, share: float) -> tuple[list[str], float]:
    """Return lines of words and the size at which their boxes cover a share of the picture."""
    count = int(rng.integers(1, 3)) if share < 0.1 else int(rng.integers(2, 4))
    across = float(rng.uniform(0.6, 0.9)) * wide
    size = share * high * wide / across / count
    lines = []
    for _ in range(count):
        line = phrase(rng, 1)
        while _measured([line], size)[0] < across - size:
            line = f"{line} {phrase(rng, 1)}"
        lines.append(line)
    for _ in range(5):  # boxes do not grow evenly: five rounds come within a few per cent
        longest, area = _measured(lines, size)
        size *= min((share * wide * high / area) ** 0.5, 0.97 * wide / longest)
        size = max(SMALLEST, round(size, 1))
    return lines, size


def _measured(lines: list[str], size: float) -> tuple[float, float]:
    """Return the longest line and the area of all lines' boxes, in pixels."""
    letters = font(max(SMALLEST, round(size, 1)))
    boxes = [letters.getbbox(line, stroke_width=STROKE * size) for line in lines]
    wides = [right - left for left, _, right, _ in boxes]
    return max(wides), sum((box[2] - box[0]) * (box[3] - box[1]) for box in boxes)


def watermarked(picture: Picture, rng: Random, *, degrees: int) -> Picture:
    """Tile half-transparent white text over the whole picture, aslant."""
    high, wide = picture.shape[:2]
    size = max(8, round(MARK_SIZE * max(wide, high)))
    mark, letters = str(rng.choice(MARKS)), font(size)
    side = int(np.hypot(wide, high)) + size
    layer = Image.new("L", (side, side))
    draw = ImageDraw.Draw(layer)
    across, down = letters.getlength(mark) + 2 * size, 3.0 * size
    for row, top in enumerate(np.arange(-rng.uniform(0, down), side, down)):
        for left in np.arange(-rng.uniform(0.2, 0.8) * across * (row % 2 + 1), side, across):
            draw.text((float(left), float(top)), mark, fill=255, font=letters)
    layer = layer.rotate(degrees, Image.Resampling.BILINEAR)
    left, top = (side - wide) // 2, (side - high) // 2
    mask = np.asarray(layer.crop((left, top, left + wide, top + high)), np.float32) / 255
    return _veiled(picture, mask * np.float32(rng.uniform(*MARK_INK)))


def _veiled(picture: Picture, mask: NDArray[np.floating]) -> Picture:
    """Mix white in, by a mask from 0 to 1."""
    levels = picture.astype(np.float32)
    return rounded(levels + (255 - levels) * mask[:, :, None].astype(np.float32))


def with_sticker(picture: Picture, rng: Random, *, share: float) -> Picture:
    """Cover a share of the picture by one opaque disc within it: a flat colour or a face."""
    high, wide = picture.shape[:2]
    across = min(round(2 * (share * wide * high / np.pi) ** 0.5), wide, high)
    left, top = int(rng.integers(0, wide - across + 1)), int(rng.integers(0, high - across + 1))
    disc = Image.new("RGBA", (256, 256))
    if rng.random() < 0.5:
        colour = tuple(int(level) for level in rng.choice(PURE, 3))
        ImageDraw.Draw(disc).ellipse((0, 0, 255, 255), fill=colour)
    else:
        _face(disc, rng)
    image = Image.fromarray(picture)
    small = disc.resize((across, across), Image.Resampling.LANCZOS)
    image.paste(small, (left, top), small)
    return np.array(image)


def _face(disc: Image.Image, rng: Random) -> None:
    """Draw a face on 256 × 256: lit from above, outlined, with eyes and a mouth."""
    colour = FACES[int(rng.integers(len(FACES)))]
    draw = ImageDraw.Draw(disc)
    dark = tuple(level * 55 // 100 for level in colour)
    draw.ellipse((0, 0, 255, 255), fill=dark)
    for ring in range(20):
        lit = tuple(level * (80 + ring) // 100 for level in colour)
        draw.ellipse((8 + 4 * ring, 8 + 2 * ring, 247 - 4 * ring, 247 - 6 * ring), fill=lit)
    eye = int(rng.integers(14, 26))
    for centre in (88, 168):
        draw.ellipse((centre - eye * 0.7, 96 - eye, centre + eye * 0.7, 96 + eye), fill="#402010")
    mouth = (64, 104, 192, 208)
    if rng.random() < 0.5:
        draw.chord(mouth, 0, 180, fill="#702020")
    else:
        draw.arc(mouth, 15, 165, fill="#402010", width=12)


# Frames


def captioned(picture: Picture, rng: Random, *, share: float) -> Picture:
    """Add a white bar of a share of the height on top, with a caption in it."""
    bar = _bar(picture, rng, share, paper=255)
    return np.concatenate([bar, picture])


def between_bars(picture: Picture, rng: Random, *, share: float) -> Picture:
    """Add bars with text above and below, each a share of the height: both black or white."""
    paper = int(rng.choice([0, 255]))
    bars = [_bar(picture, rng, share, paper=paper) for _ in range(2)]
    return np.concatenate([bars[0], picture, bars[1]])


def _bar(picture: Picture, rng: Random, share: float, *, paper: int) -> Picture:
    high, wide = max(1, round(share * picture.shape[0])), picture.shape[1]
    image = Image.fromarray(blank(wide, high, paper))
    count = int(rng.integers(1, 3))
    lines = [phrase(rng, int(rng.integers(3, 7))) for _ in range(count)]
    longest = max(font(100).getlength(line) for line in lines) / 100
    size = max(6, int(min(high * 0.8 / count / 1.25, wide * 0.94 / longest)))
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        at = (wide / 2, high / 2 + (number - (count - 1) / 2) * size * 1.25)
        draw.text(at, line, fill=(255 - paper,) * 3, font=font(size), anchor="mm")
    return np.array(image)


def letterboxed(picture: Picture, *, share: float) -> Picture:
    """Add black above and below until it is a share of the new height."""
    black = round(picture.shape[0] * share / (1 - share) / 2)
    return np.pad(picture, ((black, black), (0, 0), (0, 0)))


def bordered(picture: Picture, *, each: float, level: int) -> Picture:
    """Add a border, at each edge a share of the side that it lengthens."""
    down, across = (round(each * side) for side in picture.shape[:2])
    return np.pad(picture, ((down, down), (across, across), (0, 0)), constant_values=level)


def story(picture: Picture, *, wide: int, high: int) -> Picture:
    """Fit into a frame over the picture's own blurred and darkened enlargement."""
    small = covering(picture, wide // 8, high // 8)  # a blur so strong needs no more pixels
    small = smooth(small, ENLARGED_BLUR * wide / 8)
    canvas = rounded(scaled(small, wide=wide, high=high) * np.float32(ENLARGED_LIGHT))
    inner = fitted(picture, wide, high)
    paste(canvas, inner, (wide - inner.shape[1]) // 2, (high - inner.shape[0]) // 2)
    return canvas


def collage(picture: Picture, rng: Random, others: Others, *, filled: bool) -> Picture:
    """Show four pictures in squares, two by two: each cut to its square, or fitted into it."""
    tiles = [picture, *(others[number] for number in rng.permutation(len(others))[:3])]
    if len(tiles) < 4:
        raise ValueError("a collage shows three other photographs")
    paper, gap = int(rng.choice([0, 255])), round(rng.uniform(0, GUTTER) * COLLAGE)
    canvas, cell = blank(COLLAGE, COLLAGE, paper), (COLLAGE - 3 * gap) // 2
    for place, tile in zip(rng.permutation(4), tiles, strict=True):
        inner = covering(tile, cell, cell) if filled else fitted(tile, cell, cell)
        left = gap + int(place % 2) * (cell + gap) + (cell - inner.shape[1]) // 2
        top = gap + int(place // 2) * (cell + gap) + (cell - inner.shape[0]) // 2
        paste(canvas, inner, left, top)
    return canvas


def side_by_side(picture: Picture, rng: Random, others: Others) -> Picture:
    """Show another picture at the left or right, at the same height."""
    if not others:
        raise ValueError("side by side shows another photograph")
    high = min(picture.shape[0], TALLEST)
    pair = [picture, others[int(rng.integers(len(others)))]]
    pair = [scaled(one, wide=round(one.shape[1] * high / one.shape[0]), high=high) for one in pair]
    gap = round(rng.uniform(0, GUTTER) * sum(one.shape[1] for one in pair))
    gutter = blank(gap, high, int(rng.choice([0, 255])))
    first, second = rng.permutation(2)
    return np.concatenate([pair[first], gutter, pair[second]], axis=1)
