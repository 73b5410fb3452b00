"""Which pictures and videos the demo takes, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from demo import films
from hashing import ContentError, ContentKind, ContentSignals, SignalType, distance, hash_files
from hashing.gather import gather

PROTECTED = 4
UNRELATED = 6
ASIDE = 64
"""Bits of PDQ that the pictures taken as unrelated are at least away from the protected ones: in
somebody's own folder, two pictures of one burst are not unrelated."""
MOST_FILES = 60
"""Files of the user's own folder that are looked at."""
OURS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
OTHERS = (
    *("camera.png", "hubble_deep_field.jpg", "retina.jpg"),
    *("ihc.png", "coins.png", "gravel.png"),
)
FILMED = ("motorcycle_left.png", "brick.png", "clock_motion.png", "cell.png", "grass.png")
FILMED_OTHERS = ("hubble_deep_field.jpg", "ihc.png", "coins.png", "retina.jpg")
SECONDS_EACH = 3
SECONDS_EACH_OTHER = 5


@dataclass(frozen=True)
class Corpus:
    """What is protected, what is not, and where it was taken."""

    pictures: list[Path]
    unrelated: list[Path]
    video: Path
    unrelated_video: Path
    taken_from: list[str]
    chosen: bool = False
    """Whether the pictures are somebody's own, of which nobody knows what edits leave."""


def of_package(folder: Path) -> Corpus:
    """Photographs that scikit-image carries; videos are filmed over some of them."""
    found = find_spec("skimage")
    if found is None or found.origin is None:
        raise SystemExit("The demo's photographs are missing. Run: make demo")
    data = Path(found.origin).parent / "data"
    return Corpus(
        pictures=[data / name for name in OURS],
        unrelated=[data / name for name in OTHERS],
        video=films.filmed([data / name for name in FILMED], folder / "video.mp4", SECONDS_EACH),
        unrelated_video=films.filmed(
            [data / name for name in FILMED_OTHERS], folder / "other.mp4", SECONDS_EACH_OTHER
        ),
        taken_from=[
            f"{len(OURS) + len(OTHERS)} photographs of the scikit-image package (free of rights)",
            "2 videos, filmed here by moving over some of those photographs",
        ],
    )


def of_user(pictures: Path, folder: Path) -> Corpus:
    """The user's own files; what they lack is taken from the package."""
    ours = of_package(folder)
    gathered = gather([pictures])
    files = gathered.files[:MOST_FILES]
    hashed = {
        files[index]: outcome
        for index, outcome in hash_files(files, formats=gathered.formats)
        if not isinstance(outcome, ContentError)
    }
    stills = [path for path in files if _is(hashed.get(path), ContentKind.PICTURE)]
    videos = [path for path in files if _is(hashed.get(path), ContentKind.VIDEO)]
    protected = stills[:PROTECTED]
    if not protected:
        raise SystemExit(f"No picture in {pictures} could be hashed.")
    apart = [path for path in stills[PROTECTED:] if _apart(path, protected, hashed)]
    unrelated = apart[:UNRELATED] or ours.unrelated
    told = [f"{len(protected)} of your pictures in {pictures}"]
    told += [] if apart else ["unrelated pictures from the scikit-image package"]
    told += [f"your video {videos[0].name}"] if videos else ours.taken_from[1:]
    return Corpus(
        pictures=protected,
        unrelated=unrelated,
        video=videos[0] if videos else ours.video,
        unrelated_video=ours.unrelated_video,
        taken_from=told,
        chosen=True,
    )


def _is(content: ContentSignals | None, kind: ContentKind) -> bool:
    return content is not None and content.kind is kind


def _apart(path: Path, protected: list[Path], hashed: dict[Path, ContentSignals]) -> bool:
    mine = [s for s in hashed[path].signals if s.type is SignalType.PDQ]
    theirs = [s for p in protected for s in hashed[p].signals if s.type is SignalType.PDQ]
    return bool(mine) and all(distance(a, b) >= ASIDE for a in mine for b in theirs)
