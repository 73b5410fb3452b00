"""Moving pictures made of photographs: cameras that wander, cuts, cut-outs, talking heads, fades.

A shot gives the frame at a time in seconds. Frames are RGB, rows × columns × 3; a size is width
and height. All chance comes from the generator given when the shot is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.edits_frames import covering, font

Picture = NDArray[np.uint8]
Levels = NDArray[np.float32]
Random = np.random.Generator
Size = tuple[int, int]
Shot = Callable[[float], Picture]
Course = Callable[[float], float]

SHAKE = 0.006
"""How far a hand moves a camera, of the frame's width."""
TILT = 2.5
"""Degrees that it turns it."""
SHOT = (1.2, 6.0)
"""Seconds between cuts, before they are stretched to the film's length."""
FADE = 1.0
"""Seconds of a crossfade."""
OPENING = 2.0
"""Seconds of a title card, or of black and fading in."""
TITLE = ("MEDIA HOUSE", "presents")


class Gaze(NamedTuple):
    """How a camera looks at a photograph.

    `near` and `far`: the least and most of the photograph that it sees, of the largest window;
    `pace`: seconds in which it wanders; `shake`: how unsteady the hand is, 1 being usual.
    """

    near: float
    far: float
    pace: float
    shake: float


ROAMING = Gaze(0.42, 0.85, 9, 1.0)
GLANCING = Gaze(0.6, 0.92, 7, 0.6)
DRIFTING = Gaze(0.78, 0.95, 14, 0.2)


def wander(rng: Random, pace: float) -> Course:
    """Return a smooth random course between −1 and 1 that turns about every `pace` seconds."""
    waves = [
        (float(rng.uniform(0.6, 1.6)) * pace * 2 / (1 + wave), float(rng.uniform(0, 2 * np.pi)))
        for wave in range(3)
    ]
    shares = (0.55, 0.3, 0.15)

    def course(at: float) -> float:
        parts = (np.sin(2 * np.pi * at / period + phase) for period, phase in waves)
        return float(sum(share * part for share, part in zip(shares, parts, strict=True)))

    return course


def camera(photo: Picture, size: Size, rng: Random, gaze: Gaze) -> Shot:
    """Look at a photograph with a camera in a hand that pans, zooms and shakes."""
    wide, high = size
    across, down, zoom = (wander(rng, gaze.pace) for _ in range(3))
    unsteady = [wander(rng, 0.45) for _ in range(3)]
    rows, columns = photo.shape[:2]
    whole = min(columns / wide, rows / high)  # photo's pixels per frame's pixel, seen at its widest
    middle, shaken = (gaze.near + gaze.far) / 2, gaze.shake * SHAKE * wide

    def shot(at: float) -> Picture:
        scale = whole * (middle + (gaze.far - gaze.near) / 2 * zoom(at))
        turn = np.deg2rad(gaze.shake * TILT * (0.5 * unsteady[2](at) + 0.5 * across(at / 2)))
        x = columns / 2 + (columns - scale * wide) / 2 * across(at)
        y = rows / 2 + (rows - scale * high) / 2 * down(at)
        x, y = x + scale * shaken * unsteady[0](at), y + scale * shaken * unsteady[1](at)
        cos, sin = scale * np.cos(turn), scale * np.sin(turn)
        left, top = x - cos * wide / 2 + sin * high / 2, y - sin * wide / 2 - cos * high / 2
        matrix = np.array([(cos, -sin, left), (sin, cos, top)])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(photo, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(seen, np.uint8)

    return shot


def roaming(photos: Sequence[Picture], size: Size, _seconds: float, rng: Random) -> Shot:
    """Wander widely over one photograph."""
    return with_noise(camera(photos[0], size, rng, ROAMING), size, rng, sigma=2)


def cuts(photos: Sequence[Picture], size: Size, seconds: float, rng: Random) -> Shot:
    """Cut between photographs; each is seen once, for its own time."""
    shots = [camera(photo, size, rng, GLANCING) for photo in photos]
    ends = _ends(rng, len(shots), seconds)
    return lambda at: shots[min(int(np.searchsorted(ends, at, "right")), len(shots) - 1)](at)


def crossfades(photos: Sequence[Picture], size: Size, seconds: float, rng: Random) -> Shot:
    """Fade from photograph to photograph."""
    shots = [camera(photo, size, rng, GLANCING) for photo in photos]
    ends = _ends(rng, len(shots), seconds)

    def shot(at: float) -> Picture:
        now = min(int(np.searchsorted(ends, at, "right")), len(shots) - 1)
        left = (ends[now] - at) / FADE
        if left >= 1 or now + 1 == len(shots):
            return shots[now](at)
        mixed = cv2.addWeighted(shots[now](at), left, shots[now + 1](at), 1 - left, 0)
        return np.asarray(mixed, np.uint8)

    return shot


def cutout(photos: Sequence[Picture], size: Size, _seconds: float, rng: Random) -> Shot:
    """Move part of one photograph, in a soft oval, over another that drifts slowly."""
    wide, high = size
    behind = camera(photos[0], size, rng, DRIFTING)
    part = round(min(size) * rng.uniform(0.5, 0.7))
    tall = round(part * rng.uniform(1.0, 1.3))
    front = covering(photos[1], part, tall)
    mask = _oval(part, tall)
    across, down = wander(rng, 4), wander(rng, 5)

    def shot(at: float) -> Picture:
        frame = behind(at)
        left = (wide - part) / 2 * (1 + 1.15 * across(at))
        top = (high - tall) / 2 + abs(high - tall * 0.6) / 2 * down(at)
        return _laid(frame, front, mask, (left, top))

    return with_noise(shot, size, rng, sigma=2)


def talking(photos: Sequence[Picture], size: Size, _seconds: float, rng: Random) -> Shot:
    """Show a head before a fixed wall: it sways, its mouth moves, the light changes."""
    wide, high = size
    wall = covering(photos[0], wide, high)
    part = round(min(size) * rng.uniform(0.5, 0.62))
    tall = round(part * 1.3)
    head = covering(photos[1], part, tall)
    mask = _oval(part, tall)
    sway, nod, light = wander(rng, 2.5), wander(rng, 1.7), wander(rng, 8)
    syllables, pauses = wander(rng, 0.12), wander(rng, 3)
    darker, switched = float(rng.uniform(0.75, 0.9)), float(rng.uniform(5, 14))
    lips = (part // 2, round(tall * 0.68))

    def shot(at: float) -> Picture:
        face = head.copy()
        spoken = max(0.0, syllables(at)) * (pauses(at) > -0.3)
        axes = (round(part * 0.13), round(part * (0.015 + 0.09 * spoken)))
        cv2.ellipse(face, lips, axes, 0, 0, 360, (70, 20, 25), -1, cv2.LINE_AA)
        left = (wide - part) / 2 + 0.03 * wide * sway(at)
        top = high * 0.55 - tall / 2 + 0.02 * high * nod(at)
        frame = _laid(wall.copy(), face, mask, (left, top))
        gain = (1 + 0.1 * light(at)) * (darker if at > switched else 1)
        return np.asarray(cv2.convertScaleAbs(frame, alpha=gain), np.uint8)

    return with_noise(shot, size, rng, sigma=4)


def with_noise(shot: Shot, size: Size, rng: Random, *, sigma: float) -> Shot:
    """Add a sensor's noise, from a sheet that is laid anew for each frame."""
    wide, high = size
    sheet = rng.normal(0, sigma, (high + 64, wide + 64, 1)).round().astype(np.int16)
    salt = int(rng.integers(1 << 30))

    def noisy(at: float) -> Picture:
        place = np.random.default_rng([salt, round(at * 1000)]).integers(0, 64, 2)
        noise = sheet[place[0] : place[0] + high, place[1] : place[1] + wide]
        return np.asarray(np.clip(shot(at) + noise, 0, 255), np.uint8)

    return noisy


def after_card(shot: Shot, size: Size) -> Shot:
    """Begin with the title card, which is the same in every film but for its size."""
    card = title_card(size)
    return lambda at: card if at < OPENING else shot(at - OPENING)


def after_black(shot: Shot) -> Shot:
    """Begin in black, and fade in."""

    def opened(at: float) -> Picture:
        level = min(1.0, max(0.0, at / OPENING * 2 - 1))
        return shot(at) if level >= 1 else np.asarray(cv2.convertScaleAbs(shot(at), alpha=level))

    return opened


def title_card(size: Size) -> Picture:
    """Draw a maker's name beneath a mark, on rays of two colours."""
    wide, high = size
    down, across = np.mgrid[:high, :wide].astype(np.float32)
    angle = np.arctan2(down - high * 0.4, across - wide / 2)
    ray = ((angle / np.pi * 7).astype(np.int32) % 2)[:, :, None]
    paper = np.where(ray, (24, 58, 120), (52, 104, 176)).astype(np.uint8)
    image = Image.fromarray(paper)
    draw = ImageDraw.Draw(image)
    unit, x, y = min(size) / 10, wide / 2, high * 0.4
    draw.ellipse((x - 2 * unit, y - 2 * unit, x + 2 * unit, y + 2 * unit), fill="white")
    mark = [(x - 0.8 * unit, y - 1.2 * unit), (x + 1.4 * unit, y), (x - 0.8 * unit, y + 1.2 * unit)]
    draw.polygon(mark, fill=(200, 40, 50))
    for line, words in enumerate(TITLE):
        letters = font((1.3 - 0.5 * line) * unit)
        draw.text((x, high * 0.4 + (3.2 + 1.4 * line) * unit), words, "white", letters, "mm")
    return np.array(image)


def _ends(rng: Random, count: int, seconds: float) -> NDArray[np.float64]:
    """Return when each of so many shots ends, the last with the film."""
    lengths = rng.uniform(*SHOT, count)
    ends: NDArray[np.float64] = np.cumsum(lengths) / lengths.sum() * seconds
    return ends


def _oval(wide: int, high: int) -> Levels:
    mask = np.zeros((high, wide), np.float32)
    axes = (round(wide * 0.44), round(high * 0.44))
    cv2.ellipse(mask, (wide // 2, high // 2), axes, 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, wide * 0.02))
    return np.asarray(soft, np.float32)[:, :, None]


def _laid(frame: Picture, front: Picture, mask: Levels, place: tuple[float, float]) -> Picture:
    """Lay a picture through a mask onto a frame, where part of it may lie outside."""
    rows, columns = frame.shape[:2]
    left, top = round(place[0]), round(place[1])
    first_row, first_column = max(0, -top), max(0, -left)
    last_row, last_column = min(front.shape[0], rows - top), min(front.shape[1], columns - left)
    inner = (slice(first_row, last_row), slice(first_column, last_column))
    outer = (
        slice(top + first_row, top + last_row),
        slice(left + first_column, left + last_column),
    )
    under = frame[outer].astype(np.float32)
    frame[outer] = (under + (front[inner] - under) * mask[inner]).astype(np.uint8)
    return frame
