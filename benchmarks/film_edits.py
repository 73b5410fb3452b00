"""What re-uploaders do to videos, in one table. Every edit writes a real, encoded file.

An edit of a video of the same name is the same on every run: its random choices come from a
generator seeded by the two names. Edits leave 400 pixels on the longer side, as cheap sharing does,
except the half size (of the video's own), insets and screen recordings (640); no sound.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import film_acts as acts
from benchmarks import film_codec as codec
from benchmarks.films import seeded

Random = np.random.Generator
Make = Callable[[Path, Path, Random, Path], None]


@dataclass(frozen=True)
class Edit:
    """One row of the table.

    `make` takes the source, the target, the generator of every random choice, and the host: a
    longer, unrelated video. `least` is how many seconds a source must have.
    """

    name: str
    group: str
    make: Make
    suffix: str = ".mp4"
    least: float = 0.0

    def applies(self, source: Path) -> bool:
        """Whether a video is long enough."""
        return self.least <= codec.about(source).seconds

    @property
    def folder(self) -> str:
        """Its name as that of a folder."""
        words = "".join(letter if letter.isalnum() else " " for letter in self.name)
        return "-".join(words.split())


def edited(source: Path, edit: Edit, folder: Path, host: Path) -> Path:
    """Return a video's edited copy within a folder, made unless it is there."""
    target = folder / edit.folder / f"{source.stem}{edit.suffix}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        edit.make(source, target, seeded("video edit", source.stem, edit.name), host)
    return target


def _copied(source: Path, target: Path, _rng: Random, _host: Path) -> None:
    shutil.copyfile(source, target)


# fmt: off
EDITS: tuple[Edit, ...] = (
    Edit("exact copy", "basic", _copied),
    Edit("H.264 CRF 35", "basic", partial(acts.encoded, kind=codec.H264, crf=35)),
    Edit("VP9", "basic", partial(acts.encoded, kind=codec.VP9, crf=40), ".webm"),
    Edit("half size", "basic", partial(acts.smaller, times=0.5)),
    Edit("half frame rate", "basic", partial(acts.timed, every=2)),
    Edit("grey", "photometric", partial(acts.drawn, prepare=acts.grey)),
    Edit("text 5 %", "overlay", partial(acts.drawn, prepare=partial(acts.text, share=0.05))),
    Edit("letterbox 20 %", "frame",
         partial(acts.drawn, prepare=partial(acts.letterbox, share=0.20))),
    Edit("mirror", "geometry", partial(acts.drawn, prepare=acts.mirror)),
    Edit("crop 10 %", "geometry", partial(acts.drawn, prepare=partial(acts.crop, off=0.10))),
    Edit("trim first and last 20 %", "time", partial(acts.timed, kept=(0.2, 0.8))),
    Edit("middle 40 %", "time", partial(acts.timed, kept=(0.3, 0.7))),
    Edit("speed 1.25", "time", partial(acts.timed, speed=1.25)),
    Edit("speed 0.8", "time", partial(acts.timed, speed=0.8)),
    Edit("10 s of it in 60 s", "embedded", partial(acts.embedded, seconds=10), least=10),
    Edit("20 s of it in 60 s", "embedded", partial(acts.embedded, seconds=20), least=10),
    Edit("30 s of it in 60 s", "embedded", partial(acts.embedded, seconds=30), least=10),
    Edit("screen recording", "screen",
         partial(acts.drawn, prepare=partial(acts.recorded, shares=(0.50, 0.60)))),
    Edit("inset over another", "picture in picture",
         partial(acts.inset, widths=(0.30, 0.40), ours="inset")),
    Edit("under an inset of another", "picture in picture",
         partial(acts.inset, widths=(0.30, 0.30), ours="ground")),
)
"""In the order of the groups. Embedded clips are as long as said, or as long as the video is."""
# fmt: on

GROUPS: tuple[str, ...] = tuple(dict.fromkeys(edit.group for edit in EDITS))
