"""The commands of `takeback`. Each takes the parsed arguments and returns the exit code.

What only some of them need (decoders, the network) is loaded where it is used.
"""
# ruff: noqa: PLC0415 (loading all of it takes a second, and status or --help need none of it)

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hashing import asking, report
from hashing.alert_commands import alerts
from hashing.errors import ContentError, InvalidSubmission, NoAnswer, OutputLost, Refused
from hashing.evidence_commands import evidence
from hashing.gather import Gathered, gather
from hashing.grant_commands import grant
from hashing.notice_commands import notice
from hashing.pack_commands import verify
from hashing.passphrase import new_passphrase, normalise
from hashing.printable import printable
from hashing.signals import ContentSignals, WindowSet
from hashing.submission import (
    MAX_ENTRIES,
    Eligibility,
    Submission,
    content_document,
    entries_document,
)
from hashing.terminal import files_bar, remark, work_bar, write
from hashing.views.profile import Profile
from hashing.watch_commands import watch

if TYPE_CHECKING:
    from hashing.batch import Outcome
    from hashing.client import OwnerClient, PlatformClient

SOME_FAILED = 1
LOOKUP_BATCH = 200
"""Files that are looked up before their answers are printed."""
MOST_WAITS = 20
MOST_WAIT_SECONDS = 600
"""A lookup waits so often, and at most so long each time, when the service asks it to."""


def print_signals(args: argparse.Namespace) -> int:
    """Print the signals of files, or why there are none."""
    gathered, failed = _gathered(args.paths), 0
    for path, outcome in _outcomes(gathered, WindowSet(args.windows)):
        failed = failed or (SOME_FAILED if isinstance(outcome, ContentError) else 0)
        for line in report.outcome_lines(path, outcome, as_json=args.json):
            write(line)
    return SOME_FAILED if gathered.cut else failed


def submit(args: argparse.Namespace) -> int:
    """Open a case, or add to one; or, with --dry-run, print what would be sent."""
    send = _print_entries if args.dry_run else _add if args.case else _open
    if not args.dry_run:
        from hashing.transport import parsed_address

        parsed_address(args.server)  # before all questions and work
    return send(args)


def _open(args: argparse.Namespace) -> int:
    given = os.environ.get("TAKEBACK_PASSPHRASE")
    passphrase = normalise(given or new_passphrase())
    answers = asking.eligibility(args.subject, adults=args.adults, intimate=args.intimate)
    if not isinstance(answers, Eligibility):
        return _failed(answers)
    client = _owner(args, passphrase)
    entries, failed = _entries(args, client)
    if not entries:
        return failed
    write(report.GIVEN if given else report.PASSPHRASE.format(passphrase=passphrase))
    with work_bar() as show:
        number = client.open_case(Submission(entries, answers), show)
    try:
        write(report.opened_text(number, len(entries), args.server))
    except (OutputLost, BrokenPipeError):
        remark(report.NOT_SHOWN.format(number=printable(number)))
        raise
    return failed


def _add(args: argparse.Namespace) -> int:
    client = _owner(args, asking.passphrase())
    entries, failed = _entries(args, client)
    if entries:
        answer = client.add(args.case, entries)
        write(report.added_text(args.case, answer))
    return failed


def _print_entries(args: argparse.Namespace) -> int:
    entries, failed = _entries(args)
    if entries:
        rest = report.REST_OF_ADDITION if args.case else report.REST_OF_CASE
        labels = report.REST_OF_LABELS if args.labels else ""
        _print_unsent(entries_document(entries), len(entries), rest + labels)
    return failed


def _print_unsent(document: dict[str, Any], count: int, rest: str) -> None:
    write(json.dumps(document, indent=2))
    remark(report.DRY_RUN.format(files=report.files_text(count), rest=rest))


def _entries(
    args: argparse.Namespace, client: OwnerClient | None = None
) -> tuple[tuple[ContentSignals, ...], int]:
    """Return what is to be sent, nothing if the owner does not agree to it, and the exit code.

    With a client, which seals them, the owner is asked for labels too, if they want any.
    """
    gathered = _gathered(args.paths)
    if len(gathered.files) > MAX_ENTRIES:
        raise InvalidSubmission(report.TOO_MANY.format(count=len(gathered.files), most=MAX_ENTRIES))
    folders = [path for path in args.paths if path.is_dir()]
    asks = folders and gathered.files and not (args.yes or args.dry_run)
    if asks and not asking.may_send(folders, gathered.files):
        return (), _failed(report.NOT_SENT)
    labels = asking.labels(gathered.files) if client and args.labels else {}
    entries, failed = [], 0
    for path, outcome in _outcomes(gathered, WindowSet(args.windows)):
        if isinstance(outcome, ContentError):
            failed += 1
            remark(f"{report.shown(path)}: {outcome}")
        elif client and path in labels:
            entries.append(client.labelled(outcome, labels[path]))
        else:
            entries.append(outcome)
    if not entries:
        return (), _failed(report.NOTHING_HASHED)
    if failed:
        remark(report.NOT_HASHED.format(failed=report.files_text(failed)))
    return tuple(entries), SOME_FAILED if failed else 0


def status(args: argparse.Namespace) -> int:
    """Print what happened to a case."""
    found = _owner(args, asking.passphrase()).status(args.case)
    write(json.dumps(found, indent=2) if args.json else "\n".join(report.status_lines(found)))
    return 0


def label(args: argparse.Namespace) -> int:
    """Change what an entry of a case is called, or take its label away."""
    client = _owner(args, asking.passphrase())
    question = report.LABEL_OF_ENTRY.format(n=args.n)
    typed = "" if args.remove else asking.label(question, report.NO_LABEL)
    if not (typed or args.remove):
        return _failed(report.NO_LABEL_TYPED)
    client.label(args.case, args.n, typed or None)
    write(report.labelled_text(args.n, typed))
    return 0


def withdraw(args: argparse.Namespace) -> int:
    """Withdraw a case or one entry of it, or undo that."""
    client = _owner(args, asking.passphrase())
    what = f"entry {args.entry}" if args.entry else "the whole case"
    if args.undo:
        write(report.undone_text(what, client.undo(args.case, args.entry)))
        return 0
    for_good = " for good, so that nobody can undo it" if args.now else ""
    question = f"Withdraw {what}{for_good}?"
    if not args.yes and not asking.agrees(question, report.NO_WITHDRAWAL):
        return _failed(report.NOT_WITHDRAWN)
    answer = client.withdraw(args.case, args.entry, erase_now=args.now)
    write(report.withdrawn_text(what, answer))
    return 0


def lookup(args: argparse.Namespace) -> int:
    """Print whether files match what the service holds."""
    send = _print_items if args.dry_run else _look_up
    return send(args)


def _look_up(args: argparse.Namespace) -> int:
    from hashing.client import PlatformClient

    if not (key := os.environ.get("TAKEBACK_KEY")):
        raise NoAnswer(report.NO_KEY)
    client = PlatformClient(args.server, key)
    gathered, failed = _gathered(args.paths), 0
    waiting: list[tuple[Path, ContentSignals]] = []
    for path, outcome in _outcomes(gathered, Profile(args.profile)):
        if isinstance(outcome, ContentError):
            failed = SOME_FAILED
            remark(f"{report.shown(path)}: {outcome}")
            continue
        waiting.append((path, outcome))
        if len(waiting) == LOOKUP_BATCH:
            _print_verdicts(client, waiting, as_json=args.json)
            waiting.clear()
    _print_verdicts(client, waiting, as_json=args.json)
    return SOME_FAILED if gathered.cut else failed


def _print_verdicts(
    client: PlatformClient, hashed: Sequence[tuple[Path, ContentSignals]], *, as_json: bool
) -> None:
    answers = _patiently(lambda: client.lookup(content for _, content in hashed))
    for (path, _), answer in zip(hashed, answers, strict=True):
        write(report.verdict_line(path, answer, as_json=as_json))


def _patiently(ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Ask again when the service says to: what was hashed, perhaps for hours, is not lost."""
    from hashing.transport import TOO_MANY, UNAVAILABLE, duration

    for _ in range(MOST_WAITS):
        try:
            return ask()
        except Refused as err:
            wait = err.retry_after
            if err.status not in {TOO_MANY, UNAVAILABLE} or not wait or wait > MOST_WAIT_SECONDS:
                raise
        remark(report.WAITING.format(time=duration(wait)))
        time.sleep(wait)
    return ask()


def _print_items(args: argparse.Namespace) -> int:
    items, failed = [], 0
    for path, outcome in _outcomes(_gathered(args.paths), Profile(args.profile)):
        if isinstance(outcome, ContentError):
            failed = SOME_FAILED
            remark(f"{report.shown(path)}: {outcome}")
        else:
            items.append(content_document(outcome))
    _print_unsent({"items": items}, len(items), report.REST_OF_LOOKUP)
    return failed


def _gathered(named: Sequence[Path]) -> Gathered:
    """Return the files to hash; say what is passed over."""
    gathered = gather(named)
    for line in report.passed_lines(gathered):
        remark(line)
    if not gathered.files:
        remark(report.NOTHING_FOUND)
    return gathered


def _outcomes(gathered: Gathered, use: WindowSet | Profile) -> Iterator[tuple[Path, Outcome]]:
    """Hash files, in the order named, each as soon as those before it are done."""
    from hashing.batch import hash_files

    if not gathered.files:
        return
    done: dict[int, Outcome] = {}
    parts: dict[int, float] = {}
    yielded = 0
    with files_bar(len(gathered.files)) as show:

        def advance(index: int, part: float) -> None:
            parts[index] = part
            show(yielded + len(done) + sum(parts.values()))

        hashed = hash_files(gathered.files, advance=advance, use=use, formats=gathered.formats)
        for index, outcome in hashed:
            done[index] = outcome
            parts.pop(index, None)
            while yielded in done:
                yield gathered.files[yielded], done.pop(yielded)
                yielded += 1
            show(yielded + len(done) + sum(parts.values()))


def _owner(args: argparse.Namespace, passphrase: str) -> OwnerClient:
    from hashing.client import OwnerClient

    return OwnerClient(args.server, passphrase)


def _failed(message: str) -> int:
    remark(f"takeback: {message}")
    return SOME_FAILED


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "hash": print_signals,
    "submit": submit,
    "status": status,
    "label": label,
    "withdraw": withdraw,
    "watch": watch,
    "alerts": alerts,
    "grant": grant,
    "evidence": evidence,
    "notice": notice,
    "lookup": lookup,
    "verify": verify,
}
