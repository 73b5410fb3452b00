"""Bits between what a browser and what Python make of the same file, per signal type.

    python -m benchmarks.browser_same [--photos DIR] [--videos DIR ...] [--json FILE]

Each photograph as it is, and saved again by Pillow in other formats; each video frame by frame.
A signal, window or frame that only one side has is counted, not left out. Lossless files have no
decoder that may round, so they must differ in no bit.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageOps
from tqdm import tqdm

from benchmarks import browser_page
from hashing import hash_file
from hashing.errors import ContentError
from hashing.submission import content_document
from hashing.windows import WindowSet

SHARED = Path(__file__).resolve().parents[2] / "shared"
LARGE = (4000, 3000)
"""Width and height of the enlarged copies: 12 megapixels."""
PACKAGES = ("pillow", "numpy", "opencv-python-headless", "playwright")
LOSSLESS = "PNG"
Save = Callable[[Image.Image, Path], None]
Differences = dict[str, list[int]]
"""By kind of signal, the bits of each that both sides have; -1 for one that only one side has."""


class Row(NamedTuple):
    """One line: `both` sides have so many, by bits in `histogram`; `alone` only one of them."""

    files: str
    signal: str
    both: int
    mean: float
    most: int
    histogram: dict[int, int]
    alone: int


def _turned(picture: Image.Image, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(path, "JPEG", quality=90, exif=exif)


SAVED: dict[str, Save] = {
    LOSSLESS: lambda picture, path: picture.save(path, "PNG", compress_level=1),
    "WebP": lambda picture, path: picture.save(path, "WEBP", quality=85, method=2),
    "JPEG, progressive": lambda picture, path: picture.save(path, "JPEG", progressive=True),
    "JPEG, orientation 6": _turned,
    "JPEG, 12 MP": lambda picture, path: ImageOps.fit(picture, LARGE).save(
        path, "JPEG", quality=90
    ),
}
"""What photographs are saved as, by Pillow's defaults where nothing is said."""


def pictures(photos: Sequence[Path], page: browser_page.Browser) -> Iterator[Row]:
    """Yield the rows of the photographs as they are, and of each way to save them."""
    yield from rows("JPEG as it is", compared(photos, page))
    for name, save in SAVED.items():
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for photo in tqdm(photos, desc=name, leave=False, disable=None):
                path = Path(folder) / photo.stem
                with Image.open(photo) as opened:
                    save(opened.convert("RGB"), path)
                paths.append(path)
            yield from rows(name, compared(paths, page))


def compared(paths: Sequence[Path], page: browser_page.Browser) -> Differences:
    """Hash each file on both sides and return the bits between."""
    found: Differences = {}
    for path, hashed in zip(paths, page.hash(paths), strict=True):
        ours, theirs = _values(hashed.document), _values(_known(path))
        for key in ours.keys() | theirs.keys():
            both = key in ours and key in theirs
            bits = _bits(ours[key], theirs[key]) if both else -1
            found.setdefault(key[0], []).append(bits)
    return found


def _known(path: Path) -> dict[str, Any]:
    try:
        return content_document(hash_file(path, use=WindowSet.ALL))
    except ContentError as err:
        return {"error": type(err).__name__}


def _values(document: dict[str, Any]) -> dict[tuple[str, str | int], str]:
    """By kind and place: signals, windows, and frames by their time; an error as its own kind."""
    if "error" in document:
        return {("error", 0): "00"}
    exact = {"md5", "sha256"}
    signals = {
        ("exact" if each["type"] in exact else each["type"], each["type"]): each["value"]
        for each in document["signals"]
    }
    windows = {("window", each["window"]): each["value"] for each in document.get("windows", [])}
    frames = {("frame", each["at_ms"]): each["value"] for each in document.get("frames", [])}
    return {**signals, **windows, **frames}


def _bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def rows(files: str, found: Differences) -> Iterator[Row]:
    """Yield a row for each kind of signal."""
    for signal, every in sorted(found.items()):
        bits = [each for each in every if each >= 0]
        mean = sum(bits) / len(bits) if bits else 0.0
        counted = dict(sorted(Counter(bits).items()))
        alone = len(every) - len(bits)
        yield Row(files, signal, len(bits), round(mean, 3), max(bits, default=0), counted, alone)


def table(found: Sequence[Row]) -> None:
    """Print every row."""
    print(f"{'files':32}{'signal':8}{'both':>6}{'mean':>7}{'max':>5}{'alone':>6}  bits: how many")
    for row in found:
        spread = ", ".join(f"{bits}: {count}" for bits, count in row.histogram.items())
        print(
            f"{row.files:32}{row.signal:8}{row.both:>6}{row.mean:>7.3f}{row.most:>5}"
            f"{row.alone:>6}  {spread}"
        )


def facts(photos: Sequence[Path], videos: Sequence[Path], chromium: str) -> dict[str, Any]:
    """Return what the numbers depend on."""
    return {
        "photographs": len(photos),
        "saved_as": ["JPEG as it is", *SAVED],
        "videos": [path.name for path in videos],
        "windows": "all",
        "chromium": chromium,
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in PACKAGES},
    }


def main() -> None:
    """Measure, print the table, and write JSON if asked to; fail if lossless files differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=SHARED / "photos", help="folder of *.jpg")
    parser.add_argument("--videos", type=Path, nargs="*", default=[SHARED / "vectors" / "videos"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers too")
    chosen = parser.parse_args()
    photos = sorted(chosen.photos.glob("*.jpg"))
    videos = [path for folder in chosen.videos for path in sorted(folder.glob("*.mp4"))]
    if not photos and not videos:
        parser.error("neither photographs nor videos there")
    with browser_page.opened() as page:
        known = facts(photos, videos, page.version)
        found = list(pictures(photos, page)) if photos else []
        for video in videos:
            found += rows(video.stem[:31], compared([video], page))
    print(json.dumps(known, indent=2))
    table(found)
    if chosen.json:
        written = {"facts": known, "rows": [row._asdict() for row in found]}
        chosen.json.write_text(json.dumps(written, indent=2) + "\n")
    if any(row.most or row.alone for row in found if row.files == LOSSLESS):
        raise SystemExit("Lossless files differ.")


if __name__ == "__main__":
    main()
