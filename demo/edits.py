"""What re-uploaders do to a file before they post it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

Edit = Callable[[Path, Path], Path]


def untouched(source: Path, folder: Path) -> Path:
    """The same bytes under another name."""
    target = folder / f"copy-{source.name}"
    target.write_bytes(source.read_bytes())
    return target


def re_encoded(source: Path, folder: Path) -> Path:
    """JPEG at quality 40."""
    return _saved(_opened(source), folder, source, "recompressed.jpg", quality=40)


def as_webp(source: Path, folder: Path) -> Path:
    """WebP at quality 50."""
    return _saved(_opened(source), folder, source, "converted.webp", quality=50)


def resized(source: Path, folder: Path) -> Path:
    """Half the width and height."""
    picture = _opened(source)
    small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    return _saved(small, folder, source, "half.jpg", quality=85)


def filtered(source: Path, folder: Path) -> Path:
    """Warm tint, more contrast and colour: a social app's filter."""
    picture = ImageEnhance.Color(ImageEnhance.Contrast(_opened(source)).enhance(1.2)).enhance(1.4)
    warm = np.asarray(picture, dtype=np.float64) * (1.08, 1.0, 0.88)
    tinted = Image.fromarray(np.clip(warm, 0, 255).astype(np.uint8))
    return _saved(tinted, folder, source, "filtered.jpg", quality=80)


def grey(source: Path, folder: Path) -> Path:
    """Black and white."""
    return _saved(ImageOps.grayscale(_opened(source)), folder, source, "grey.jpg", quality=80)


PICTURE_EDITS: dict[str, Edit] = {
    "untouched": untouched,
    "re-encoded (JPEG 40)": re_encoded,
    "converted (WebP 50)": as_webp,
    "half size": resized,
    "filtered": filtered,
    "black and white": grey,
}


def video_smaller(source: Path, folder: Path) -> Path:
    """Every second frame, at two thirds of the size, encoded again."""
    capture = cv2.VideoCapture(str(source))
    rate = capture.get(cv2.CAP_PROP_FPS) or 25.0
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)) * 2 // 3 // 2 * 2
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) * 2 // 3 // 2 * 2
    target = folder / "video-smaller.avi"
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(target), codec, rate / 2, (width, height))
    count = 0
    while True:
        good, frame = capture.read()
        if not good:
            break
        if count % 2 == 0:
            writer.write(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA))
        count += 1
    writer.release()
    capture.release()
    return target


VIDEO_EDITS: dict[str, Edit] = {
    "untouched": untouched,
    "smaller, half the frames, re-encoded": video_smaller,
}


def _opened(source: Path) -> Image.Image:
    with Image.open(source) as picture:
        return ImageOps.exif_transpose(picture).convert("RGB")


def _saved(picture: Image.Image, folder: Path, source: Path, name: str, *, quality: int) -> Path:
    target = folder / f"{source.stem}-{name}"
    picture.save(target, quality=quality)
    return target
