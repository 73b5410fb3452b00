"""The options of `takeback evidence`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from hashing import pack_commands
from hashing.evidence.chain import moment_text

KINDS = ("page", "post", "profile", "message", "payment", "call", "file")
_TEXTS = (
    ("--platform", "platform", "where it is, such as Telegram"),
    ("--address", "address", "its address, copied whole from the browser"),
    ("--display-name", "display_name", "the name that the account shows"),
    ("--user-name", "user_name", "the name in its address, which can change"),
    ("--profile-id", "profile_id", "the number of the account, which stays"),
    ("--person", "person", "whose account it is, in your own words"),
)


def add_actions(evidence: argparse.ArgumentParser, *options: argparse.ArgumentParser) -> None:
    """Add what can be done with evidence. `options`: server, case number, JSON."""
    actions = evidence.add_subparsers(dest="action", required=True, metavar="ACTION")
    server, number, as_json = options

    def action(
        name: str, text: str, *of_action: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        of_all = (server, number, *of_action)
        return actions.add_parser(name, parents=of_all, help=text, description=f"{text}.")

    _add_record(action("add", "Keep a record, with files if you name some"))
    action("list", "Show what is kept", as_json)
    get = action("get", "Show one record, and save its files")
    get.add_argument("n", type=_number, metavar="N", help="as `evidence list` shows it")
    get.add_argument("folder", type=Path, metavar="FOLDER", help="where its files are saved")
    remove = action("remove", "Remove one record and its files; this cannot be undone")
    remove.add_argument("n", type=_number, metavar="N", help="as `evidence list` shows it")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    export = action("export", "Save all of it, still encrypted, and what proves when it was kept")
    export.add_argument("folder", type=Path, metavar="FOLDER", help="a new or unfinished one")
    text = "Make a pack for police, a court or a platform of what was exported"
    pack_commands.add_pack(actions.add_parser("pack", help=text, description=f"{text}."))


def _add_record(add: argparse.ArgumentParser) -> None:
    add.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a screenshot, PDF, chat")
    add.add_argument("--kind", choices=KINDS, help="what it is (default: file)")
    for option, name, text in _TEXTS:
        add.add_argument(option, dest=name, metavar="TEXT", help=text)
    add.add_argument(
        "--happened",
        type=_happened,
        metavar="WHEN",
        help="day, such as 2026-11-30, or time in UTC, such as 2026-11-30T15:20Z",
    )
    add.add_argument("--note", action="store_true", help="ask for a note")
    add.add_argument("--adults", action="store_true", help="everyone shown was 18 or older")


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1 on; see evidence list")
    return int(text)


def _happened(text: str) -> str:
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"):
        try:
            return moment_text(datetime.strptime(text, form).replace(tzinfo=UTC))
        except ValueError:
            continue
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError as err:
        raise argparse.ArgumentTypeError("like 2026-11-30, or 2026-11-30T15:20Z") from err
