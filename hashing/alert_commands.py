"""`takeback alerts`: whether, how and when an owner is told that there is news."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from hashing import alert_report, asking
from hashing.terminal import write

if TYPE_CHECKING:
    from hashing.client import OwnerClient

_ADDRESSES = {
    "mail": alert_report.MAIL_QUESTION,
    "webhook": alert_report.WEBHOOK_QUESTION,
}


def alerts(args: argparse.Namespace) -> int:
    """Show how an owner is told, or change it. By default nobody sends anything."""
    return _ACTIONS[args.action](args)


def _show(args: argparse.Namespace) -> int:
    told = _owner(args).alerts(args.case)
    write(json.dumps(told, indent=2) if args.json else "\n".join(alert_report.lines(told)))
    return 0


def _set(args: argparse.Namespace) -> int:
    owner = _owner(args)
    if args.kind == "none":
        owner.remove_alerts(args.case)
        write(alert_report.REMOVED)
        return 0
    if args.others is None:
        question, instead = alert_report.OTHERS_QUESTION, alert_report.NO_ALERT_ANSWER
        others = asking.agrees(question, instead)
    else:
        others = args.others == "yes"
    answer = owner.set_channel(
        args.case,
        args.kind,
        _address(args.kind),
        {
            "wording": args.wording,
            "language": args.language,
            "hours": _hours(args),
            "read_by_others": others,
            "ask_after_days": args.ask_after,
        },
    )
    write(alert_report.shown_once(answer, args.server))
    return 0


def _hours(args: argparse.Namespace) -> dict[str, int | str] | None:
    if args.hours is None:
        return None
    begin, end = args.hours
    return {"begin": begin, "end": end, "zone": args.zone}


def _address(kind: str) -> str | None:
    """Ask for an address. It is no argument: every program on this machine can read those."""
    question = _ADDRESSES.get(kind)
    return None if question is None else asking.line(question, alert_report.NO_CONTACT_ADDRESS)


def _mute(args: argparse.Namespace) -> int:
    told = _owner(args).mute_alerts(args.case, None if args.end else args.days)
    until = told["contact"]["muted_until"] if told["contact"] else None
    write(alert_report.MUTED.format(day=until) if until else alert_report.UNMUTED)
    return 0


def _test(args: argparse.Namespace) -> int:
    _owner(args).test_channel(args.case, args.kind)
    write(alert_report.TEST_SENT)
    return 0


def _confirm(args: argparse.Namespace) -> int:
    owner = _owner(args)
    owner.confirm_mail(args.case, asking.line(alert_report.CODE_QUESTION, alert_report.NO_CODE))
    write(alert_report.CONFIRMED)
    return 0


def _check(args: argparse.Namespace) -> int:
    owner, address = _owner(args), _address(args.kind) or ""
    is_same = owner.is_address(args.case, args.kind, address)
    write(alert_report.SAME if is_same else alert_report.NOT_SAME)
    return 0


def _keep(args: argparse.Namespace) -> int:
    told = _owner(args).ask_about_alerts(args.case, args.ask_after)
    if told["contact"]:
        write(alert_report.KEPT.format(day=told["contact"]["ask_on"]))
    else:
        write(alert_report.BY_YOURSELF)
    return 0


def _owner(args: argparse.Namespace) -> OwnerClient:
    from hashing.client import OwnerClient  # noqa: PLC0415 (--help needs no network)

    return OwnerClient(args.server, asking.passphrase())


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "show": _show,
    "set": _set,
    "mute": _mute,
    "test": _test,
    "confirm": _confirm,
    "check": _check,
    "keep": _keep,
}
