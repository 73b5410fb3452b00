"""The command `takeback`: hash, submit, status, withdraw for owners; lookup for platforms.

Exit codes: 0 all done, 1 some failed, 2 wrong usage. Results go to standard output,
everything else to standard error. A passphrase or key is never an argument, because
every other program on the machine can read arguments.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

from tqdm import tqdm

from hashing import report
from hashing.batch import Outcome, hash_files
from hashing.client import OwnerClient, PlatformClient
from hashing.errors import ContentError, DeviceError, InvalidSubmission
from hashing.gather import gather
from hashing.hasher import Use
from hashing.passphrase import new_passphrase, normalise
from hashing.signals import ContentSignals
from hashing.submission import MAX_ENTRIES, Eligibility, Submission
from hashing.views.profile import Profile
from hashing.windows import WindowSet

SOME_FAILED = 1
USAGE = 2
LOOKUP_BATCH = 200
"""Files that are looked up before their answers are printed."""

Hashed = list[tuple[Path, ContentSignals]]


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit."""
    args = _parser().parse_args(argv)
    try:
        code = args.run(args)
    except DeviceError as err:
        die(str(err))
    except KeyboardInterrupt:
        die("Stopped. Nothing more was sent.")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = SOME_FAILED
    sys.exit(code)


def die(message: str, code: int = SOME_FAILED) -> NoReturn:
    """Print what is wrong and what to do, and exit."""
    print(f"takeback: {message}", file=sys.stderr)
    sys.exit(code)


def _hash(args: argparse.Namespace) -> int:
    outcomes = _outcomes(args.paths, WindowSet(args.windows))
    for path, outcome in outcomes:
        for line in report.outcome_lines(path, outcome, as_json=args.json):
            print(line)
    failed = any(isinstance(outcome, ContentError) for _, outcome in outcomes)
    return SOME_FAILED if failed else 0


def _submit(args: argparse.Namespace) -> int:
    hashed, failed = _hashed(args.paths, WindowSet(args.windows))
    entries = tuple(content for _, content in hashed)
    if len(entries) > MAX_ENTRIES:
        raise InvalidSubmission(
            f"These are {len(entries)} files, and a case holds {MAX_ENTRIES}. Choose fewer files."
        )
    if not entries:
        die("Nothing could be hashed, so nothing was sent.")
    if args.case:
        answer = OwnerClient(args.server, _passphrase()).add(args.case, entries)
        print(report.added_text(args.case, answer))
        return failed
    submission = Submission(entries, _eligibility(args))
    given = os.environ.get("TAKEBACK_PASSPHRASE")
    passphrase = normalise(given or new_passphrase())
    client = OwnerClient(args.server, passphrase)
    print(report.GIVEN if given else report.PASSPHRASE.format(passphrase=passphrase), flush=True)
    with _working_bar() as bar:
        number = client.open_case(submission, lambda part: _show_part(bar, part))
    print(report.OPENED.format(number=number, count=len(entries)))
    return failed


def _status(args: argparse.Namespace) -> int:
    status = OwnerClient(args.server, _passphrase()).status(args.case)
    print(json.dumps(status, indent=2) if args.json else "\n".join(report.status_lines(status)))
    return 0


def _withdraw(args: argparse.Namespace) -> int:
    client = OwnerClient(args.server, _passphrase())
    what = f"entry {args.entry}" if args.entry else "the whole case"
    if args.undo:
        print(report.undone_text(what, client.undo(args.case, args.entry)))
        return 0
    for_good = " for good, so that nobody can undo it" if args.now else ""
    if not args.yes and not _agrees(f"Withdraw {what}{for_good}? [y/N] "):
        die("Nothing was withdrawn.")
    answer = client.withdraw(args.case, args.entry, erase_now=args.now)
    print(report.withdrawn_text(what, answer))
    return 0


def _lookup(args: argparse.Namespace) -> int:
    key = os.environ.get("TAKEBACK_KEY") or die("Set TAKEBACK_KEY to your platform key.", USAGE)
    hashed, failed = _hashed(args.paths, Profile(args.profile))
    client = PlatformClient(args.server, key)
    for start in range(0, len(hashed), LOOKUP_BATCH):
        batch = hashed[start : start + LOOKUP_BATCH]
        answers = client.lookup(content for _, content in batch)
        for (path, _), answer in zip(batch, answers, strict=True):
            print(report.verdict_line(path, answer, as_json=args.json))
    return failed


def _outcomes(named: Sequence[Path], use: Use = WindowSet.STANDARD) -> list[tuple[Path, Outcome]]:
    """Hash everything named, in the order named, with a progress bar."""
    gathered = gather(named)
    if gathered.passed_over:
        print(f"Passed over {gathered.passed_over} other files.", file=sys.stderr)
    outcomes: dict[int, Outcome] = {}
    parts: dict[int, float] = {}
    with _bar(len(gathered.files)) as bar:

        def show() -> None:
            bar.n = len(outcomes) + sum(parts.values())
            bar.refresh()

        def advance(index: int, part: float) -> None:
            parts[index] = 0 if index in outcomes else part
            show()

        hashed = hash_files(gathered.files, advance=advance, use=use, formats=gathered.formats)
        for index, outcome in hashed:
            outcomes[index] = outcome
            parts.pop(index, None)
            show()
    return [(path, outcomes[index]) for index, path in enumerate(gathered.files)]


def _bar(total: int) -> Any:  # noqa: ANN401 (tqdm is untyped)
    """A progress bar, on a terminal only."""
    layout = "{l_bar}{bar}| {n:.1f}/{total} files [{elapsed}<{remaining}]"
    return tqdm(total=total, disable=None, desc="Hashing", bar_format=layout, leave=False)


def _working_bar() -> Any:  # noqa: ANN401 (tqdm is untyped)
    """A progress bar for what takes a moment, if it takes longer than one; on a terminal only."""
    layout = "{l_bar}{bar}| [{elapsed}<{remaining}]"
    return tqdm(total=1, disable=None, delay=1, desc="Preparing", bar_format=layout, leave=False)


def _show_part(bar: Any, part: float) -> None:  # noqa: ANN401 (tqdm is untyped)
    bar.update(part - bar.n)


def _hashed(named: Sequence[Path], use: Use = WindowSet.STANDARD) -> tuple[Hashed, int]:
    """Return what could be hashed, and the exit code; print what could not be hashed."""
    hashed: Hashed = []
    failed = 0
    for path, outcome in _outcomes(named, use):
        if isinstance(outcome, ContentError):
            failed = SOME_FAILED
            print(f"{report.shown(path)}: {outcome}", file=sys.stderr)
        else:
            hashed.append((path, outcome))
    return hashed, failed


def _passphrase() -> str:
    given = os.environ.get("TAKEBACK_PASSPHRASE")
    try:
        return normalise(given or getpass.getpass("Passphrase (seven words): "))
    except EOFError:
        die("No passphrase was given. Type it, or set TAKEBACK_PASSPHRASE.")


def _eligibility(args: argparse.Namespace) -> Eligibility:
    """The three answers, from the options or asked now. A case needs a yes to the last two."""
    subject: Literal["self", "authorised"] = args.subject or _asked_subject()
    adults = args.adults or _agrees("Was everyone shown 18 or older when it was made? [y/N] ")
    if not adults:
        die(report.UNDER_18)
    intimate = args.intimate or _agrees("Is it intimate, and shared without consent? [y/N] ")
    if not intimate:
        die(report.NOT_INTIMATE)
    return Eligibility(subject, adults=adults, intimate=intimate)


def _asked_subject() -> Literal["self", "authorised"]:
    return "self" if _agrees("Are you the person shown? [y/N] ") else "authorised"


def _agrees(question: str) -> bool:
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="takeback", description=report.ABOUT)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    files, server, as_json, windows = (argparse.ArgumentParser(add_help=False) for _ in range(4))
    files.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
    server.add_argument("--server", required=True, metavar="URL", help="https address")
    as_json.add_argument("--json", action="store_true", help="print JSON")
    windows.add_argument(
        "--windows",
        choices=[each.value for each in WindowSet],
        default=WindowSet.STANDARD,
        help="parts of a picture hashed too: all find more cropped copies, and reveal more",
    )
    hashing = commands.add_parser(
        "hash", parents=[files, windows, as_json], help="print the signals of files"
    )
    hashing.set_defaults(run=_hash)
    submit = commands.add_parser(
        "submit", parents=[files, windows, server], help="open a case, or add to it"
    )
    _add_answers(submit)
    number = argparse.ArgumentParser(add_help=False, parents=[server])
    number.add_argument("--case", required=True, metavar="NUMBER", help="your case number")
    status = commands.add_parser(
        "status", parents=[number, as_json], help="what happened to your case"
    )
    status.set_defaults(run=_status)
    _add_choices(commands.add_parser("withdraw", parents=[number], help="stop matching, or undo"))
    lookup = commands.add_parser(
        "lookup", parents=[files, server, as_json], help="ask whether files match (TAKEBACK_KEY)"
    )
    lookup.set_defaults(run=_lookup)
    lookup.add_argument(
        "--profile",
        choices=[each.value for each in Profile],
        default=Profile.THOROUGH,
        help="how many edited copies are looked for, and how long it takes (default: thorough)",
    )
    return parser


def _add_choices(withdraw: argparse.ArgumentParser) -> None:
    withdraw.set_defaults(run=_withdraw)
    withdraw.add_argument("--entry", type=int, metavar="N", help="only this entry of the case")
    withdraw.add_argument("--yes", action="store_true", help="do not ask")
    either = withdraw.add_mutually_exclusive_group()
    either.add_argument("--undo", action="store_true", help="match again, within three days")
    either.add_argument("--now", action="store_true", help="erase at once: no undo is possible")


def _add_answers(submit: argparse.ArgumentParser) -> None:
    submit.set_defaults(run=_submit)
    submit.add_argument("--case", metavar="NUMBER", help="add to this case instead")
    submit.add_argument("--subject", choices=["self", "authorised"], help="who you are")
    submit.add_argument("--adults", action="store_true", help="everyone shown was 18 or older")
    submit.add_argument("--intimate", action="store_true", help="intimate, shared without consent")
