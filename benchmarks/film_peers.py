"""What platforms use for videos today, to be measured beside ours: vPDQ as shipped, and MD5.

vPDQ is threatexchange's signal type `video_vpdq`: PDQ of one frame a second, those of quality 50
and more, each different hash once; frames at most 31 bits apart are alike.

    python -m benchmarks.film_peers VIDEO VIDEO ...

compares each of these with each, here and by threatexchange's own code, where that is installed:
its part `vpdq` has no wheel, and wants CMake and FFmpeg's headers.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing import ContentError
from hashing.algorithms import pdq
from hashing.media import frames

Codes = NDArray[np.uint8]

PERIOD_MS = 1000
QUALITY = 50
DISTANCE = 31


class Rule(NamedTuple):
    """Least percentage of the asked video's frames, and of the stored one's, that find a like."""

    asked: float
    stored: float


RULES = {
    "vPDQ as shipped": Rule(80, 0),
    "vPDQ, 80 % both ways": Rule(80, 80),
    "vPDQ, 80 % of the stored": Rule(0, 80),
}
"""The first is what threatexchange 1.2.17 does unless told otherwise. A clip within a longer
video can only meet the last, which asks how much of the stored video is seen."""


class Known(NamedTuple):
    """What both peers know of one video: PDQ of its frames, row by row, and the file's MD5."""

    codes: Codes
    md5: str


class Shares(NamedTuple):
    """Percentages of frames that find a like one in the other video."""

    asked: float
    stored: float

    def meets(self, rule: Rule) -> bool:
        """Whether these are a match by a rule; at least one frame must be alike."""
        return self.asked >= rule.asked and self.stored >= rule.stored and self.asked > 0


def known(path: Path) -> Known:
    """Hash a video as the peers do; one of which no frame can be read has no codes."""
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    try:
        found = [pdq.compute(frame.luma) for frame in frames.sample(path, period_ms=PERIOD_MS)]
    except ContentError:
        found = []
    values = dict.fromkeys(value for value, quality in found if quality >= QUALITY)
    return Known(np.array([np.frombuffer(v, np.uint8) for v in values]).reshape(-1, 32), md5)


def shares(asked: Codes, stored: Codes) -> Shares:
    """Compare the frames of two videos, each with each."""
    if not len(asked) or not len(stored):
        return Shares(0, 0)
    apart = np.bitwise_count(asked[:, None, :] ^ stored[None, :, :]).sum(axis=2, dtype=np.int64)
    alike = apart <= DISTANCE
    return Shares(100 * float(alike.any(axis=1).mean()), 100 * float(alike.any(axis=0).mean()))


def by_vpdq(asked: Known, bank: Mapping[str, Known], rule: Rule) -> set[str]:
    """Return the names of the bank's videos that match by a rule of vPDQ."""
    return {name for name, one in bank.items() if shares(asked.codes, one.codes).meets(rule)}


def by_md5(asked: Known, bank: Mapping[str, Known]) -> set[str]:
    """Return the names of the bank's videos that are the same file, byte for byte."""
    return {name for name, one in bank.items() if one.md5 == asked.md5}


def _theirs(paths: list[Path]) -> dict[tuple[Path, Path], Shares]:
    """Return what threatexchange says of each pair, first asked and then stored."""
    try:
        from threatexchange.extensions.vpdq.vpdq import VPDQSignal  # noqa: PLC0415 (see above)
    except ImportError as err:
        raise SystemExit("Install threatexchange and vpdq first.") from err
    texts = {path: VPDQSignal.hash_from_file(path) for path in paths}
    found = {}
    for pair in permutations(paths, 2):
        told: Any = VPDQSignal.compare_hash(texts[pair[0]], texts[pair[1]]).distance
        found[pair] = Shares(told.query_match_percent, told.compared_match_percent)
    return found


def main() -> None:
    """Print, for each pair of videos, our shares and theirs, and how often the verdicts differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path, nargs="+")
    paths: list[Path] = parser.parse_args().videos
    theirs = _theirs(paths)
    hashed = {path: known(path) for path in paths}
    differ = dict.fromkeys(RULES, 0)
    for (asked, stored), told in theirs.items():
        ours = shares(hashed[asked].codes, hashed[stored].codes)
        for name, rule in RULES.items():
            differ[name] += ours.meets(rule) != told.meets(rule)
        if ours.asked or told.asked:
            both = f"ours {ours.asked:5.1f} {ours.stored:5.1f}"
            both += f"   theirs {told.asked:5.1f} {told.stored:5.1f}"
            print(f"{asked.stem[:28]:30}{stored.stem[:28]:30}{both}")
    print(f"{len(theirs)} pairs; verdicts that differ: {differ}")


if __name__ == "__main__":
    main()
