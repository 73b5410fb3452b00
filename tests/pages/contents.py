"""Files that an owner chooses, made here: photographs, a video, and what cannot be hashed."""

from __future__ import annotations

import io
import struct
import tempfile
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import edits, film_codec
from benchmarks.edits import EDITS
from demo import corpus, films

Picture = NDArray[np.uint8]

RATE = 15
CLIP_SECONDS = 5
NAMED = {edit.name: edit for edit in EDITS}
PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"
OTHERS = ("coins.png", "gravel.png", "ihc.png")


def carried(name: str) -> Picture:
    """A photograph that scikit-image carries."""
    found = find_spec("skimage")
    assert found is not None
    assert found.origin is not None
    with Image.open(Path(found.origin).parent / "data" / name) as opened:
        return np.asarray(opened.convert("RGB"), np.uint8)


def pictures(folder: Path) -> list[Path]:
    """JPEGs as a camera writes them; two more where ../shared is."""
    made = []
    for name in corpus.OURS:
        target = folder / Path(name).with_suffix(".jpg").name
        target.write_bytes(_photograph(name))
        made.append(target)
    beside = sorted(PHOTOS.glob("*.jpg"))[:2] if PHOTOS.is_dir() else []
    for source in beside:
        target = folder / source.name
        target.write_bytes(source.read_bytes())
        made.append(target)
    return made


@cache
def _photograph(name: str) -> bytes:
    with io.BytesIO() as file:
        Image.fromarray(carried(name)).save(file, "JPEG", quality=92)
        return file.getvalue()


def video(folder: Path, name: str = "film.mp4", seconds_each: int = 3) -> Path:
    """Filmed over photographs, H.264 as phones write it (or VP9, where the name ends so)."""
    target = folder / name
    target.write_bytes(_film(target.suffix, seconds_each))
    return target


@cache
def _film(suffix: str, seconds_each: int) -> bytes:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        sources = []
        for each in corpus.FILMED[:3]:
            sources.append(folder / each)
            Image.fromarray(carried(each)).save(sources[-1])
        rough = films.filmed(sources, folder / "rough.mp4", seconds_each)
        codec = film_codec.VP9 if suffix == ".webm" else film_codec.H264
        target = folder / f"film{suffix}"
        film_codec.write(target, film_codec.frames(rough), Fraction(RATE), codec=codec)
        return target.read_bytes()


def clip(source: Path, target: Path) -> Path:
    """Some seconds of a video, smaller and encoded again."""
    shown = list(film_codec.frames(source, (426, 240)))[RATE : RATE * (1 + CLIP_SECONDS)]
    film_codec.write(target, shown, Fraction(RATE), codec=film_codec.VP9, crf=34)
    return target


def edited(source: Path, name: str, target: Path) -> Path:
    """A copy as the benchmarks' edit of that name leaves it."""
    with Image.open(source) as opened:
        picture = np.asarray(opened.convert("RGB"), np.uint8)
    others = [carried(each) for each in OTHERS]
    made = edits.edited(picture, NAMED[name], source.stem, others)
    Image.fromarray(made).save(target, quality=90)
    return target


def unfit(folder: Path) -> list[Path]:
    """A damaged picture, a text, a plain picture, a TIFF that browsers do not open."""
    whole = folder / "whole.jpg"
    Image.fromarray(carried("coffee.png")).save(whole, quality=92)
    damaged = folder / "damaged.jpg"
    damaged.write_bytes(whole.read_bytes()[:3000])
    text = folder / "text.jpg"
    text.write_text("These are words, and no picture. " * 40)
    plain = folder / "plain.png"
    Image.new("RGB", (400, 300), (200, 190, 180)).save(plain)
    tiff = folder / "scan.tiff"
    Image.fromarray(carried("coins.png")).save(tiff, compression="tiff_lzw")
    whole.unlink()
    return [damaged, text, plain, tiff]


def batch(folder: Path, count: int, size: tuple[int, int] = (1632, 1224)) -> list[Path]:
    """Two megapixels each, all different: parts of photographs, mirrored, turned, enlarged."""
    sources = [Image.fromarray(carried(name)) for name in corpus.OURS]
    rng = np.random.default_rng(5)
    made = []
    for number in range(count):
        source = sources[number % len(sources)]
        wide, high = source.size
        left, top = rng.uniform(0, 0.4, 2)
        box = (left * wide, top * high, (left + 0.6) * wide, (top + 0.6) * high)
        target = folder / f"batch-{number:02}.jpg"
        source.resize(size, Image.Resampling.BICUBIC, box).save(target, quality=90)
        made.append(target)
    return made


def _box(kind: bytes, *parts: bytes) -> bytes:
    """A box of ISO 14496-12, with its length."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def hostile(target: Path) -> Path:
    """A megabyte that claims two million samples and a hundred thousand edits of them."""
    samples, edits_of_it, whole = 1_728_000, 99_000, bytes(4)
    edit_list = b"".join(struct.pack(">IiI", 1, 2 * n, 0x10000) for n in range(edits_of_it))
    format_of_it = _box(b"vp08", bytes(24), struct.pack(">HH", 96, 64), bytes(50))
    table = _box(
        b"stbl",
        _box(b"stsd", whole, struct.pack(">I", 1), format_of_it),
        _box(b"stsz", whole, struct.pack(">II", 1, samples)),
        _box(b"stsc", whole, struct.pack(">IIII", 1, 1, samples, 1)),
        _box(b"stco", whole, struct.pack(">II", 1, 0)),
        _box(b"stts", whole, struct.pack(">III", 1, samples, 3)),
    )
    media = _box(
        b"mdia",
        _box(b"mdhd", whole, struct.pack(">IIII", 0, 0, 1000, 1000), bytes(4)),
        _box(b"hdlr", whole, bytes(4), b"vide", bytes(13)),
        _box(b"minf", table),
    )
    upright = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = struct.pack(">IIII", 0, 0, 1, 0) + bytes(20) + upright
    track = _box(
        b"trak",
        _box(b"tkhd", whole, header, struct.pack(">II", 96 << 16, 64 << 16)),
        _box(b"edts", _box(b"elst", whole, struct.pack(">I", edits_of_it), edit_list)),
        media,
    )
    movie = _box(b"mvhd", whole, struct.pack(">IIII", 0, 0, 1000, 1000), bytes(80))
    kind = _box(b"ftyp", b"isom", whole, b"isom")
    target.write_bytes(kind + _box(b"moov", movie, track) + _box(b"mdat", bytes(100)))
    return target
