"""What edited copies are found, and what is found wrongly: Takeback beside PDQ, pHash, vPDQ, MD5.

    python -m benchmarks.accuracy --photos DIR [--videos DIR] [--json FILE] [--svg DIR]

Every photograph is edited in 68 ways (benchmarks/edits.py), hashed and looked up by the code that
platforms and the service run, against a bank of all photographs and of distractors. The views, the
windows and the thresholds were chosen on one half of the photographs (every second by name, from
the first); recall is reported of the other half. False matches are counted over all of them. With
--videos, films are rendered from the photographs too, edited and asked for (benchmarks/films.py).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import accuracy_films as films
from benchmarks import accuracy_pictures as pictures
from benchmarks import edits, film_edits, heatmap, tails
from benchmarks.accuracy_pictures import PDQ_31, PHASH_10, Asked, Photo, Trial
from hashing.views.profile import Profile
from hashing.windows import WindowSet
from service.domain.match_policy import (
    MATCH_DISTANCE,
    NEAR_DISTANCE,
    PART_MATCH_DISTANCE,
    PART_NEAR_DISTANCE,
)

Row = dict[str, Any]

BANDS = ("match", "near")
"""`near` counts what is found at all: matches too."""
METHODS = (PDQ_31, PHASH_10, *(profile.value for profile in Profile))
FILM_METHODS = (films.MD5, films.VPDQ, *(profile.value for profile in Profile))
DISTRACTORS = 5000


def main() -> None:
    """Measure, print, draw, and write rows."""
    chosen = _parser().parse_args()
    about = _about(chosen)
    print(json.dumps(about))
    rows = _pictures(chosen)
    _write(rows, about, chosen.json)
    if chosen.videos:
        rows += _films(chosen)
        _write(rows, about, chosen.json)


def _write(rows: list[Row], about: Row, file: Path | None) -> None:
    if file:
        told = [{**row, "about": about} if "pairs" in row else row for row in rows]
        file.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def _pictures(chosen: argparse.Namespace) -> list[Row]:
    photos = pictures.photos_of(chosen.photos)[: chosen.limit]
    reported = {one.name for one in _half(photos, chosen.half)}
    stored = {w: pictures.entries(photos, w) for w in (WindowSet.STANDARD, WindowSet.ALL)}
    distances = {w: tails.stored(list(found.values())) for w, found in stored.items()}
    costs = pictures.costs(photos[:: max(1, len(photos) // 40)])
    beside = pictures.shown_beside(photos)
    counts = {p: np.zeros(256, np.int64) for p in Profile if p.views}
    each = pictures.asked(photos, distances, chosen.workers)
    each = _counted(each, photos, beside, counts)
    trials = list(pictures.judged(photos, each, chosen.distractors))
    rows = _recalls(trials, reported, METHODS, [edit.name for edit in edits.EDITS])
    wrong = pictures.false(trials, beside)
    asked = len({(one.name, one.edit) for one in trials})
    pairs = asked * (len(photos) - 1) - sum(
        len(names) for (_, edit), names in beside.items() if edit in edits_of(trials)
    )
    for method in METHODS:
        profile = Profile(method) if method in list(Profile) else None
        cost = costs[profile] if profile else None
        for band in BANDS:
            rows.append(
                {
                    "method": method,
                    "band": band,
                    "false_matches": wrong[method, band],
                    "pairs": pairs,
                    "distractor_pairs": asked * chosen.distractors if profile else 0,
                    "distractor_false": wrong[f"distractors of {method}", band],
                    "ms_per_picture": round(cost.ms, 2) if cost else None,
                    "stored": round(cost.stored, 2) if cost else 1,
                    "queried": round(cost.queried, 1) if cost else 1,
                    **_expected(counts, profile, band),
                }
            )
    _print(rows, METHODS, {g: [e.name for e in edits.EDITS if e.group == g] for g in edits.GROUPS})
    _print_false(trials, beside, rows)
    _draw(rows, METHODS, edits.EDITS, chosen.svg / "accuracy.svg" if chosen.svg else None)
    return rows


def edits_of(trials: Sequence[Trial]) -> set[str]:
    """Return the names of the edits that were tried."""
    return {one.edit for one in trials}


def _counted(
    each: Iterator[Asked],
    photos: Sequence[Photo],
    beside: dict[tuple[str, str], set[str]],
    counts: dict[Profile, tails.Counts],
) -> Iterator[Asked]:
    """Pass on what is asked, and count by distance the pairs that are unrelated."""
    names = [one.name for one in photos]
    for asking in each:
        related = {asking.name} | beside.get((asking.name, asking.edit), set())
        apart = np.array([name not in related for name in names])
        for profile, count in counts.items():
            np.add(count, np.bincount(asking.near[profile][apart], minlength=256), count)
        yield asking


def _films(chosen: argparse.Namespace) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="takeback-films-") as name:
        cache = chosen.cache or Path(name)
        all_of = films.bank_of(chosen.photos, cache, [chosen.videos])
        videos = all_of.videos[: chosen.limit]
        each = films.asked(videos, all_of, cache, chosen.workers)
        trials = list(films.judged(all_of, each, chosen.distractors))
    names = {video.path.stem for video in videos}
    rows = _recalls(trials, names, FILM_METHODS, [edit.name for edit in film_edits.EDITS])
    unseen = {video.path.stem for video in videos if video.half == "report"}
    for row in _recalls(trials, unseen, FILM_METHODS, [edit.name for edit in film_edits.EDITS]):
        if row["edit"] == "mean":
            rows.append({**row, "edit": "mean of the half not looked at while building"})
    wrong = pictures.false(trials, {})
    unrelated = Counter(
        one.method
        for one in trials
        for other in all_of.videos
        if other.family != next(v.family for v in videos if v.path.stem == one.name)
    )
    for row in rows:
        row["of"] = "video"
    for method in FILM_METHODS:
        for band in BANDS:
            rows.append(
                {
                    "of": "video",
                    "method": method,
                    "band": band,
                    "false_matches": wrong[method, band],
                    "pairs": unrelated[method],
                }
            )
    groups = {g: [e.name for e in film_edits.EDITS if e.group == g] for g in film_edits.GROUPS}
    _print(rows, FILM_METHODS, groups)
    _print_false(trials, {}, rows)
    _draw(rows, FILM_METHODS, film_edits.EDITS, chosen.svg / "videos.svg" if chosen.svg else None)
    return rows


def _recalls(
    trials: Sequence[Trial], names: set[str], methods: Sequence[str], names_of: Sequence[str]
) -> list[Row]:
    found = pictures.recalls(trials, names)
    rows: list[Row] = []
    for method in methods:
        for band in BANDS:
            means = []
            for edit in names_of:
                hits = found.get((method, band, edit), [])
                if hits:
                    means.append(float(np.mean(hits)))
                    rows.append(_row(method, band, edit, means[-1], len(hits)))
            rows.append(_row(method, band, "mean", float(np.mean(means)), len(means)))
    return rows


def _row(method: str, band: str, edit: str, recall: float, n: int) -> Row:
    return {"method": method, "band": band, "edit": edit, "recall": round(recall, 4), "n": n}


def _expected(counts: dict[Profile, tails.Counts], profile: Profile | None, band: str) -> Row:
    """What the fitted tails say of the band's PDQ threshold, and of a bank of 10 million.

    Later views and the larger set's windows count within fewer bits: see match_policy.
    """
    if profile not in counts:
        return {}
    common = Profile.THOROUGH if profile is Profile.EXHAUSTIVE else profile
    bits: dict[Profile, int] = {common: MATCH_DISTANCE if band == "match" else NEAR_DISTANCE}
    if profile is Profile.EXHAUSTIVE:
        bits[profile] = PART_MATCH_DISTANCE if band == "match" else PART_NEAR_DISTANCE
    fits = [(tails.fitted(counts[which]), most) for which, most in bits.items()]
    shares = [tail.share(most) for tail, most in fits if tail]
    if len(shares) < len(fits):
        return {}
    share = sum(shares)
    return {
        "expected_per_billion_pairs": float(f"{share * 1e9:.3g}"),
        "expected_per_lookup_of_10_million": float(f"{share * tails.BANK:.3g}"),
        "nearest_unrelated": int(np.flatnonzero(counts[profile])[0]),
    }


def _print(rows: Sequence[Row], methods: Sequence[str], groups: dict[str, list[str]]) -> None:
    """A line an edit: recall in per cent in the match band, and, after a bar, in either."""
    found = {(r["method"], r["band"], r["edit"]): r["recall"] for r in rows if "recall" in r}
    width = max(len(edit) for group in groups.values() for edit in group) + 2
    print(
        f"\n{'recall, % (match | match or near)':{width}}"
        + "".join(f"{m[:16]:>17}" for m in methods)
    )
    for group, names in [*groups.items(), ("", ["mean"])]:
        print(group)
        for edit in names:
            cells = (
                f"{100 * found[m, 'match', edit]:5.1f} |{100 * found[m, 'near', edit]:6.1f}"
                if (m, "match", edit) in found
                else ""
                for m in methods
            )
            print(f"  {edit:{width - 2}}" + "".join(f"{cell:>17}" for cell in cells))


def _print_false(
    trials: Sequence[Trial], beside: dict[tuple[str, str], set[str]], rows: Sequence[Row]
) -> None:
    print("\nfalse matches, and cost")
    for row in rows:
        if "pairs" in row:
            told = {k: v for k, v in row.items() if v is not None}
            print("  " + "  ".join(f"{key} {value}" for key, value in told.items()))
    for one in trials:
        for name, verdict in pictures.false_of(one, beside).items():
            if one.method in list(Profile):
                print(f"  {one.method}: {one.edit} of {one.name} is {verdict} to {name}")


def _draw(
    rows: Sequence[Row], methods: Sequence[str], each: Sequence[Any], file: Path | None
) -> None:
    """Ours count what is found at all, as the peers have one band only."""
    if file is None:
        return
    recall = {
        (r["method"], r["edit"]): r["recall"] for r in rows if r.get("edit") and r["band"] == "near"
    }
    groups: dict[str, list[str]] = {}
    for edit in each:
        groups.setdefault(edit.group, []).append(edit.name)
    heatmap.draw(recall, methods, groups, file)
    print(f"Drawn: {file}")


def _half(photos: Sequence[Photo], which: str) -> Sequence[Photo]:
    return {"tune": photos[0::2], "report": photos[1::2], "all": photos}[which]


def _about(chosen: argparse.Namespace) -> Row:
    packages = ("numpy", "pillow", "opencv-python-headless", "imagehash", "faiss-cpu")
    return {
        "photos": len(pictures.photos_of(chosen.photos)[: chosen.limit]),
        "half": chosen.half,
        "distractors": chosen.distractors,
        "edits": len(edits.EDITS),
        "seeds": "sha256 of photograph and edit",
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--videos", type=Path, help="folder of videos; films are rendered too")
    parser.add_argument("--json", type=Path, help="write rows to this file")
    parser.add_argument("--svg", type=Path, help="draw into this folder")
    parser.add_argument("--half", choices=("report", "tune", "all"), default="report")
    parser.add_argument("--limit", type=int, help="only so many photographs, for a quick look")
    parser.add_argument("--distractors", type=int, default=DISTRACTORS)
    parser.add_argument("--cache", type=Path, help="keep rendered films here")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser


if __name__ == "__main__":
    main()
