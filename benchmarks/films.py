"""Videos to measure with: real ones of a folder, and films rendered from photographs.

    python -m benchmarks.films PHOTOS CACHE [--videos FOLDER ...]

Every photograph is in one film only, and every film in one half, `tune` or `report`, with all its
photographs. So any two films of different families are unrelated; but some begin with the same
title card, or in black. Hosts, which edits put films into, are never in the bank.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from benchmarks import film_codec as codec
from benchmarks import film_scenes as scenes

Picture = NDArray[np.uint8]
Random = np.random.Generator
Build = Callable[[Sequence[Picture], scenes.Size, float, Random], scenes.Shot]

HALVES = ("tune", "report")
SIZES = ((640, 360), (480, 480), (360, 640), (854, 480))
RATES = (24, 25, 30)
SECONDS = (12.0, 15.0, 18.0, 21.0, 25.0, 30.0, 34.0, 40.0)
HOST_SECONDS = 60.0
HOSTS = 3
"""In each half."""
EACH = 4
"""Films of each style in each half: one of each size."""
LONGEST = 1024
"""Longest side of a photograph that is filmed, in pixels."""


class Style(NamedTuple):
    """How many photographs a film takes, and how it is made of them."""

    photos: int
    build: Build


STYLES = {
    "roaming": Style(1, scenes.roaming),
    "cuts": Style(6, scenes.cuts),
    "cutout": Style(2, scenes.cutout),
    "talking": Style(2, scenes.talking),
    "crossfades": Style(5, scenes.crossfades),
}
HOST = Style(8, scenes.cuts)
FAMILIES = ("pattern-", "carphone_")
"""Beginnings of names: real videos of the same content, in different versions."""


class Film(NamedTuple):
    """One film to render; `opening` is "card", "black" or nothing."""

    name: str
    half: str
    style: str
    photos: tuple[Path, ...]
    size: scenes.Size
    rate: int
    seconds: float
    opening: str

    @property
    def file(self) -> str:
        """Its file's name, which changes with all that it is made of."""
        parts = (self.style, *(path.name for path in self.photos), self.size, self.rate)
        text = repr((self.name, *parts, self.seconds, self.opening))
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:6]}.mp4"


class Video(NamedTuple):
    """One video of the corpus; those of the same family show the same."""

    path: Path
    family: str
    half: str
    style: str
    opening: str
    photos: tuple[str, ...]

    def unrelated(self, other: Video) -> bool:
        """Whether the two show nothing in common but, perhaps, a title card or black."""
        return self.family != other.family

    def shares_opening(self, other: Video) -> bool:
        """Whether both begin with the title card: unrelated, but hard to tell apart."""
        return self.opening == other.opening == "card"


class Corpus(NamedTuple):
    """What a bank may hold, and what only edits use."""

    videos: tuple[Video, ...]
    hosts: tuple[Video, ...]

    def host_of(self, video: Video) -> Path:
        """Return the longer, unrelated video that edits of this one use: of the same half."""
        hosts = [host for host in self.hosts if host.half == video.half]
        return hosts[int(seeded(video.path.stem, "host").integers(len(hosts)))].path


def seeded(*names: str) -> Random:
    """Return the generator that belongs to these names."""
    digest = hashlib.sha256("\n".join(names).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest))


def half(name: str) -> str:
    """Return the half of a photograph or a real video, by its name.

    Photographs numbered alike but for the last three digits are of one series (BSDS500, taken from
    Corel's discs) and stay together; so do the versions of one video.
    """
    series = re.sub(r"\d{3}$", "", family(name))
    return HALVES[hashlib.sha256(series.encode()).digest()[0] % 2]


def family(name: str) -> str:
    """Return what all versions of the same real video have in common; else its own name."""
    stem = Path(name).stem
    return next((start.rstrip("-_") for start in FAMILIES if stem.startswith(start)), stem)


def planned(photos: Iterable[Path]) -> tuple[list[Film], list[Film]]:
    """Return the films to render and the hosts. Raises ValueError when photographs are too few."""
    films, hosts = [], []
    everything = sorted(photos, key=lambda path: seeded("photo", path.name).random())
    for which in HALVES:
        left = [path for path in everything if half(path.name) == which]
        need = EACH * sum(style.photos for style in STYLES.values()) + HOSTS * HOST.photos
        if len(left) < need:
            raise ValueError(f"half {which} needs {need} photographs, not {len(left)}")
        for shift, (name, style) in enumerate(STYLES.items()):
            for number in range(EACH):
                taken, left = tuple(left[: style.photos]), left[style.photos :]
                films.append(_film(which, name, number, taken, SIZES[(number + shift) % 4]))
        for number in range(HOSTS):
            taken, left = tuple(left[: HOST.photos]), left[HOST.photos :]
            name = f"{which}-host-{number}"
            size = SIZES[number]
            hosts.append(Film(name, which, "host", taken, size, 30, HOST_SECONDS, ""))
    return films, hosts


def _film(which: str, style: str, number: int, photos: tuple[Path, ...], size: scenes.Size) -> Film:
    name = f"{which}-{style}-{number}"
    rng = seeded("film", name)
    rate, seconds = int(rng.choice(RATES)), float(rng.choice(SECONDS))
    opening = ("card", "black", "", "")[number]
    return Film(name, which, style, photos, size, rate, seconds, opening)


def render(film: Film, folder: Path) -> Path:
    """Return a film's file, rendered unless it is there."""
    target = folder / film.file
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    rng = seeded("scenes", film.name)
    style = HOST if film.style == "host" else STYLES[film.style]
    shot = style.build([_photo(path) for path in film.photos], film.size, film.seconds, rng)
    if film.opening == "card":
        shot = scenes.after_card(shot, film.size)
    elif film.opening == "black":
        shot = scenes.after_black(shot)
    times = (number / film.rate for number in range(round(film.seconds * film.rate)))
    codec.write(target, (shot(at) for at in times), Fraction(film.rate), crf=23)
    return target


def _photo(path: Path) -> Picture:
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return np.array(picture)


def corpus(photos: Path, cache: Path, folders: Sequence[Path] = ()) -> Corpus:
    """Render the films of a folder of photographs, and add the real videos of other folders."""
    films, hosts = planned(sorted(photos.glob("*.jpg")))
    real = [path for folder in folders for path in sorted(folder.glob("*.mp4"))]
    rendered = {
        film: render(film, cache) for film in tqdm(films + hosts, unit="film", disable=None)
    }
    return Corpus(
        tuple(map(_real, real)) + tuple(_rendered(film, rendered[film]) for film in films),
        tuple(_rendered(film, rendered[film]) for film in hosts),
    )


def _real(path: Path) -> Video:
    return Video(path, family(path.name), half(path.name), "real", "", ())


def _rendered(film: Film, path: Path) -> Video:
    names = tuple(photo.name for photo in film.photos)
    return Video(path, film.name, film.half, film.style, film.opening, names)


def main() -> None:
    """Render what is missing, and print what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="folder of photographs (*.jpg)")
    parser.add_argument("cache", type=Path, help="folder for the films")
    parser.add_argument("--videos", type=Path, nargs="*", default=[], help="folders of *.mp4")
    chosen = parser.parse_args()
    found = corpus(chosen.photos, chosen.cache, chosen.videos)
    for video in (*found.videos, *found.hosts):
        known = codec.about(video.path)
        size = f"{known.wide}×{known.high}"
        length = f"{known.seconds:5.1f} s at {float(known.rate):5.2f}"
        print(f"{video.path.stem:34}{video.half:8}{size:>11} {length} {video.opening}")


if __name__ == "__main__":
    main()
