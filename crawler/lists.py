"""What the commands read and print."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawler.egress.addresses import parsed
from crawler.frontier.crawlers import CLAIM_SECONDS, Crawler
from crawler.frontier.watches import Scope, Watch
from crawler.outcomes import FetchError
from crawler.visiting import Visited
from hashing.printable import printable

MAX_LINES = 100_000
_MAX_BYTES = 64 * 2**20
_SHOWN = 2048
MINOR = "minor"
MINORS = (
    "{count} not added: marked as showing somebody under 18. This program never looks at such "
    "addresses. Report them where that is lawful to look at: report.cybertip.org (United States), "
    "report.iwf.org.uk (United Kingdom), inhope.org (elsewhere); to have one's own taken down: "
    "takeitdown.ncmec.org."
)

_LINE = (
    "Line {number}: write ADDRESS, then page, thread or site, then a depth of 0 to 5 for a site; "
    "or ADDRESS minor."
)


class InvalidList(ValueError):
    """A line of a list of addresses cannot be used."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line: what to watch, and how far."""

    address: str
    scope: Scope
    depth: int


def read(path: Path, *, loopback: bool = False) -> tuple[list[Wanted], int]:
    """Return the watches of a file, and how many lines are marked as showing a minor.

    A line is `ADDRESS [page|thread|site [depth]]` or `ADDRESS minor`; what follows # at its
    beginning is a comment. Raises InvalidList: nothing of such a file is used.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InvalidList(f"The list is larger than {_MAX_BYTES >> 20} MiB. Divide it.")
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeError) as err:
        raise InvalidList("The list cannot be read: give a text file in UTF-8.") from err
    if len(lines) > MAX_LINES:
        raise InvalidList(f"The list has more than {MAX_LINES} lines. Divide it.")
    wanted, minors = [], 0
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[1:] == [MINOR]:
            minors += 1
            continue
        wanted.append(_wanted(number, words, loopback=loopback))
    return wanted, minors


def _wanted(number: int, words: list[str], *, loopback: bool) -> Wanted:
    try:
        address = parsed(words[0], loopback=loopback).url
        scope = Scope(words[1]) if len(words) > 1 else Scope.PAGE
        depth = int(words[2]) if len(words) > 2 else 1  # noqa: PLR2004
    except FetchError as err:
        raise InvalidList(f"Line {number}: this address is not looked at ({err}).") from err
    except ValueError as err:
        raise InvalidList(_LINE.format(number=number)) from err
    if len(words) > 3 or not 0 <= depth <= 5:  # noqa: PLR2004
        raise InvalidList(_LINE.format(number=number))
    return Wanted(address, scope, depth)


def show(visited: Visited, seen: list[tuple[str, str]], *, as_json: bool) -> None:
    """Print how a visit ended, and the signals of what was seen."""
    judged = visited.judged
    found = [json.loads(document) for _, document in seen]
    if as_json:
        results = {f"{kind} {result}": n for (kind, result), n in visited.results.items()}
        line = {
            "address": visited.watch.address,
            "outcome": judged.outcome,
            "fault": judged.fault,
            "moved_to": judged.moved_to,
            "steps": results,
            "observations": found,
        }
        print(json.dumps({name: value for name, value in line.items() if value is not None}))
        return
    why = f" ({judged.fault})" if judged.fault else ""
    print(f"{printable(visited.watch.address, _SHOWN)}: {judged.outcome}{why}")
    if judged.moved_to:
        print(f"  now at {printable(judged.moved_to, _SHOWN)}")
    for (kind, result), count in sorted(visited.results.items()):
        print(f"  {kind}, {printable(result, _SHOWN)}: {count}")
    for document in found:
        print("  " + _line(document))


def _line(document: dict[str, Any]) -> str:
    signals = " ".join(f"{each['type']} {each['value']}" for each in document["signals"])
    frames = f", {len(document['frames'])} frames" if document.get("frames") else ""
    views = f", {len(document['views'])} views" if document.get("views") else ""
    return f"{document['kind']}{frames}{views}: {signals}"


def show_error(text: str, err: FetchError, *, as_json: bool) -> None:
    """Print that an address is not looked at."""
    if as_json:
        print(json.dumps({"address": text, "outcome": "fault", "fault": err.kind}))
    else:
        print(f"{printable(text, _SHOWN)}: not looked at ({err})")


def show_status(every: list[Watch], waiting: int, refused: int, *, now: int) -> None:
    """Print each watch: how it was, when that was, when it is due."""
    for watch in every:
        outcome = watch.outcome.value if watch.outcome else "not yet"
        looked = "" if watch.looked_at is None else f" on {_day(watch.looked_at)}"
        due = "now" if watch.due_at <= now else _day(watch.due_at)
        print(
            f"{printable(watch.address, _SHOWN)} ({watch.scope}): {outcome}{looked}, "
            f"{watch.media} media; next {due}"
        )
    print(f"{len(every)} watches. Observations that wait: {waiting}, refused: {refused}.")


def show_crawlers(every: list[Crawler]) -> None:
    """Print what each crawler of a frontier does that several share."""
    for each in every:
        silent = f"silent for {each.silent} s"
        heard = f"{silent}: others take over" if each.silent > CLAIM_SECONDS else silent
        steps = f"{each.done} of {each.steps} steps done"
        print(
            f"Crawler {each.id}, since {_day(each.begun_at)}: {each.visits} visits, {steps}; "
            f"submits {each.submitting} observations; {heard}"
        )
    print(f"{len(every)} crawlers.")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
