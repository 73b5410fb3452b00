"""What a luma is, and the one order in which a luma is resampled.

A luma is the grey of a picture: uint8 of shape (rows, columns), from the top left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image  # for its types only: windows are made with NumPy alone

Luma = NDArray[np.uint8]
Plane = NDArray[np.float32]
"""As a luma, in binary32: what is computed from one."""


def resample(grey: Image.Image, size: tuple[int, int], resampling: Image.Resampling) -> Image.Image:
    """Return an "L" image at another (width, height): along x, then along y, each pass rounded.

    Pillow 13 by itself begins with y where that is less work, and Pillow 12 never does: the same
    picture would have two values.
    """
    width, height = size
    return grey.resize((width, grey.height), resampling).resize((width, height), resampling)
