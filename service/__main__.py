"""`python -m service`: serve and work, and what an operator does beside (see `--help`)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from service import logs
from service.commands import stores
from service.domain.actor import Role
from service.domain.errors import ServiceError
from service.domain.member import MemberRole
from service.domain.watch import MAX_DEPTH, Scope
from service.settings import InvalidSetting, read

UNNEEDED = ("scipy", "pydantic.v1")
"""What libraries load only because it is there, which takes a third of a start: Numba to multiply
matrices, FastAPI to ask of each model whether it is of Pydantic's first version. Both do without
where it is missing."""
MAKES_A_STORE = {"process_commands.serve", "process_commands.migrate"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    os.umask(0o077)  # only this user may read what is stored
    logs.to_stderr()
    arguments = _parser().parse_args(argv)
    try:
        settings = read(os.environ)
        if not settings.database_url and arguments.run not in MAKES_A_STORE:
            stores.require(settings)
        if not settings.database_url:
            stores.migrate(settings)  # the embedded store is migrated at every start
        module, name = arguments.run.split(".")
        getattr(import_module(f"service.commands.{module}"), name)(settings, arguments)
    except (ServiceError, InvalidSetting) as err:
        print(f"service: {err}", file=sys.stderr)
        return 1
    return 0


def _row_id(text: str) -> int:
    """Parse the id of a row, which both databases store as 64 bits."""
    if not text.isdecimal() or not 0 < int(text) < 2**63:
        raise argparse.ArgumentTypeError("a number, as `list` shows it")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("serve", "process_commands.serve", "answer HTTP requests"),
        ("work", "process_commands.work", "do the worker's work, where `serve` does not"),
        ("migrate", "process_commands.migrate", "bring the tables to this version"),
        ("reindex", "process_commands.reindex", "read the whole bank anew from the store"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=run)
    keys = commands.add_parser("keys", help="keys of platforms and crawlers").add_subparsers(
        required=True, metavar="ACTION"
    )
    create = keys.add_parser("create", help="make a key and show it once")
    create.add_argument("--role", required=True, choices=[one.value for one in Role])
    create.add_argument("--name", required=True, help="what owners will read")
    create.set_defaults(run="key_commands.create")
    listing = keys.add_parser("list", help="show every platform's keys, but not their secrets")
    listing.set_defaults(run="key_commands.show")
    revoke = keys.add_parser("revoke", help="make a key useless")
    revoke.add_argument("key_id", help="as `keys list` shows it")
    revoke.set_defaults(run="key_commands.revoke")
    _review_parser(commands)
    _set_aside_parser(commands)
    excluded = commands.add_parser("exclude", help="never match public or plain content")
    excluded.add_argument("file", type=Path, help="output of `takeback hash --json`")
    excluded.set_defaults(run="exclude_commands.add")
    _exclusions_parser(commands)
    _watches_parser(commands)
    _alerts_parser(commands)
    _audit_parser(commands)
    _organisations_parser(commands)
    _members_parser(commands)
    return parser


def _alerts_parser(commands: Any) -> None:  # noqa: ANN401 (argparse names this type privately)
    actions = commands.add_parser("alerts", help="alerts that could not be sent").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = actions.add_parser("list", help="count what is on its way, and show what is stuck")
    listing.set_defaults(run="alert_commands.show")
    for name, text in (("retry", "have them tried again"), ("drop", "forget them")):
        action = actions.add_parser(name, help=text)
        action.add_argument(
            "messages", type=_row_id, nargs="*", help="as `list` shows them; or all"
        )
        action.set_defaults(run=f"alert_commands.{name}")


def _review_parser(commands: Any) -> None:  # noqa: ANN401 (argparse names this type privately)
    actions = commands.add_parser("review", help="entries that wait for a person").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = actions.add_parser("list", help="show what waits, and all that is known to decide")
    listing.add_argument("--most", type=_row_id, default=100, help="show so many (100)")
    listing.set_defaults(run="review_commands.show")
    for name, run, text in (
        (
            "release",
            "review_commands.release",
            "match it: again if it is held, further if it is not",
        ),
        ("keep", "review_commands.keep", "leave it held"),
        ("hold", "review_commands.hold", "match it no more, for anybody, until it is released"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("entry", type=_row_id, help="as `review list` shows it")
        action.set_defaults(run=run)


def _exclusions_parser(commands: Any) -> None:  # noqa: ANN401 (the same)
    actions = commands.add_parser("exclusions", help="what was excluded").add_subparsers(
        required=True, metavar="ACTION"
    )
    actions.add_parser("list", help="show each content").set_defaults(run="exclude_commands.show")
    remove = actions.add_parser("remove", help="undo: match again what it alone had held")
    remove.add_argument("exclusion", type=_row_id, help="as `exclusions list` shows it")
    remove.set_defaults(run="exclude_commands.remove")


def _watches_parser(commands: Any) -> None:  # noqa: ANN401 (the same)
    actions = commands.add_parser("watches", help="addresses that crawlers look at").add_subparsers(
        required=True, metavar="ACTION"
    )
    several = actions.add_parser("import", help="have the addresses of a file looked at")
    several.add_argument("file", type=Path, help="an address on each line")
    several.add_argument("--scope", choices=[one.value for one in Scope], default=Scope.PAGE)
    several.add_argument("--depth", type=int, choices=range(MAX_DEPTH + 1), default=0)
    several.set_defaults(run="watch_commands.add")
    status = actions.add_parser("status", help="count what is looked at, due, and withheld")
    status.set_defaults(run="watch_commands.show")
    release = actions.add_parser("release", help="look at an address that somebody had withheld")
    release.add_argument("address", help="which does not show anybody under 18")
    release.set_defaults(run="watch_commands.release")


def _audit_parser(commands: Any) -> None:  # noqa: ANN401 (the same)
    actions = commands.add_parser("audit", help="who did what").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = actions.add_parser("list", help="show what was done, the newest last")
    listing.add_argument("--most", type=_row_id, default=100, help="show so many (100)")
    listing.set_defaults(run="audit_commands.show")
    head = actions.add_parser("head", help="show what to keep elsewhere, to verify with later")
    head.set_defaults(run="audit_commands.head")
    verify = actions.add_parser("verify", help="look whether anything in it was changed")
    verify.add_argument("--head", help="as `audit head` showed it, from where it was kept")
    verify.set_defaults(run="audit_commands.verify")


def _organisations_parser(commands: Any) -> None:  # noqa: ANN401 (the same)
    actions = commands.add_parser(
        "organisations", help="whose advocates may help owners"
    ).add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make one")
    add.add_argument("name", help="what owners will read")
    add.set_defaults(run="member_commands.add_organisation")
    actions.add_parser("list", help="show all").set_defaults(run="member_commands.organisations")
    disable = actions.add_parser("disable", help="sign out its members, for good")
    disable.add_argument("organisation", type=_row_id, help="as `organisations list` shows it")
    disable.set_defaults(run="member_commands.disable_organisation")
    reviewer = actions.add_parser("reviewer", help="let its leads review at the desk, or no more")
    reviewer.add_argument("organisation", type=_row_id, help="as `organisations list` shows it")
    reviewer.add_argument("state", choices=["on", "off"])
    reviewer.set_defaults(run="member_commands.set_reviewer")


def _members_parser(commands: Any) -> None:  # noqa: ANN401 (the same)
    actions = commands.add_parser("members", help="advocates").add_subparsers(
        required=True, metavar="ACTION"
    )
    add = actions.add_parser("add", help="make one and show her invitation, once")
    add.add_argument("--organisation", type=_row_id, required=True, help="its number")
    add.add_argument("--name", required=True, help="what she signs in with")
    add.add_argument("--role", choices=[one.value for one in MemberRole], default=MemberRole.MEMBER)
    add.set_defaults(run="member_commands.add")
    actions.add_parser("list", help="show all").set_defaults(run="member_commands.show")
    for name, run, text in (
        ("disable", "member_commands.disable", "sign her out, for good"),
        ("reset", "member_commands.reset", "forget how she signs in, and invite her again"),
        ("role", "member_commands.role", "give her another role"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("member", type=_row_id, help="as `members list` shows it")
        action.set_defaults(run=run)
    action.add_argument("role", choices=[one.value for one in MemberRole])


def _set_aside_parser(commands: Any) -> None:  # noqa: ANN401 (argparse names this type privately)
    actions = commands.add_parser(
        "set-aside", help="what the worker could not compare"
    ).add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show space, id, last day, attempts and error")
    listing.set_defaults(run="set_aside_commands.show")
    retry = actions.add_parser("retry", help="have all of it tried again")
    retry.set_defaults(run="set_aside_commands.retry")


if __name__ == "__main__":
    for unneeded in UNNEEDED:
        # With None, an import of it fails as if it were missing.
        sys.modules.setdefault(unneeded, None)  # type: ignore[arg-type]
    sys.exit(main())
