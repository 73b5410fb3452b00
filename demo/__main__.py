"""Hash, submit, look up, report, follow and withdraw; one table of expected against got."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from demo import advocate, corpus, crawl, server, table, uploads
from demo.corpus import Corpus
from demo.server import Service
from demo.table import MATCH, NONE, Row, Section
from demo.uploads import Upload
from hashing import (
    ContentError,
    ContentSignals,
    Eligibility,
    OwnerClient,
    PlatformClient,
    Profile,
    Submission,
    WindowSet,
    hash_files,
    new_passphrase,
)

ADDRESS = "https://video.example/watch/42"
SIGHTING_SECONDS = 10
"""How long the worker may take before the demo says that it failed. It takes less than one."""

SETTINGS = {"WATCH_LOOPBACK": "1", "ALERT_DELAY_MINUTES": "0"}

Json = dict[str, Any]


def main() -> int:
    """Run the demo; return 0 if every row is right."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--pictures", type=Path, help="a folder of your own pictures and videos")
    chosen = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="takeback-demo-") as name:
        folder = Path(name)
        taken = (
            corpus.of_user(chosen.pictures, folder)
            if chosen.pictures
            else corpus.of_package(folder)
        )
        print("Taken: " + "; ".join(taken.taken_from) + ".")
        with server.running(folder / "state", **SETTINGS) as service:
            sections = _journey(taken, folder, service)
    table.show(sections)
    said, wrong = table.summary(sections)
    print(f"\n{said}; {time.monotonic() - begun:.0f} s.")
    return 1 if wrong else 0


def _journey(taken: Corpus, folder: Path, service: Service) -> list[Section]:
    print(f"Hashing {len(taken.pictures)} pictures and a video on this device, on all cores …")
    originals = _hashed([*taken.pictures, taken.video], WindowSet.STANDARD)
    platform = PlatformClient(service.address, service.new_key("Example Videos"))
    passphrase = new_passphrase()
    owner = OwnerClient(service.address, passphrase)
    answers = Eligibility("self", adults=True, intimate=True)
    number = owner.open_case(Submission(tuple(originals), answers))
    print(f"Case {number} opened with {len(originals)} entries. Only their hashes were sent.")
    print(f"Its passphrase, made here and never sent: {passphrase}")
    feed = advocate.Feed(service, owner, number)
    print("Editing copies of them, as re-uploaders do …")
    seen = uploads.made(taken, folder / "uploads")
    begun = time.monotonic()
    signals = _hashed([upload.path for upload in seen], Profile.THOROUGH)
    hashed = time.monotonic()
    sections = _looked_up(platform, seen, signals, may_miss=taken.chosen)
    asked = time.monotonic() - hashed
    print(
        f"A platform hashes {len(seen)} uploads with the views of a thorough lookup "
        f"({hashed - begun:.1f} s) and asks ({asked:.1f} s)."
    )
    sections.append(_reported(platform, owner, number, signals[0]))
    if sys.platform == "linux":  # its children are confined by Linux
        copy = _copy(seen, taken)
        sections.append(crawl.section(service, owner, number, copy, folder))
    sections.append(advocate.section(service, owner, number, feed))
    untouched = signals[: len(taken.pictures)]
    return [*sections, *_withdrawn(platform, owner, number, untouched)]


def _hashed(paths: Sequence[Path], use: WindowSet | Profile) -> list[ContentSignals]:
    found: dict[int, ContentSignals] = {}
    for index, outcome in hash_files(paths, use=use):
        if isinstance(outcome, ContentError):
            raise SystemExit(f"{paths[index]}: {outcome}")
        found[index] = outcome
    return [found[index] for index in range(len(paths))]


def _looked_up(
    platform: PlatformClient,
    seen: Sequence[Upload],
    signals: Sequence[ContentSignals],
    *,
    may_miss: bool,
) -> list[Section]:
    answers = platform.lookup(signals)
    sections: list[Section] = []
    pairs = zip(seen, answers, strict=True)
    for (title, what), group in groupby(pairs, lambda pair: (pair[0].section, pair[0].what)):
        row = _row(what, list(group), may_miss=may_miss)
        if not sections or sections[-1].title != title:
            sections.append(Section(title, []))
        sections[-1].rows.append(row)
    return sections


def _row(what: str, group: Sequence[tuple[Upload, Json]], *, may_miss: bool) -> Row:
    first, answer = group[0]
    if first.place and answer["verdict"] == first.expected:
        return table.placed(what, first.place, answer["matches"][0]["span"])
    return table.judged(
        what,
        first.expected,
        {_name(upload.path): answer["verdict"] for upload, answer in group},
        may_miss=may_miss and not first.certain,
    )


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _reported(
    platform: PlatformClient, owner: OwnerClient, number: str, seen: ContentSignals
) -> Section:
    """The platform reports a copy at an address and blocks it; the owner is told."""
    platform.observe(seen, ADDRESS)
    match = platform.lookup([seen])[0]["matches"][0]["match"]
    platform.feedback(match, "blocked")
    print("The platform reports one copy at an address and says that it blocked it.")
    sightings = _until(lambda: _sightings(owner.status(number)), "observation")
    found = next((s for s in sightings if s["source"] == "observation"), {})
    ways = " and ".join(sorted({s["source"] for s in sightings}))
    shows = "yes" if ADDRESS in str(owner.status(number)) else "no"
    rows = [
        table.told("where it was found", "Example Videos", found.get("platform", "nothing")),
        table.told("how it is known", "lookup and observation", ways),
        table.told("what was done", "blocked", str(found.get("outcome"))),
        table.told("shows the address", "no", shows),
    ]
    return Section("what the owner reads of one picture", rows)


def _withdrawn(
    platform: PlatformClient, owner: OwnerClient, number: str, seen: Sequence[ContentSignals]
) -> Iterator[Section]:
    """The owner withdraws the case, undoes that, and withdraws it for good."""

    def after(title: str, expected: str, status: str) -> Section:
        verdicts = {str(at): one["verdict"] for at, one in enumerate(platform.lookup(seen))}
        statuses = {entry["status"] for entry in owner.status(number)["entries"]}
        rows = [
            table.judged("the pictures, untouched", expected, verdicts),
            table.told("the owner's status", status, ", ".join(sorted(statuses))),
        ]
        return Section(title, rows)

    day = owner.withdraw(number)["erase_on"]
    print(f"The owner withdraws the case; before {day} that can be undone.")
    yield after("after withdrawal", NONE, "withdrawing")
    owner.undo(number)
    print("The owner undoes it.")
    yield after("after its undo", MATCH, "active")
    owner.withdraw(number, erase_now=True)
    print("The owner withdraws the case for good.")
    yield after("after withdrawal for good", NONE, "withdrawn")


def _copy(seen: Sequence[Upload], taken: Corpus) -> Path:
    """A cropped copy; of pictures that nobody chose for a demo, an untouched one."""
    cropped = (one.path for one in seen if "crop" in one.what and one.expected == MATCH)
    return seen[0].path if taken.chosen else next(cropped)


def _sightings(status: Json) -> list[dict[str, str]]:
    first: list[dict[str, str]] = status["entries"][0]["sightings"]
    return first


def _until(ask: Callable[[], list[dict[str, str]]], source: str) -> list[dict[str, str]]:
    """Ask until the worker has recorded a sighting of this source."""
    until = time.monotonic() + SIGHTING_SECONDS
    while time.monotonic() < until:
        found = ask()
        if any(sighting["source"] == source for sighting in found):
            return found
        time.sleep(0.1)
    return ask()


if __name__ == "__main__":
    sys.exit(main())
