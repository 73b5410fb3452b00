"""Edits of a picture by itself: encoding, size, light and colour, crops and turns.

Pictures are RGB, rows × columns × 3. No edit writes into the picture that it is given.
"""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
Random = np.random.Generator

LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601, what JPEG and Pillow take as grey."""
SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))
"""Rows: what red, green and blue become of red, green and blue (Microsoft's, copied everywhere)."""
WARM = (1.08, 1.01, 0.86)
"""Gains of red, green and blue of the social-app filter."""
CORNERS = 0.55
"""How bright the social-app filter leaves the corners: a vignette."""


# What others build on


def scaled(picture: Picture, *, wide: int, high: int) -> Picture:
    """Scale to so many pixels, without aliasing when it shrinks."""
    smaller = wide * high < picture.shape[0] * picture.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(
        cv2.resize(picture, (max(1, wide), max(1, high)), interpolation=way), np.uint8
    )


def smooth(picture: Picture, sigma: float) -> Picture:
    """Blur by a Gaussian of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def rounded(levels: NDArray[np.floating[Any]]) -> Picture:
    """Return levels as bytes, those out of range cut off."""
    return (levels + 0.5).clip(0, 255).astype(np.uint8)


# Basic


def identity(picture: Picture) -> Picture:
    """Return a copy, bit for bit."""
    return picture.copy()


def encoded(picture: Picture, *, kind: str, quality: int) -> Picture:
    """Save with Pillow as `kind` (JPEG with 4:2:0 chroma, its default) and decode again."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, quality=quality)
    return np.array(Image.open(file).convert("RGB"))


def resized(picture: Picture, *, times: float) -> Picture:
    """Scale both sides."""
    high, wide = picture.shape[:2]
    return scaled(picture, wide=round(wide * times), high=round(high * times))


def shrunk(picture: Picture, *, longest: int) -> Picture:
    """Scale so that the longest side is `longest`; a smaller picture stays as it is."""
    return resized(picture, times=min(1, longest / max(picture.shape[:2])))


# Photometric


def blurred(picture: Picture, *, sigma: float) -> Picture:
    """Blur by a Gaussian whose `sigma` is a share of the longest side."""
    return smooth(picture, sigma * max(picture.shape[:2]))


def noisy(picture: Picture, rng: Random, *, sigma: float) -> Picture:
    """Add Gaussian noise of `sigma` levels out of 255, each channel on its own."""
    return rounded(picture + np.float32(sigma) * rng.standard_normal(picture.shape, np.float32))


def _curve(picture: Picture, levels: NDArray[np.floating]) -> Picture:
    """Look each of the 256 levels up."""
    return rounded(levels)[picture]


def brightened(picture: Picture, *, times: float) -> Picture:
    """Multiply every level."""
    return _curve(picture, np.arange(256) * times)


def contrasted(picture: Picture, *, times: float) -> Picture:
    """Stretch levels about the picture's mean grey."""
    mean = float(_luma(picture).mean())
    return _curve(picture, mean + (np.arange(256) - mean) * times)


def gamma(picture: Picture, *, power: float) -> Picture:
    """Raise levels (0 to 1) to a power: above 1 is darker."""
    return _curve(picture, 255 * (np.arange(256) / 255) ** power)


def _luma(picture: Picture) -> NDArray[np.float32]:
    return picture.astype(np.float32) @ np.array(LUMA, np.float32)


def saturated(picture: Picture, *, times: float) -> Picture:
    """Move colours away from their grey, or with 0 to it."""
    luma = _luma(picture)[:, :, None]
    return rounded(luma + (picture - luma) * np.float32(times))


def mixed(picture: Picture, *, rows: tuple[tuple[float, ...], ...]) -> Picture:
    """Make each new channel of the three old ones."""
    return rounded(picture @ np.array(rows, np.float32).T)


def filtered(picture: Picture) -> Picture:
    """Do as a social app's filter: warm tint, S-curve, vignette."""
    high, wide = picture.shape[:2]
    steps = np.arange(256) / 255
    curved = 255 * (0.4 * steps + 0.6 * steps * steps * (3 - 2 * steps))
    down = np.linspace(-1, 1, high, dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, wide, dtype=np.float32)[None, :]
    light = 1 - np.float32(1 - CORNERS) * ((down**2 + across**2) / 2) ** 1.5
    tinted = _curve(picture, curved) * np.array(WARM, np.float32)
    return rounded(tinted * light[:, :, None])


# Crop and geometry


def cropped(picture: Picture, *, off: float) -> Picture:
    """Keep the centre, each side (1 - off) long."""
    return _kept(picture, left=off / 2, right=off / 2, top=off / 2, bottom=off / 2)


def side_cropped(picture: Picture, rng: Random, *, off: float) -> Picture:
    """Cut a share of the width or height off at one of the four sides."""
    return _kept(picture, **{str(rng.choice(["left", "right", "top", "bottom"])): off})


def corner_cropped(picture: Picture, rng: Random, *, off: float) -> Picture:
    """Cut a share off at two sides that meet."""
    across, down = str(rng.choice(["left", "right"])), str(rng.choice(["top", "bottom"]))
    return _kept(picture, **{across: off, down: off})


def _kept(
    picture: Picture, *, left: float = 0, right: float = 0, top: float = 0, bottom: float = 0
) -> Picture:
    high, wide = picture.shape[:2]
    return picture[
        round(high * top) : high - round(high * bottom),
        round(wide * left) : wide - round(wide * right),
    ].copy()


def squashed(picture: Picture, *, times: float) -> Picture:
    """Scale the width alone."""
    high, wide = picture.shape[:2]
    return scaled(picture, wide=round(wide * times), high=high)


def mirrored(picture: Picture) -> Picture:
    """Swap left and right."""
    return np.ascontiguousarray(picture[:, ::-1])


def upside_down(picture: Picture) -> Picture:
    """Swap top and bottom: a flip, not a half turn."""
    return np.ascontiguousarray(picture[::-1])


def turned(picture: Picture, *, degrees: int) -> Picture:
    """Turn anticlockwise by quarters."""
    return np.ascontiguousarray(np.rot90(picture, degrees // 90))


def rotated(picture: Picture, rng: Random, *, degrees: float, whole: bool) -> Picture:
    """Rotate to either side.

    The canvas grows to show the whole picture on black, or shrinks to the largest upright
    rectangle within the picture.
    """
    high, wide = picture.shape[:2]
    turn = np.deg2rad(degrees)
    if whole:
        new_wide = wide * np.cos(turn) + high * np.sin(turn)
        new_high = high * np.cos(turn) + wide * np.sin(turn)
    else:
        new_wide, new_high = _inscribed(wide, high, turn)
    out_wide, out_high = (int(new_wide), int(new_high))
    matrix = cv2.getRotationMatrix2D(((wide - 1) / 2, (high - 1) / 2), _either(rng, degrees), 1)
    matrix[:, 2] += (out_wide - wide) / 2, (out_high - high) / 2
    made = cv2.warpAffine(picture, matrix, (out_wide, out_high), flags=cv2.INTER_CUBIC)
    return np.asarray(made, np.uint8)


def _either(rng: Random, degrees: float) -> float:
    return degrees * float(rng.choice([-1, 1]))


def _inscribed(wide: int, high: int, turn: float) -> tuple[float, float]:
    """Return width and height of the largest upright rectangle in one that is turned."""
    sine, cosine = np.sin(turn), np.cos(turn)
    longer, shorter = max(wide, high), min(wide, high)
    if shorter <= 2 * sine * cosine * longer:  # two corners lie on the longer sides
        half = shorter / 2
        return (half / sine, half / cosine) if wide >= high else (half / cosine, half / sine)
    double = cosine**2 - sine**2
    return (wide * cosine - high * sine) / double, (high * cosine - wide * sine) / double
