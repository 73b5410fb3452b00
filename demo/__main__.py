"""Hash, submit, look up, report, follow and withdraw; one table of expected against got."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import corpus, edits, server
from demo.corpus import Corpus
from hashing import (
    ContentError,
    ContentSignals,
    Eligibility,
    OwnerClient,
    PlatformClient,
    Submission,
    hash_files,
    new_passphrase,
)

ADDRESS = "https://video.example/watch/42"
SIGHTING_SECONDS = 10
"""How long the worker may take before the demo says that it failed. It takes less than one."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    expected: str
    got: str

    @property
    def right(self) -> bool:
        """Whether they agree."""
        return self.expected == self.got


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
        with server.running(folder / "state") as address:
            rows = _journey(taken, folder, address)
    _print(rows)
    wrong = sum(not row.right for row in rows)
    said = "every row is right" if not wrong else f"{wrong} WRONG"
    print(f"\n{len(rows)} rows, {said}; {time.monotonic() - begun:.0f} s.")
    return 1 if wrong else 0


def _journey(taken: Corpus, folder: Path, address: str) -> list[Row]:
    copies = _copies(taken, folder)
    print(f"Hashing {len(taken.pictures)} pictures and a video on this device, on all cores …")
    originals = _hashed([*taken.pictures, taken.video])
    platform = PlatformClient(address, server.new_key(folder / "state", "Example Videos"))
    passphrase = new_passphrase()
    owner = OwnerClient(address, passphrase)
    answers = Eligibility("self", adults=True, intimate=True)
    number = owner.open_case(Submission(tuple(originals), answers))
    print(f"Case {number} opened with {len(originals)} entries. Only their hashes were sent.")
    print(f"Its passphrase, made here and never sent: {passphrase}")
    print(f"A platform hashes {len(copies)} uploads and looks them up …")
    signals = _hashed([path for _, path, _ in copies])
    rows = _looked_up(platform, copies, signals)
    rows += _reported(platform, owner, number, signals[0])
    owner.withdraw(number)
    print("The owner withdraws the case.")
    again = [(f"after withdrawal: {what}", path, "none") for what, path, _ in copies[:2]]
    rows += _looked_up(platform, again, signals[:2])
    statuses = {entry["status"] for entry in owner.status(number)["entries"]}
    rows.append(Row("after withdrawal: the owner's status", "withdrawn", ", ".join(statuses)))
    return rows


def _copies(taken: Corpus, folder: Path) -> list[tuple[str, Path, str]]:
    """(what it is, file, expected verdict) of every upload that the platform sees."""
    uploads = folder / "uploads"
    uploads.mkdir()
    copies = [
        (f"{picture.stem}, {name}", edit(picture, uploads), "match")
        for picture in taken.pictures
        for name, edit in edits.PICTURE_EDITS.items()
    ]
    copies += [
        (f"video, {name}", edit(taken.video, uploads), "match")
        for name, edit in edits.VIDEO_EDITS.items()
    ]
    copies += [(f"{path.stem}, unrelated", path, "none") for path in taken.unrelated]
    return [*copies, ("another video, unrelated", taken.unrelated_video, "none")]


def _hashed(paths: list[Path]) -> list[ContentSignals]:
    found: dict[int, ContentSignals] = {}
    for index, outcome in hash_files(paths):
        if isinstance(outcome, ContentError):
            raise SystemExit(f"{paths[index]}: {outcome}")
        found[index] = outcome
    return [found[index] for index in range(len(paths))]


def _looked_up(
    platform: PlatformClient, copies: list[tuple[str, Path, str]], signals: list[ContentSignals]
) -> list[Row]:
    answers = platform.lookup(signals)
    return [
        Row(what, expected, answer["verdict"])
        for (what, _, expected), answer in zip(copies, answers, strict=True)
    ]


def _reported(
    platform: PlatformClient, owner: OwnerClient, number: str, seen: ContentSignals
) -> list[Row]:
    """The platform reports a copy at an address and blocks it; the owner is told."""
    platform.observe(seen, ADDRESS)
    match = platform.lookup([seen])[0]["matches"][0]["match"]
    platform.feedback(match, "blocked")
    print("The platform reports one copy at an address and says that it blocked it.")
    sightings = _until(lambda: _sightings(owner.status(number)), "observation")
    told = ["Example Videos", "lookup and observation", "blocked", "no"]
    found = next((s for s in sightings if s["source"] == "observation"), {})
    ways = " and ".join(sorted({s["source"] for s in sightings}))
    got = [
        found.get("platform", "nothing"),
        ways,
        str(found.get("outcome")),
        "yes" if ADDRESS in str(owner.status(number)) else "no",
    ]
    asked = ("where it was found", "how it is known", "what was done", "shows the address")
    return [
        Row(f"owner's status: {what}", expected, was)
        for what, expected, was in zip(asked, told, got, strict=True)
    ]


def _sightings(status: dict[str, Any]) -> list[dict[str, str]]:
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


def _print(rows: list[Row]) -> None:
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("what", "expected", "got")]
    widths = [max(w, len(h)) for w, h in zip(widths, ("upload", "expected", "got"), strict=True)]
    line = "  {:{}}   {:{}}   {:{}}   {}"
    print()
    print(line.format("upload", widths[0], "expected", widths[1], "got", widths[2], ""))
    print("  " + "─" * (sum(widths) + 12))
    for row in rows:
        mark = "✓" if row.right else "✗ WRONG"
        print(line.format(row.what, widths[0], row.expected, widths[1], row.got, widths[2], mark))


if __name__ == "__main__":
    sys.exit(main())
