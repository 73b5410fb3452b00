"""Edits that show a picture on a screen: phone screenshots, and a camera's photo of a display.

Pictures are RGB, rows × columns × 3. The sizes of a photo of a screen are in units of the
picture's own sides until the camera's frame is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.edits_frames import blank, covering, fitted, font, paste, phrase
from benchmarks.edits_pixels import rounded, scaled, smooth

Picture = NDArray[np.uint8]
Others = Sequence[Picture]
Random = np.random.Generator
Levels = NDArray[np.float32]
Corners = NDArray[np.float64]
Colour = tuple[int, int, int]

PHONE = 720
"""Pixels across a screenshot: half of what phones show, for speed."""
SLIMMEST = 7 / 3
"""Height by width of the tallest phones (21:9)."""
SQUATTEST = 0.6
"""Height by width of the smallest part of a screen that is still cut out and sent."""
FULLEST = 0.66
"""Of a phone's height, what a tall picture may take."""
PARTS = {"status": (0.13, 48), "header": (0.23, 112), "icons": (0.19, 92), "navigation": (0.19, 96)}
"""Of the height that the picture leaves: each part's share, and its pixels at most."""

FRAME = 800
"""Longest side of a photo of a screen, in pixels."""
FORMATS = (4 / 3, 16 / 9, 3 / 4, 9 / 16)
"""Width by height of what cameras take; the nearest to the picture's own is chosen."""
SHARES = (0.50, 0.65)
"""Of the photo, what the picture on the screen takes, where it has room."""
TILT = 4.0
"""Degrees that a camera is held askew, at most."""
PERSPECTIVE = 0.08
"""How far each corner is moved inwards at most, of each side."""
BEZEL = (0.02, 0.05)
"""Thickness of a bezel, of the picture's longest side."""
NEAR = (0.02, 0.04)
"""Bezel beyond the outermost corner at each side, when tightly framed."""
MOIRE = (3.0, 8.0)
"""Levels that moiré adds and takes away, least and most."""
GRAIN = (3.0, 7.0)
"""Sigma of the camera's noise, in levels."""


class Theme(NamedTuple):
    """Colours of an interface."""

    paper: Colour
    ink: Colour
    faint: Colour


THEMES = {
    "white": Theme((255, 255, 255), (20, 20, 20), (225, 227, 230)),
    "dark": Theme((16, 17, 19), (238, 238, 238), (52, 54, 58)),
}


# Screenshots


def screenshot(
    picture: Picture, rng: Random, *, share: float, margin: float, theme: str
) -> Picture:
    """Show a picture in an app on a phone, where it takes about a share of the screen.

    `margin` is what stays free at its left and right, of the width; `theme` is white, dark or
    either. The screen is as high as the share asks for, up to the tallest phones; what is too
    tall for these is shown narrower.
    """
    look = THEMES[str(rng.choice(sorted(THEMES))) if theme == "either" else theme]
    across = PHONE - 2 * round(margin * PHONE)
    down = picture.shape[0] * across / picture.shape[1]
    wanted = across * down / PHONE / share
    high = round(min(max(wanted, PHONE * SQUATTEST), PHONE * SLIMMEST))
    inner = fitted(picture, across, round(FULLEST * high))
    rest = high - inner.shape[0]
    heights = {name: int(min(of * rest, most)) for name, (of, most) in PARTS.items()}
    image = Image.fromarray(blank(PHONE, high, look.paper))
    draw = ImageDraw.Draw(image)
    _status(draw, rng, heights["status"], look)
    _header(draw, rng, (heights["status"], heights["header"]), look)
    top = heights["status"] + heights["header"]
    _icons(draw, (top + inner.shape[0], heights["icons"]), look)
    below = top + inner.shape[0] + heights["icons"]
    _comments(draw, rng, (below, high - heights["navigation"]), look)
    _navigation(draw, (high - heights["navigation"], heights["navigation"]), look)
    canvas = np.array(image)
    paste(canvas, inner, (PHONE - inner.shape[1]) // 2, top)
    return canvas


def _status(draw: ImageDraw.ImageDraw, rng: Random, high: int, look: Theme) -> None:
    clock, middle, unit = f"{rng.integers(24)}:{rng.integers(60):02}", high / 2, high / 10
    draw.text((5 * unit, middle), clock, fill=look.ink, font=font(int(5.5 * unit)), anchor="lm")
    right = PHONE - 5 * unit
    draw.rounded_rectangle(
        (right - 9 * unit, middle - 2 * unit, right, middle + 2 * unit), unit, outline=look.ink
    )
    charge = right - 8.4 * unit + float(rng.uniform(1, 7.8)) * unit
    draw.rectangle(
        (right - 8.4 * unit, middle - 1.4 * unit, charge, middle + 1.4 * unit), fill=look.ink
    )
    for bar in range(4):
        left = right - (20 - 1.8 * bar) * unit
        draw.rectangle(
            (left, middle + (1 - bar) * unit, left + unit, middle + 2 * unit), fill=look.ink
        )
    signal = (right - 33 * unit, middle - 2 * unit, right - 25 * unit, middle + 6 * unit)
    draw.pieslice(signal, 225, 315, fill=look.ink)


def _header(draw: ImageDraw.ImageDraw, rng: Random, place: tuple[int, int], look: Theme) -> None:
    """Draw a round avatar, a name, a line beneath it and three dots."""
    top, high = place
    middle, radius, left = top + high / 2, high * 0.36, 24
    hue = tuple(int(level) for level in rng.integers(60, 230, 3))
    disc = (left, middle - radius, left + 2 * radius, middle + radius)
    draw.ellipse(disc, fill=hue)
    shoulder = radius * 0.55
    centre = left + radius
    draw.ellipse(
        (centre - shoulder / 2, middle - shoulder, centre + shoulder / 2, middle), fill="white"
    )
    draw.chord(
        (centre - shoulder, middle, centre + shoulder, middle + 2 * shoulder),
        180,
        360,
        fill="white",
    )
    text = left + 2 * radius + 20
    name = phrase(rng, 2).replace(" ", "_")
    draw.text((text, middle - high * 0.14), name, look.ink, font(max(6, int(high * 0.26))), "lm")
    place_name = phrase(rng, 2).title()
    grey = (128, 130, 134)
    draw.text((text, middle + high * 0.17), place_name, grey, font(max(6, int(high * 0.2))), "lm")
    for dot in range(3):
        x, size = PHONE - 30 - dot * high * 0.13, high * 0.035
        draw.ellipse((x - size, middle - size, x + size, middle + size), fill=look.ink)


def _icons(draw: ImageDraw.ImageDraw, place: tuple[int, int], look: Theme) -> None:
    """Draw a heart, a speech bubble, a paper plane and, at the right, a bookmark."""
    top, high = place
    middle, unit = top + high / 2, high / 10
    turn = np.linspace(0, 2 * np.pi, 40)
    heart = np.stack([16 * np.sin(turn) ** 3, -13 * np.cos(turn) + 5 * np.cos(2 * turn)], axis=1)
    heart[:, 1] += 2 * np.cos(3 * turn) + np.cos(4 * turn)
    points = heart * unit * 0.16 + (24 + 3 * unit, middle)
    draw.polygon([(x, y) for x, y in points.tolist()], fill=(237, 73, 86))
    width = max(2, int(unit * 0.6))
    left = 24 + 9.5 * unit
    draw.ellipse(
        (left, middle - 2.6 * unit, left + 5.2 * unit, middle + 2.6 * unit),
        outline=look.ink,
        width=width,
    )
    draw.line(
        [(left + 4 * unit, middle + 2 * unit), (left + 5.6 * unit, middle + 3 * unit)],
        look.ink,
        width,
    )
    left += 9 * unit
    plane = ((0.0, -2.5), (5.5, -2.5), (2.5, 2.8), (1.8, -0.3), (0.0, -2.5))
    draw.line([(left + x * unit, middle + y * unit) for x, y in plane], look.ink, width)
    left = PHONE - 24 - 4 * unit
    mark = ((0.0, -2.6), (4.0, -2.6), (4.0, 2.8), (2.0, 1.0), (0.0, 2.8), (0.0, -2.6))
    draw.line([(left + x * unit, middle + y * unit) for x, y in mark], look.ink, width)


def _comments(draw: ImageDraw.ImageDraw, rng: Random, place: tuple[int, int], look: Theme) -> None:
    """Fill a strip with lines of text, as many as fit."""
    top, bottom = place
    size = int(np.clip((bottom - top) / 2.9, 8, 28))
    draw.text((24, top), f"{rng.integers(20, 9000):,} likes", fill=look.ink, font=font(size))
    for line in np.arange(top + 1.35 * size, bottom - 1.3 * size, 1.35 * size):
        words = phrase(rng, int(rng.integers(3, 9)))
        draw.text((24, float(line)), words, fill=look.ink, font=font(size))


def _navigation(draw: ImageDraw.ImageDraw, place: tuple[int, int], look: Theme) -> None:
    """Draw a bar of five buttons and the line of the home gesture."""
    top, high = place
    middle, size = top + high * 0.42, high * 0.18
    draw.line([(0, top), (PHONE, top)], look.faint, 2)
    for number in range(5):
        x = PHONE * (number + 0.5) / 5
        box = (x - size, middle - size, x + size, middle + size)
        if number == 0:
            roof = [(x - size, middle), (x, middle - size * 1.2), (x + size, middle)]
            draw.polygon([*roof, (x + size, middle + size), (x - size, middle + size)], look.ink)
        elif number in {1, 4}:
            draw.ellipse(box, outline=look.ink, width=3)
        else:
            draw.rounded_rectangle(box, size / 2, outline=look.ink, width=3)
    home = (PHONE * 0.33, top + high * 0.84, PHONE * 0.67, top + high * 0.89)
    draw.rounded_rectangle(home, high * 0.025, fill=look.ink)


# Photo of a screen


def photographed(picture: Picture, rng: Random, others: Others, *, tight: bool) -> Picture:
    """Show a picture on a screen with a dark bezel, as a camera takes it.

    With perspective, askew, moiré, noise, uneven light and a little blur: on a desk, or `tight`,
    when little is to be seen but the screen.
    """
    shown = fitted(picture, FRAME, FRAME)
    quad = _perspective(shown, rng)
    quad, wide, high = _near(quad, rng) if tight else _on_desk(quad, rng)
    desk = _desk(rng, others, wide, high)
    device, edge = _device(shown, rng)
    flat = np.array(
        [
            (edge, edge),
            (edge + shown.shape[1], edge),
            (edge + shown.shape[1], edge + shown.shape[0]),
            (edge, edge + shown.shape[0]),
        ]
    )
    matrix = cv2.getPerspectiveTransform(flat.astype(np.float32), quad.astype(np.float32))
    lit = np.full(device.shape[:2], 255, np.uint8)
    seen = cv2.warpPerspective(device, matrix, (wide, high), flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(lit, matrix, (wide, high)).astype(np.float32)[:, :, None] / 255
    panel = np.zeros((high, wide), np.uint8)
    cv2.fillConvexPoly(panel, quad.round().astype(np.int32), 1)
    scene = desk * (1 - mask) + seen * mask
    scene += panel[:, :, None] * _moire(rng, wide, high)
    return _taken(scene.astype(np.float32), rng)


def _perspective(shown: Picture, rng: Random) -> Corners:
    """Return the corners as seen, from the upper left clockwise, the picture's area being 1."""
    high, wide = shown.shape[:2]
    sides = np.array([wide, high]) / np.sqrt(wide * high)
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    corners -= np.sign(corners) * rng.uniform(0, PERSPECTIVE, (4, 2))
    turn = np.deg2rad(rng.uniform(-TILT, TILT))
    matrix = np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))])
    seen: Corners = (corners * sides) @ matrix
    return seen


def _area(quad: Corners) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _on_desk(quad: Corners, rng: Random) -> tuple[Corners, int, int]:
    """Place a screen in a camera's frame: its corners, and the frame's width and height."""
    spans = np.ptp(quad, axis=0)
    shape = min(FORMATS, key=lambda one: abs(np.log(one * spans[1] / spans[0])))
    frame = FRAME * np.array([min(1, shape), min(1, 1 / shape)])
    wanted = np.sqrt(rng.uniform(*SHARES) * frame.prod() / _area(quad))
    times = min(wanted, float((0.94 * frame / spans).min()))
    quad = quad * times
    room = frame - np.ptp(quad, axis=0)
    quad += room * rng.uniform(0.35, 0.65, 2) - quad.min(axis=0)
    return quad, round(frame[0]), round(frame[1])


def _near(quad: Corners, rng: Random) -> tuple[Corners, int, int]:
    """Frame a screen so that little but its bezel shows around it."""
    spans = np.ptp(quad, axis=0)
    before, after = rng.uniform(*NEAR, 2) * spans, rng.uniform(*NEAR, 2) * spans
    frame = spans + before + after
    times = FRAME / frame.max()
    return (quad - quad.min(axis=0) + before) * times, *(round(side * times) for side in frame)


def _device(shown: Picture, rng: Random) -> tuple[Picture, int]:
    """Return a picture within its bezel, and how many pixels thick that is."""
    edge = round(rng.uniform(*BEZEL) * max(shown.shape[:2]))
    dark = int(rng.integers(8, 45))
    device = blank(shown.shape[1] + 2 * edge, shown.shape[0] + 2 * edge, dark)
    rim = max(1, edge // 8)
    device[:rim], device[-rim:], device[:, :rim], device[:, -rim:] = (dark + 40,) * 4
    paste(device, shown, edge, edge)
    return device, edge


def _desk(rng: Random, others: Others, wide: int, high: int) -> Levels:
    """Return what lies behind: another photo out of focus, or a surface with a grain."""
    if others and rng.random() < 0.5:
        other = covering(others[int(rng.integers(len(others)))], wide // 4, high // 4)
        blurred = scaled(smooth(other, rng.uniform(1, 3)), wide=wide, high=high)
        return blurred.astype(np.float32)
    tone = rng.uniform(40, 220) + rng.uniform(-25, 25, 3)
    across, down = (int(count) for count in rng.permutation([wide // 3 + 1, 12]))
    grain = rng.standard_normal((down, across), np.float32) * np.float32(rng.uniform(3, 12))
    texture = cv2.resize(grain, (wide, high), interpolation=cv2.INTER_LINEAR)
    return np.asarray(texture[:, :, None] + tone.astype(np.float32), np.float32)


def _moire(rng: Random, wide: int, high: int) -> Levels:
    """Return the beat of two grids: bent waves, a little apart in each colour."""
    down, across = np.ogrid[:high, :wide]
    waves = np.zeros((high, wide, 3), np.float32)
    for _ in range(2):
        turn, period = rng.uniform(0, np.pi), rng.uniform(5, 22)
        bend = np.float32(rng.uniform(0, 3)) * np.sin(down / np.float32(rng.uniform(60, 160)))
        phase = (across * np.cos(turn) + down * np.sin(turn)) / period * 2 * np.pi + bend
        for colour in range(3):
            waves[:, :, colour] += np.sin(phase.astype(np.float32) + np.float32(0.7 * colour))
    return waves * np.float32(rng.uniform(*MOIRE) / 2)


def _taken(scene: Levels, rng: Random) -> Picture:
    """Light a scene unevenly, then blur and roughen it as a camera does."""
    high, wide = scene.shape[:2]
    down = np.linspace(-1, 1, high, dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, wide, dtype=np.float32)[None, :]
    slope = rng.uniform(-0.15, 0.15, 2).astype(np.float32)
    light = 1 + slope[0] * down + slope[1] * across
    light -= np.float32(rng.uniform(0.05, 0.2)) * (down**2 + across**2) / 2
    tint = rng.uniform(0.93, 1.05, 3).astype(np.float32)
    bright = scene * light[:, :, None] * tint
    soft = cv2.GaussianBlur(bright, (0, 0), rng.uniform(0.6, 1.2))
    grain = rng.standard_normal((high, wide, 1), np.float32) * np.float32(rng.uniform(*GRAIN))
    return rounded(soft + grain)
