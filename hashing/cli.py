"""The command `takeback`.

For owners: hash, submit, status, label, withdraw, watch, alerts, grant, evidence, notice. For
whoever gets a pack of evidence: verify. For platforms: lookup.

Exit codes: 0 all done, 1 something failed, 2 wrong usage, 130 stopped by Ctrl-C. Results go to
standard output, everything else to standard error. A passphrase or key is never an argument,
because every other program on the machine can read arguments.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from hashing import (
    argument_types,
    evidence_options,
    grant_report,
    notice_options,
    pack_commands,
    report,
)
from hashing.commands import COMMANDS, SOME_FAILED
from hashing.errors import DeviceError, NoAnswer, OutputLost
from hashing.signals import WindowSet
from hashing.terminal import remark, write
from hashing.views.profile import Profile

USAGE = 2
GRANT_DAYS, MAX_GRANT_DAYS = 90, 365
STOPPED = 130
"""128 and the number of SIGINT, as shells have it."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit."""
    args = argparse.Namespace(stopped=report.STOPPED)
    try:
        code = _run(argv, args)
    except NoAnswer as err:
        die(str(err), USAGE)
    except OutputLost as err:
        _discard_output()
        die(str(err))
    except DeviceError as err:
        die(str(err))
    except KeyboardInterrupt:
        die(args.stopped, STOPPED)
    except BrokenPipeError:  # whoever read the output has had enough
        _discard_output()
        code = SOME_FAILED
    except OSError as err:  # no more processes, memory or files, for one
        die(report.SYSTEM.format(reason=err.strerror or type(err).__name__))
    sys.exit(code)


def die(message: str, code: int = SOME_FAILED) -> NoReturn:
    """Print what is wrong and what to do, and exit."""
    remark(f"takeback: {message}")
    sys.exit(code)


def _run(argv: Sequence[str] | None, args: argparse.Namespace) -> int:
    if sys.stdout is None:  # closed before this began
        die(report.NO_OUTPUT)
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)  # whatever is typed, and whatever is to be shown
    whole = parser()
    whole.parse_args(argv, args)
    if "server" in args and not (args.server or getattr(args, "dry_run", False)):
        whole.error("--server is needed: the address of the service")
    return COMMANDS[args.command](args)


def _discard_output() -> None:
    """Let what is still to be written go nowhere: Python writes it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """Takes no abbreviations (`--n` is not `--now`), and repeats nothing that may be a secret."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401 (argparse's own)
        super().__init__(allow_abbrev=False, **more)

    def print_help(self, _file: object = None) -> None:
        write(self.format_help().rstrip("\n"))  # argparse's own says nothing if it cannot

    def error(self, message: str) -> NoReturn:
        start, _, words = message.partition(": ")
        if start == "unrecognized arguments":
            options = [word.partition("=")[0] for word in words.split() if word.startswith("-")]
            message = " ".join([f"{start}:", *options]) if options else "too many arguments"
        super().error(message)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib import metadata  # noqa: PLC0415 (takes 50 ms to load)

        try:
            version = metadata.version("takeback")
        except metadata.PackageNotFoundError:
            version = "(not installed)"
        write(f"takeback {version}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = _Parser(prog="takeback", description=report.ABOUT, epilog=report.EXIT_CODES)
    whole.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, *options: _Parser) -> _Parser:
        return commands.add_parser(name, parents=options, help=text, description=f"{text}.")

    files, server, as_json, windows, number, dry_run = _shared()
    add("hash", "Print the hashes of files. Nothing is sent", files, windows, as_json)
    _add_answers(add("submit", "Open a case, or add files to one", files, windows, server, dry_run))
    add("status", "Show what happened to your case", server, number, as_json)
    _add_entry(add("label", "Change what an entry is called", server, number))
    _add_choices(add("withdraw", "Stop the search for your files, or undo that", server, number))
    _add_actions(add("watch", "Have addresses checked for your case"), server, number, as_json)
    told = add("alerts", "Choose whether and how you are told that there is news")
    _add_alert_actions(told, server, number, as_json)
    _add_grant_actions(
        add("grant", "Let an organisation see your case, or end that"), server, number, as_json
    )
    evidence_options.add_actions(
        add("evidence", "Keep evidence for your case, encrypted"), server, number, as_json
    )
    pack_commands.add_verify(add("verify", "Check a pack of evidence. Nothing is sent"))
    notice_options.add_actions(add("notice", "Write letters of removal"), server, number, as_json)
    lookup = add("lookup", "For platforms: look files up", files, server, as_json, dry_run)
    lookup.add_argument(
        "--profile",
        choices=[each.value for each in Profile],
        default=Profile.THOROUGH,
        help="how hard to look for edited copies; more takes longer (default: thorough)",
    )
    return whole


def _shared() -> Sequence[_Parser]:
    shared = tuple(_Parser(add_help=False) for _ in range(6))
    files, server, as_json, windows, number, dry_run = shared
    files.add_argument(
        "paths", nargs="+", type=argument_types.path, metavar="PATH", help="a file or folder"
    )
    server.add_argument(
        "--server", metavar="URL", help="address of the service; it begins with https://"
    )
    as_json.add_argument("--json", action="store_true", help="print JSON")
    windows.add_argument(
        "--windows",
        choices=[each.value for each in WindowSet],
        default=WindowSet.STANDARD,
        help="parts of each picture to hash as well; more of them find more cropped copies, and "
        "reveal more of the picture (default: standard)",
    )
    number.add_argument(
        "--case",
        required=True,
        type=argument_types.number,
        metavar="NUMBER",
        help="your case number",
    )
    dry_run.add_argument("--dry-run", action="store_true", help="show what would be sent, and stop")
    return shared


def _add_actions(watch: argparse.ArgumentParser, *options: _Parser) -> None:
    actions = watch.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, text: str, *of_action: _Parser) -> argparse.ArgumentParser:
        return actions.add_parser(name, parents=of_action, help=text, description=f"{text}.")

    server, number, as_json = options
    add = action("add", "Keep checking an address", server, number)
    add.add_argument(
        "address",
        type=argument_types.address,
        metavar="ADDRESS",
        help="copied whole from the browser",
    )
    add.add_argument(
        "--scope",
        choices=["page", "thread", "site"],
        default="page",
        help="only this page; a thread, album or account; or a whole site (default: page)",
    )
    add.add_argument(
        "--depth", type=argument_types.depth, default=0, help="of a site: links that are followed"
    )
    add.add_argument("--adults", action="store_true", help="everyone shown was 18 or older")
    action("list", "Show what happened at each address", server, number, as_json)
    remove = action("remove", "Stop checking an address", server, number)
    remove.add_argument(
        "n", type=argument_types.entry, metavar="N", help="as `watch list` shows it"
    )


def _add_alert_actions(alerts: argparse.ArgumentParser, *options: _Parser) -> None:
    actions = alerts.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, text: str, *more: _Parser) -> argparse.ArgumentParser:
        of_action = (server, number, *more)
        return actions.add_parser(name, parents=of_action, help=text, description=f"{text}.")

    server, number, as_json = options
    action("show", "Show how you are told", as_json)
    chosen = action("set", "Be told by a feed, a webhook or mail; or by nothing")
    chosen.add_argument("kind", choices=["feed", "webhook", "mail", "none"])
    wordings = ["news", "reminder", "list", "bare"]
    chosen.add_argument("--wording", choices=wordings, default="news", help="what it says")
    languages = ["en", "es", "ar"]
    chosen.add_argument("--language", choices=languages, default="en", help="of its words")
    hours = "when it may arrive, such as 9-17; at any time, if not given"
    chosen.add_argument("--hours", type=_hours, metavar="FROM-UNTIL", help=hours)
    chosen.add_argument("--zone", default="UTC", help="time zone of the hours: Europe/Madrid")
    others = "whether anybody else reads what arrives there"
    chosen.add_argument("--others", choices=["yes", "no"], help=others)
    mute = action("mute", "Be told nothing for some days")
    mute.add_argument(
        "--days", type=argument_types.entry, default=14, metavar="N", help="how many (14)"
    )
    mute.add_argument("--end", action="store_true", help="be told again, from now on")
    for name, text in (("test", "Have a test sent"), ("check", "Ask whether it is this address")):
        action(name, text).add_argument("kind", choices=["webhook", "mail"])
    action("confirm", "Enter the code from the message, so that mail begins")
    for each in (chosen, action("keep", "Say that all of this is still safe")):
        each.add_argument(
            "--ask-after",
            type=int,
            choices=[30, 90, 180],
            default=90,
            help="days after which we ask again whether it is safe (90)",
        )


def _hours(text: str) -> tuple[int, int]:
    begin, dash, end = text.partition("-")
    if not (dash and begin.isdecimal() and end.isdecimal()):
        raise argparse.ArgumentTypeError("hours are like 9-17, or 20-2 past midnight")
    return int(begin), int(end)


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_GRANT_DAYS:
        raise argparse.ArgumentTypeError(f"a number of days, at most {MAX_GRANT_DAYS}")
    return int(text)


def _add_grant_actions(grant: argparse.ArgumentParser, *options: _Parser) -> None:
    actions = grant.add_subparsers(dest="action", required=True, metavar="ACTION")
    server, number, as_json = options

    def action(name: str, text: str, *of_action: _Parser) -> argparse.ArgumentParser:
        return actions.add_parser(name, parents=of_action, help=text, description=f"{text}.")

    new = action("new", "Make a code for one organisation", server, number)
    new.add_argument(
        "--scope",
        action="append",
        choices=list(grant_report.SCOPES),
        default=[],
        help="what they may do besides reading when copies were found; may be repeated",
    )
    new.add_argument(
        "--days", type=_days, default=GRANT_DAYS, help=f"for how long (default: {GRANT_DAYS})"
    )
    action("list", "Show who may see your case", server, number, as_json)
    revoke = action("revoke", "End a grant", server, number)
    revoke.add_argument(
        "n", type=argument_types.entry, metavar="N", help="as `grant list` shows it"
    )


def _add_entry(label: argparse.ArgumentParser) -> None:
    label.set_defaults(stopped=report.STOPPED_SENDING)
    label.add_argument(
        "n", type=argument_types.entry, metavar="N", help="the entry, as `status` shows it"
    )
    label.add_argument("--remove", action="store_true", help="remove its label")


def _add_choices(withdraw: argparse.ArgumentParser) -> None:
    withdraw.set_defaults(stopped=report.STOPPED_SENDING)
    withdraw.add_argument(
        "--entry", type=argument_types.entry, metavar="N", help="only this entry of the case"
    )
    withdraw.add_argument("--yes", action="store_true", help="do not ask")
    either = withdraw.add_mutually_exclusive_group()
    either.add_argument("--undo", action="store_true", help="look again, within three days")
    either.add_argument("--now", action="store_true", help="erase at once; this cannot be undone")


def _add_answers(submit: argparse.ArgumentParser) -> None:
    submit.set_defaults(stopped=report.STOPPED_SENDING)
    submit.add_argument(
        "--case", type=argument_types.number, metavar="NUMBER", help="add to this case instead"
    )
    submit.add_argument(
        "--subject",
        choices=["self", "authorised"],
        help="who you are: the person shown, or somebody who acts for them",
    )
    submit.add_argument("--adults", action="store_true", help="everyone shown was 18 or older")
    submit.add_argument(
        "--intimate",
        action="store_true",
        help="it is intimate, and is shared without consent, or might be",
    )
    submit.add_argument(
        "--labels",
        action="store_true",
        help="ask for a label for each file, to tell them apart in status and overview; it is "
        "encrypted before it is sent, so that only your passphrase opens it",
    )
    submit.add_argument("--yes", action="store_true", help="send what a folder holds; do not ask")
