"""How long a browser takes for a photograph of 12 megapixels and for a minute of video.

    python -m benchmarks.browser_speed [--photos DIR] [--json FILE] [--rounds N]

Both sides hash the same files one after another in the same run: Python's `hash_file`, and the page
in a real Chromium with its proofs before and after each file. Medians; the ratio is the page's over
Python's, so 2 means twice as long.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks import browser_page, film_codec, hash_speed
from hashing import hash_file

SECONDS, RATE, SIZE = 60, 30, (1920, 1080)
"""Of the video: a minute of Full HD in H.264, as phones record by default."""
SCENE = 5
"""Seconds that the camera wanders over one photograph."""
PICTURES = 6
"""Photographs of 12 megapixels."""


class Row(NamedTuple):
    """Median milliseconds of one file on each side."""

    what: str
    page_ms: float
    python_ms: float
    ratio: float


def wandering(photos: Sequence[Path]) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of the video: a photograph after another, each slowly passed over."""
    wide, high = SIZE
    for scene in range(SECONDS // SCENE):
        with Image.open(photos[scene % len(photos)]) as photo:
            whole = np.asarray(ImageOps.fit(photo.convert("RGB"), (wide + 300, high + 300)))
        for number in range(SCENE * RATE):
            left = top = 2 * number
            yield whole[top : top + high, left : left + wide]


def measure(paths: Sequence[Path], page: browser_page.Browser, rounds: int) -> tuple[float, float]:
    """Return the median milliseconds of page and Python, after one round that is not counted."""
    in_page: list[float] = []
    in_python: list[float] = []
    for turn in range(rounds + 1):
        took = [each.ms for each in page.hash(paths, "standard")]
        alone = [_timed(path) for path in paths]
        if turn:
            in_page += took
            in_python += alone
    return statistics.median(in_page), statistics.median(in_python)


def _timed(path: Path) -> float:
    began = time.perf_counter()
    hash_file(path)
    return 1000 * (time.perf_counter() - began)


def row(what: str, times: tuple[float, float]) -> Row:
    """Return a row of (page, Python) milliseconds."""
    ours, theirs = times
    return Row(what, round(ours, 1), round(theirs, 1), round(ours / theirs, 2))


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=hash_speed.PHOTOS, help="folder of *.jpg")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers too")
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds (3); a video: one")
    chosen = parser.parse_args()
    photos = sorted(chosen.photos.glob("*.jpg"))
    if not photos:
        parser.error(f"no photographs in {chosen.photos}")
    with tempfile.TemporaryDirectory() as folder, browser_page.opened() as page:
        known = facts(chosen.rounds, page.version)
        paths = [Path(folder) / f"{number}.jpg" for number in range(PICTURES)]
        size = hash_speed.SIZES[12.0]
        for path, data in zip(paths, hash_speed.corpus(size, PICTURES), strict=True):
            path.write_bytes(data)
        found = [row("JPEG of 12 MP", measure(paths, page, chosen.rounds))]
        film = Path(folder) / "film.mp4"
        film_codec.write(film, wandering(photos), Fraction(RATE))
        known["video_bytes"] = film.stat().st_size
        found += [row("minute of 1080p H.264", measure([film], page, 1))]
    print(json.dumps(known, indent=2))
    print(f"{'what':24}{'page ms':>10}{'python ms':>11}{'ratio':>7}")
    for each in found:
        print(f"{each.what:24}{each.page_ms:>10.1f}{each.python_ms:>11.1f}{each.ratio:>7.2f}")
    if chosen.json:
        written = {"facts": known, "rows": [each._asdict() for each in found]}
        chosen.json.write_text(json.dumps(written, indent=2) + "\n")


def facts(rounds: int, chromium: str) -> dict[str, Any]:
    """Return what the numbers depend on."""
    return {
        "pictures": f"{PICTURES} of 12 megapixels, quality {hash_speed.QUALITY}, with grain",
        "video": f"{SECONDS} s of {SIZE[0]} x {SIZE[1]} at {RATE} a second, {film_codec.H264}",
        "seed": hash_speed.SEED,
        "rounds": rounds,
        "chromium": chromium,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


if __name__ == "__main__":
    main()
