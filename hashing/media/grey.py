"""Decoded pixels of any mode to grey, by the table of docs/signals.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from hashing.errors import Damaged

_BAND_ROWS = 256
"""Rows converted to grey at once: limits the memory needed beside the decoded picture."""


def grey(image: Image.Image) -> Image.Image:
    """Convert to mode "L" band by band, with what is transparent laid on white."""
    if image.mode == "L" and "transparency" not in image.info:
        return image
    convert = _converter(image)
    out = Image.new("L", image.size)
    for top in range(0, image.height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, image.height)
        out.paste(convert(image.crop((0, top, image.width, bottom))), (0, top))
    return out


def _converter(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """The function that converts one band of this image to grey."""
    mode = image.mode
    if mode.startswith("I;16"):
        transparent = image.info.get("transparency")
        return lambda band: _upper_bits(np.asarray(band), transparent)
    if mode == "La":  # Pillow makes no RGBA of it
        return lambda band: _on_white(band.convert("LA"))
    if mode in {"RGBA", "RGBa", "LA", "PA"} or "transparency" in image.info:
        return _on_white
    if mode in {"I", "F"}:
        return _stretched(*cast("tuple[float, float]", image.getextrema()))
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
        return lambda band: cast("Image.Image", ImageCms.applyTransform(band, transform)).convert(
            "L"
        )
    direct = mode in {"1", "RGB", "YCbCr", "L"}
    return lambda band: (band if direct else band.convert("RGB")).convert("L")


def _on_white(band: Image.Image) -> Image.Image:
    rgba = band.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", band.size, "white"), rgba).convert("L")


def _upper_bits(band: NDArray[np.uint16], transparent: int | None) -> Image.Image:
    """16 bits to their upper 8. The one grey that a PNG may name as transparent becomes white."""
    upper = (band >> 8).astype(np.uint8)
    if transparent is not None:
        upper[band == transparent] = 255
    return Image.fromarray(upper)


def _stretched(low: float, high: float) -> Callable[[Image.Image], Image.Image]:
    """Integers or floats of unknown range: the darkest becomes 0, the lightest 255."""
    if not np.isfinite([low, high]).all():
        raise Damaged
    span = max(high - low, float(np.finfo(np.float32).tiny))

    def stretch(band: Image.Image) -> Image.Image:
        part = (np.asarray(band, dtype=np.float64) - low) * (255 / span)
        if np.isnan(part).any():  # the extremes of the image do not show it
            raise Damaged
        return Image.fromarray(np.clip(part + 0.5, 0, 255).astype(np.uint8))

    return stretch
