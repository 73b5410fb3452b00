"""Every edit of every photograph: hashed as a platform does, looked up in a bank, and compared.

Each edited picture is hashed once with the largest profile, whose first views are those of the
smaller ones (a test of `hashing` holds that), and looked up once a profile.
"""

from __future__ import annotations

import io
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from benchmarks import bank
from benchmarks.edits import EDITS, edited
from benchmarks.tails import Distances, nearest
from hashing.algorithms import pdq
from hashing.errors import TooPlain
from hashing.hasher import hash_picture
from hashing.signals import ContentSignals
from hashing.views.profile import Profile
from hashing.windows import SETS, WindowSet
from service.domain.sighting import Verdict

Picture = NDArray[np.uint8]

STORED = {
    Profile.PLAIN: WindowSet.STANDARD,
    Profile.FAST: WindowSet.STANDARD,
    Profile.THOROUGH: WindowSet.STANDARD,
    Profile.EXHAUSTIVE: WindowSet.ALL,
}
"""The windows that entries have, by the profile that looks them up."""
OTHERS = (7, 31, 53, 77)
"""How far on in the list those photographs are that collages show beside one."""
PDQ_31, PHASH_10 = "PDQ, within 31", "imagehash.phash, within 10 of 64"


class Photo(NamedTuple):
    """One photograph, and those that its collages show."""

    name: str
    path: Path
    others: tuple[Path, ...]


class Asked(NamedTuple):
    """One edited picture as each system knows it. `views` are those of the largest profile."""

    name: str
    edit: str
    item: ContentSignals | None
    pdq: bytes
    phash: int
    near: dict[Profile, NDArray[np.uint8]]
    """By profile, the distance to each stored photograph: the least of all views and windows."""


class Trial(NamedTuple):
    """What one system said of one edited picture: of its own photograph, and of others."""

    method: str
    name: str
    edit: str
    own: Verdict
    others: dict[str, Verdict]


class Cost(NamedTuple):
    """What a profile costs a picture: milliseconds of hashing, and values."""

    ms: float
    stored: float
    queried: float


def photos_of(folder: Path) -> list[Photo]:
    """Return the pictures of a folder, in the order of their names."""
    if not folder.is_dir():
        raise SystemExit(f"There is no folder {folder}.")
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
    if len(paths) < 8:
        raise SystemExit(f"{folder} needs at least 8 photographs (JPEG or PNG).")
    count = len(paths)
    return [
        Photo(path.stem, path, tuple(dict.fromkeys(paths[(at + step) % count] for step in OTHERS)))
        for at, path in enumerate(paths)
    ]


def entries(photos: Sequence[Photo], windows: WindowSet) -> dict[str, ContentSignals]:
    """Hash photographs as owners do."""
    return {one.name: hash_picture(one.path.read_bytes(), use=windows) for one in photos}


def asked(photos: Sequence[Photo], distances: Distances, workers: int) -> Iterator[Asked]:
    """Make and hash every edit of each photograph, on all cores."""
    with get_context("forkserver").Pool(workers) as pool:
        work = pool.imap_unordered(partial(_of_photo, distances=distances), photos)
        for of_photo in tqdm(work, total=len(photos), desc="Photographs", disable=None):
            yield from of_photo


def judged(photos: Sequence[Photo], each: Iterator[Asked], distractors: int) -> Iterator[Trial]:
    """Look every edited picture up with every profile; and by the peers' rules."""
    with bank.opened() as standard, bank.opened() as large:
        banks = {WindowSet.STANDARD: standard, WindowSet.ALL: large}
        for windows, one in banks.items():
            one.add(entries(photos, windows))
            one.add(bank.distractors(distractors, sorted(SETS[windows])))
        peers = _Peers(photos)
        for asking in each:
            for profile, windows in STORED.items():
                if asking.item is None:
                    found: list[bank.Found] = []
                else:
                    found = banks[windows].ask([reduced(asking.item, profile)])[0]
                verdicts = {one.name: one.verdict for one in found}
                own = verdicts.pop(asking.name, Verdict.NONE)
                yield Trial(profile.value, asking.name, asking.edit, own, verdicts)
            yield from peers.judged(asking)


def reduced(item: ContentSignals, profile: Profile) -> ContentSignals:
    """Return an item as a smaller profile makes it; exact signals are left out of all."""
    signals = tuple(one for one in item.signals if one.type.perceptual)
    return replace(item, signals=signals, views=item.views[: profile.views])


def costs(photos: Sequence[Photo]) -> dict[Profile, Cost]:
    """Measure each profile on photographs as they are, one after another in this process."""
    found = {}
    for profile in Profile:
        queried, took = [], []
        for one in photos:
            content = one.path.read_bytes()
            begun = time.perf_counter()
            item = hash_picture(content, use=profile)
            took.append(1000 * (time.perf_counter() - begun))
            queried.append(sum(len(view.values) for view in item.views) or 8)
        stored = [1 + len(e.windows) for e in entries(photos, STORED[profile]).values()]
        found[profile] = Cost(
            float(np.median(took)), float(np.mean(stored)), float(np.mean(queried))
        )
    return found


def _of_photo(photo: Photo, *, distances: Distances) -> list[Asked]:
    picture = _opened(photo.path)
    others = [_opened(path) for path in photo.others]
    found = []
    for edit in EDITS:
        made = Image.fromarray(edited(picture, edit, photo.name, others))
        file = io.BytesIO()
        made.save(file, "BMP")  # decoded already: another loss would be another edit
        item: ContentSignals | None
        try:
            item = hash_picture(file.getvalue(), use=Profile.EXHAUSTIVE)
        except TooPlain:
            item = None
        luma = np.asarray(made.convert("L"))
        value, _ = pdq.compute(luma)
        small = int(str(imagehash.phash(made)), 16)
        least = {windows: nearest(item, windows, distances) for windows in distances}
        near = {
            profile: least[windows][: profile.views].min(axis=0, initial=255)
            for profile, windows in STORED.items()
            if profile.views
        }
        found.append(Asked(photo.name, edit.name, item, value, small, near))
    return found


def _opened(path: Path) -> Picture:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


class _Peers:
    """What others do: PDQ within 31 bits, the 64-bit pHash within 10; no views, no windows."""

    def __init__(self, photos: Sequence[Photo]) -> None:
        self.names = np.array([one.name for one in photos])
        pictures = [Image.fromarray(_opened(one.path)) for one in photos]
        values = [pdq.compute(np.asarray(picture.convert("L")))[0] for picture in pictures]
        self.pdq = np.array([np.frombuffer(value, np.uint64) for value in values])
        self.phash = np.array([int(str(imagehash.phash(p)), 16) for p in pictures], np.uint64)

    def judged(self, asking: Asked) -> Iterator[Trial]:
        codes = self.pdq ^ np.frombuffer(asking.pdq, np.uint64)
        by_pdq = np.bitwise_count(codes).sum(axis=1) <= 31
        by_phash = np.bitwise_count(self.phash ^ np.uint64(asking.phash)) <= 10
        for method, alike in ((PDQ_31, by_pdq), (PHASH_10, by_phash)):
            names = set(self.names[alike].tolist())
            own = Verdict.MATCH if asking.name in names else Verdict.NONE
            others = dict.fromkeys(names - {asking.name}, Verdict.MATCH)
            yield Trial(method, asking.name, asking.edit, own, others)


def shown_beside(photos: Sequence[Photo]) -> dict[tuple[str, str], set[str]]:
    """(photograph, edit) → the photographs that really are in the edited picture too."""
    of_others = {"collage squares", "collage fitted", "side by side", "photo of a screen"}
    return {
        (one.name, edit): {path.stem for path in one.others} for one in photos for edit in of_others
    }


def recalls(trials: Sequence[Trial], names: set[str]) -> dict[tuple[str, str, str], list[bool]]:
    """(method, band, edit) → for each photograph named, whether it was found."""
    found: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for one in trials:
        if one.name in names:
            found[one.method, "match", one.edit].append(one.own is Verdict.MATCH)
            found[one.method, "near", one.edit].append(one.own is not Verdict.NONE)
    return found


def false_of(one: Trial, beside: dict[tuple[str, str], set[str]]) -> dict[str, Verdict]:
    """Return the photographs found that are not in an edited picture, without distractors."""
    really = beside.get((one.name, one.edit), set())
    return {
        name: verdict
        for name, verdict in one.others.items()
        if name not in really and not name.startswith(bank.DISTRACTOR)
    }


def false(
    trials: Sequence[Trial], beside: dict[tuple[str, str], set[str]]
) -> Counter[tuple[str, str]]:
    """(method, band) → pairs of an edited picture and a photograph that is not in it.

    The method "distractors of" one → the same for codes that are of no picture.
    """
    found: Counter[tuple[str, str]] = Counter()
    for one in trials:
        for verdict in false_of(one, beside).values():
            found[one.method, "near"] += 1
            found[one.method, "match"] += verdict is Verdict.MATCH
        for name, verdict in one.others.items():
            if name.startswith(bank.DISTRACTOR):
                found[f"distractors of {one.method}", "near"] += 1
                found[f"distractors of {one.method}", "match"] += verdict is Verdict.MATCH
    return found
