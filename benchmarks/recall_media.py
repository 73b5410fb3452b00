"""What a site of crawl_recall shows: planted edited copies of what a bank knows, and others.

Copies are photographs edited as re-uploaders do (benchmarks/edits.py), one edit after the other.
Others are parts of other photographs: two parts of one are as far apart as strangers are (see
benchmarks/pictures.py). Without photographs, pictures of soft spots stand for them.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from benchmarks.edits import EDITS, edited
from hashing.media.sheets import Part

Picture = NDArray[np.uint8]
SEED = 20261130
KINDS = ("JPEG", "JPEG", "JPEG", "WEBP", "JPEG", "AVIF", "JPEG", "PNG", "JPEG", "HEIC")
"""In the order in which they are used, as often as sites do or a little more."""
EXTENSIONS = {"JPEG": "jpg", "WEBP": "webp", "AVIF": "avif", "PNG": "png", "HEIC": "heic"}
QUALITY = {"JPEG": 85, "WEBP": 80, "AVIF": 60, "HEIC": 60}
SHARES = (0.35, 0.8)
"""Of each side of a photograph that a part has."""
RATE = 10
FRAME, TILE = (480, 270), (160, 90)
"""Width and height of a film, and of a picture of it on a sheet."""
TILE_SECONDS, COLUMNS = 2, 5
SECONDS_OF_SHOT = 5
SHOTS = 4


class File(NamedTuple):
    """A picture or film of the site. `of` names the content of the bank that it is a copy of."""

    name: str
    content: bytes
    of: str = ""
    edit: str = ""

    @property
    def extension(self) -> str:
        """The end of its name."""
        return self.name.rpartition(".")[2]


class Sheet(NamedTuple):
    """Pictures of a film beside each other."""

    file: File
    parts: tuple[Part, ...]


def originals(folder: Path | None, count: int) -> list[Picture]:
    """Return so many photographs of a folder, or pictures of soft spots."""
    paths = sorted(folder.glob("*.jpg")) if folder else []
    if not paths:
        return [_spots(n) for n in range(count)]
    order = np.random.default_rng(SEED).permutation(len(paths))[:count]
    return [_opened(paths[n]) for n in order]


def copies(known: Sequence[Picture], others: Sequence[Picture]) -> Iterator[File]:
    """Yield an edited copy of each; the collages among them show others."""
    for n, picture in enumerate(known):
        edit = EDITS[(n * 7 + 1) % len(EDITS)]  # 7 and the 68 edits have no divisor in common
        name = f"known-{n}"
        beside = [others[(n + step) % len(others)] for step in (7, 31, 53, 77)]
        kind = KINDS[n % len(KINDS)]
        made = edited(picture, edit, name, beside)
        yield File(f"c{n}.{EXTENSIONS[kind]}", saved(made, kind), name, edit.name)


def parts(others: Sequence[Picture], count: int) -> Iterator[File]:
    """Yield so many parts of photographs, in all kinds of files."""
    rng = np.random.default_rng([SEED, 1])
    for n in range(count):
        picture = Image.fromarray(others[n % len(others)])
        share = rng.uniform(*SHARES)
        wide, high = (max(64, int(share * side)) for side in picture.size)
        left = int(rng.integers(0, picture.width - wide + 1))
        top = int(rng.integers(0, picture.height - high + 1))
        part = np.asarray(picture.crop((left, top, left + wide, top + high)))
        kind = KINDS[n % len(KINDS)]
        yield File(f"o{n}.{EXTENSIONS[kind]}", saved(part, kind))


def saved(picture: Picture, kind: str) -> bytes:
    """Return a picture as a file."""
    image, made = Image.fromarray(picture), io.BytesIO()
    if kind == "HEIC":
        pillow_heif.from_pillow(image).save(made, quality=QUALITY[kind])
    else:
        image.save(made, kind, quality=QUALITY.get(kind, 0))
    return made.getvalue()


def thumbnail(file: File) -> bytes:
    """Return a picture small, as imageboards show it."""
    pillow_heif.register_heif_opener()
    with Image.open(io.BytesIO(file.content)) as opened:
        small = opened.convert("RGB")
    small.thumbnail((200, 200))
    return saved(np.asarray(small), "JPEG")


def film(pictures: Sequence[Picture], *, mirrored: bool = False, quality: int = 23) -> bytes:
    """Return an MP4 of a camera that wanders over one picture after the other."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        with av.open(str(path), "w") as written:
            how = {"crf": str(quality), "preset": "veryfast"}
            stream = written.add_stream("libx264", RATE, options=how)
            stream.width, stream.height = FRAME
            stream.pix_fmt = "yuv420p"
            for frame in _frames(pictures, mirrored=mirrored):
                shown = av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")
                written.mux(stream.encode(shown))
            written.mux(stream.encode())
        return path.read_bytes()


def sheet(name: str, pictures: Sequence[Picture], of: str = "") -> Sheet:
    """Return a film's sheet, with a picture of the middle of every TILE_SECONDS."""
    shown = list(_frames(pictures, mirrored=False))[TILE_SECONDS * RATE // 2 :: TILE_SECONDS * RATE]
    whole = Image.new("RGB", (COLUMNS * TILE[0], -(-len(shown) // COLUMNS) * TILE[1]))
    found = []
    for n, frame in enumerate(shown):
        at = (n % COLUMNS * TILE[0], n // COLUMNS * TILE[1])
        whole.paste(frame.resize(TILE, Image.Resampling.BICUBIC), at)
        begin = 1000 * TILE_SECONDS * n
        found.append(Part(begin, begin + 1000 * TILE_SECONDS, *at, *TILE))
    return Sheet(
        File(name, saved(np.asarray(whole), "JPEG"), of, "sheet" if of else ""), tuple(found)
    )


def _frames(pictures: Sequence[Picture], *, mirrored: bool) -> Iterator[Image.Image]:
    steps = SECONDS_OF_SHOT * RATE
    for picture in pictures:
        shown = Image.fromarray(picture).resize((FRAME[0] * 5 // 4, FRAME[1] * 5 // 4))
        for step in range(steps):
            left, top = (step * side // 4 // steps for side in FRAME)
            frame = shown.crop((left, top, left + FRAME[0], top + FRAME[1]))
            yield frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else frame


def _spots(seed: int) -> Picture:
    """A picture of soft spots, hardly coloured, different for every seed."""
    rng = np.random.default_rng([SEED, 2, seed])
    light = rng.integers(40, 215, (9, 12, 1)) + rng.integers(-25, 26, (9, 12, 3))
    spots = Image.fromarray(light.astype(np.uint8))
    return np.asarray(spots.resize((480, 360), Image.Resampling.BICUBIC))


def _opened(path: Path) -> Picture:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
