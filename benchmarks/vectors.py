"""How far our PDQ is from the hashes that ThreatExchange publishes of its own material.

    python -m benchmarks.vectors [--shared ../shared] [--json FILE]

Two references made the expected hashes of the pictures: one hashes at full size (`python-full`),
one squeezes to 512 × 512 first (`cpp-512`). Those of the videos are vPDQ's own output, by frame.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hashing.algorithms import pdq
from hashing.media import frames, pixels

NEAR = 10
"""Bits within which we want to be of each reference."""
SHARED = Path(__file__).resolve().parents[2] / "shared"


class Picture(NamedTuple):
    """Bits from each reference, None where it gives no hash of this file; and our quality."""

    file: str
    python_full: int | None
    cpp_512: int | None
    quality: int


class Frame(NamedTuple):
    """One frame of a video: the reference's quality, milliseconds and bits from the reference."""

    quality: int
    late_ms: float
    bits: int


class Video(NamedTuple):
    """Frames whose reference quality passes the bar, and how far they are."""

    file: str
    frames: int
    below_bar: int
    most: int
    mean: float
    above: int


def pictures(vectors: Path) -> list[Picture]:
    """Return one row a file of `pictures/expected.csv`."""
    folder = vectors / "pictures"
    expected: dict[str, dict[str, str]] = {}
    with (folder / "expected.csv").open() as file:
        for row in csv.DictReader(file):
            expected.setdefault(row["file"], {})[row["reference"]] = row["pdq"]
    return [_picture(folder, name, known) for name, known in sorted(expected.items())]


def modes(vectors: Path) -> dict[str, int]:
    """Return bits between each file of `modes/`, one picture in many modes, and its original."""
    folder = vectors / "pictures" / "misc-images" / "modes"
    original = _pdq(vectors / "pictures" / "bridge-mods" / "aaa-orig.jpg")[0]
    return {path.name: _bits(_pdq(path)[0], original.hex()) for path in sorted(folder.iterdir())}


def video_frames(vectors: Path, name: str) -> Iterator[Frame]:
    """Yield every frame of one video beside the reference's line of the same number.

    Raises ValueError when the two have not the same number of frames.
    """
    lines = (vectors / "video-hashes" / f"{name}.txt").read_text().split()
    sampled = frames.sample(vectors / "videos" / f"{name}.mp4", period_ms=1)
    for line, frame in zip(lines, sampled, strict=True):
        _, quality, value, seconds = line.split(",")
        bits = _bits(pdq.compute(frame.luma)[0], value)
        yield Frame(int(quality), abs(frame.at_ms - 1000 * float(seconds)), bits)


def videos(vectors: Path) -> list[Video]:
    """Return one row a video."""
    names = sorted(path.stem for path in (vectors / "videos").iterdir())
    return [_video(name, list(video_frames(vectors, name))) for name in names]


def _picture(folder: Path, name: str, known: dict[str, str]) -> Picture:
    value, quality = _pdq(folder / name)
    far = {reference: _bits(value, text) for reference, text in known.items()}
    return Picture(name, far.get("python-full"), far.get("cpp-512"), quality)


def _video(name: str, found: list[Frame]) -> Video:
    bits = [frame.bits for frame in found if frame.quality >= pdq.QUALITY_BAR]
    return Video(
        name,
        frames=len(found),
        below_bar=len(found) - len(bits),
        most=max(bits),
        mean=round(sum(bits) / len(bits), 2),
        above=sum(one > NEAR for one in bits),
    )


def _pdq(path: Path) -> tuple[bytes, int]:
    return pdq.compute(pixels.read(path.read_bytes()))


def _bits(value: bytes, text: str) -> int:
    return (int.from_bytes(value) ^ int(text, 16)).bit_count()


def _table(rows: list[tuple[Any, ...]], heads: tuple[str, ...]) -> None:
    print(f"{heads[0]:34}" + "".join(f"{head:>14}" for head in heads[1:]))
    for row in rows:
        print(f"{row[0]:34}" + "".join(f"{'-' if x is None else x:>14}" for x in row[1:]))
    print()


def main() -> None:
    """Print the tables, and write them as JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with vectors/")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers too")
    chosen = parser.parse_args()
    vectors = chosen.shared / "vectors"
    stills, modal, moving = pictures(vectors), modes(vectors), videos(vectors)
    _table(list(stills), ("picture (bits)", "python-full", "cpp-512", "quality"))
    _table(list(modal.items()), ("mode (bits from the original)", "bits"))
    heads = ("video (bits a frame)", "frames", "quality < 50", "most", "mean", f"above {NEAR}")
    _table(list(moving), heads)
    if chosen.json:
        found = {
            "pictures": [row._asdict() for row in stills],
            "modes": modal,
            "videos": [row._asdict() for row in moving],
        }
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
