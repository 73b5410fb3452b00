"""Small copies of a luma, and the gradients in which lines and circles are looked for."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from hashing.luma import Luma, Plane


def reduced(luma: Luma, longest: int, *, shortest: int) -> Luma:
    """Return a luma whose longest side has so many pixels, and no side fewer than `shortest`."""
    scale = longest / max(luma.shape)
    size = [max(shortest, round(side * scale)) for side in luma.shape[::-1]]
    return cast("Luma", cv2.resize(luma, size, interpolation=cv2.INTER_AREA))


def gradients(luma: Luma | Plane) -> tuple[Plane, Plane]:
    """Return how much the luma changes from pixel to pixel, (along x, along y), in grey levels."""
    along_x = cast("Plane", cv2.Sobel(luma, cv2.CV_32F, 1, 0))
    along_y = cast("Plane", cv2.Sobel(luma, cv2.CV_32F, 0, 1))
    return along_x / np.float32(4), along_y / np.float32(4)
