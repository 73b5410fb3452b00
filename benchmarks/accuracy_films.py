"""Every edit of every video: hashed as a platform does, looked up in a bank, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from benchmarks import bank, film_peers
from benchmarks.accuracy_pictures import Trial
from benchmarks.film_edits import EDITS, Edit, edited
from benchmarks.films import Corpus, Video, corpus
from hashing.errors import ContentError
from hashing.hasher import hash_file
from hashing.signals import ContentSignals
from hashing.views.profile import Profile
from service.domain.sighting import Verdict

PROFILES = tuple(Profile)
VPDQ, MD5 = "vPDQ as shipped", "MD5"


class Asked(NamedTuple):
    """One edited video as each system knows it."""

    video: Video
    edit: str
    item: ContentSignals | None
    known: film_peers.Known


def bank_of(photos: Path, cache: Path, folders: Sequence[Path]) -> Corpus:
    """Render what is missing of the corpus, with a bar."""
    if missing := [str(folder) for folder in folders if not folder.is_dir()]:
        raise SystemExit(f"There is no folder {missing[0]}.")
    try:
        return corpus(photos, cache / "films", folders)
    except ValueError as err:  # too few photographs, each of which is in one film only
        raise SystemExit(f"No films can be rendered: {err}.") from err


def asked(videos: Sequence[Video], all_of: Corpus, cache: Path, workers: int) -> Iterator[Asked]:
    """Make and hash every edit of these videos, on all cores."""
    work = [(video, edit) for video in videos for edit in EDITS if edit.applies(video.path)]
    one = partial(_asked, all_of=all_of, folder=cache / "film_edits")
    with get_context("forkserver").Pool(workers) as pool:
        done = pool.imap_unordered(one, work)
        yield from tqdm(done, total=len(work), desc="Edited videos", disable=None)


def judged(all_of: Corpus, each: Iterator[Asked], distractors: int) -> Iterator[Trial]:
    """Look every edited video up with every profile; and by the peers' rules."""
    with bank.opened() as protected:
        stored = {v.path.stem: hash_file(v.path) for v in all_of.videos}
        protected.add(stored)
        protected.add(bank.distractors(distractors, ()))
        peers = {v.path.stem: film_peers.known(v.path) for v in all_of.videos}
        kin = {v.path.stem: v.family for v in all_of.videos}
        for asking in each:
            for profile in PROFILES:
                found = []
                if asking.item is not None:
                    found = protected.ask([reduced(asking.item, profile)])[0]
                verdicts = {one.name: one.verdict for one in found}
                yield _trial(profile.value, asking, verdicts, kin)
            by_vpdq = film_peers.by_vpdq(asking.known, peers, film_peers.RULES[VPDQ])
            by_md5 = film_peers.by_md5(asking.known, peers)
            for method, names in ((VPDQ, by_vpdq), (MD5, by_md5)):
                yield _trial(method, asking, dict.fromkeys(names, Verdict.MATCH), kin)


def reduced(item: ContentSignals, profile: Profile) -> ContentSignals:
    """Return a video as a smaller profile makes it."""
    frames = tuple(replace(f, views=f.views[: profile.frame_views]) for f in item.frames)
    return replace(item, frames=frames)


def _trial(method: str, asking: Asked, verdicts: dict[str, Verdict], kin: dict[str, str]) -> Trial:
    """Versions of one video count as the video itself."""
    own = [v for name, v in verdicts.items() if kin.get(name) == asking.video.family]
    best = next((v for v in (Verdict.MATCH, Verdict.NEAR) if v in own), Verdict.NONE)
    others = {n: v for n, v in verdicts.items() if kin.get(n) != asking.video.family}
    return Trial(method, asking.video.path.stem, asking.edit, best, others)


def _asked(work: tuple[Video, Edit], *, all_of: Corpus, folder: Path) -> Asked:
    video, edit = work
    path = edited(video.path, edit, folder, all_of.host_of(video))
    try:
        item = hash_file(path, use=Profile.EXHAUSTIVE)
    except ContentError:
        item = None
    return Asked(video, edit.name, item, film_peers.known(path))
