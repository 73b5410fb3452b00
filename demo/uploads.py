"""What the platform of the demo sees: edited copies of the case's files, and other files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from demo import edits, films
from demo.corpus import Corpus
from demo.table import MATCH, NONE

OTHERS = "not of the case"


class Upload(NamedTuple):
    """One file. Those of one section and name are one row of the table."""

    section: str
    what: str
    path: Path
    expected: str
    certain: bool = True
    place: tuple[float, float] | None = None
    """Where in a video ours is, in seconds."""


def made(taken: Corpus, folder: Path) -> list[Upload]:
    """Return every upload, those of one row together. The first is an untouched picture."""
    folder.mkdir()
    return [*_pictures(taken, folder), *_videos(taken, folder), *_others(taken)]


def _pictures(taken: Corpus, folder: Path) -> list[Upload]:
    section = f"{len(taken.pictures)} pictures of the case, each"
    places = {picture: folder / str(n) for n, picture in enumerate(taken.pictures, 1)}
    for place in places.values():
        place.mkdir()  # two pictures may have one name
    return [
        Upload(
            section,
            edit.name,
            edit.make(picture, places[picture], taken.unrelated),
            edit.expected,
            certain=edit.certain,
        )
        for edit in edits.EDITS
        for picture in taken.pictures
    ]


def _videos(taken: Corpus, folder: Path) -> list[Upload]:
    section = "a video of the case"
    film = films.read(taken.video)
    target = folder / "video.mp4"
    uploads = [Upload(section, "untouched", edits.untouched(taken.video, folder), MATCH)]
    for number, (name, edit) in enumerate(films.EDITS.items()):
        edited = edit(film, target.with_stem(f"video-{number}"))
        uploads.append(Upload(section, name, edited, MATCH, certain=False))
    clip = films.clipped(film, films.read(taken.unrelated_video), target.with_stem("video-clip"))
    place = (clip.begins, clip.ends)
    what = f"{clip.ends - clip.begins:.0f} s of it inside another video"
    return [*uploads, Upload(section, what, clip.path, MATCH, certain=False, place=place)]


def _others(taken: Corpus) -> list[Upload]:
    what = f"{len(taken.unrelated)} other pictures"
    pictures = [Upload(OTHERS, what, path, NONE) for path in taken.unrelated]
    return [*pictures, Upload(OTHERS, "another video", taken.unrelated_video, NONE)]
