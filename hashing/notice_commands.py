"""`takeback notice`: letters that ask for removal, written and printed on this device."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hashing import asking, notice_report
from hashing.errors import LetterNotPrinted
from hashing.letter_pdf import pdf_of
from hashing.printable import printable
from hashing.terminal import remark, write

if TYPE_CHECKING:
    from hashing.client import OwnerClient

_OWN = frozenset({"self", "holder"})


def notice(args: argparse.Namespace) -> int:
    """Write a letter, list those of a case with their clocks, or make a PDF of one."""
    return _ACTIONS[args.action](args)


def _new(args: argparse.Namespace) -> int:
    owner = _owner(args)
    laws = {law["id"]: law for law in owner.regimes()}
    if args.law not in laws:
        remark(f"takeback: {notice_report.NO_LAW.format(laws=', '.join(laws))}")
        return 1
    law = laws[args.law]
    body = _begun(args, law)
    if wrong := notice_report.refused_lines(owner.draft_notice(args.case, body)["missing"]):
        remark(f"takeback: {' '.join(wrong)}")
        return 1
    body |= _asked(law, body["filer"])
    made = owner.draft_notice(args.case, body)
    if made["missing"]:
        remark(f"takeback: {notice_report.missing_line(made['missing'])}")
        return 1
    write(made["text"].rstrip("\n"))
    if args.keep or args.sent is not None:
        owner.keep_notice(args.case, body, sent_minutes_ago=args.sent)
    remark(notice_report.KEPT if args.keep else _told(args.sent))
    return 0


def _told(sent: int | None) -> str:
    return notice_report.NOT_ADVICE if sent is None else notice_report.STARTED


def _begun(args: argparse.Namespace, law: dict[str, Any]) -> dict[str, Any]:
    """Return a notice of which nothing was asked yet."""
    return {
        "regime": law["id"],
        "filer": args.filer or law["filers"][0],
        "addressee": args.to,
        "language": args.language,
        "zone": args.zone,
        "addresses": args.address,
        "fields": {},
        "statements": [],
    }


def _asked(law: dict[str, Any], filer: str) -> dict[str, Any]:
    """Ask for all that a law needs; what only helps is not asked."""
    for line in notice_report.law_lines(law):
        remark(line)
    needed = [one["name"] for one in law["fields"] if one["needed"] == "law"]
    if filer not in _OWN:
        needed.append("authority")
    known = notice_report.QUESTIONS
    fields = {
        name: asking.line(known[name], notice_report.NO_ANSWERS) for name in known if name in needed
    }
    statements = [
        name
        for name, sentence in law["statements"].items()
        if asking.agrees(notice_report.AGREED.format(sentence=sentence), notice_report.NO_ANSWERS)
    ]
    return {"fields": fields, "statements": statements}


def _list(args: argparse.Namespace) -> int:
    notices = _owner(args).notices(args.case)
    lines = notice_report.notice_lines(notices)
    write(json.dumps(notices, indent=2) if args.json else "\n".join(lines))
    return 0


def _pdf(args: argparse.Namespace) -> int:
    try:
        text = args.letter.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise LetterNotPrinted(notice_report.NO_LETTER) from err
    made = pdf_of(text, title="Letter", font=args.font)
    try:
        with args.out.open("xb") as file:
            file.write(made)
    except FileExistsError as err:
        raise LetterNotPrinted(notice_report.EXISTS.format(path=printable(str(args.out)))) from err
    except OSError as err:
        raise LetterNotPrinted from err
    return 0


def _owner(args: argparse.Namespace) -> OwnerClient:
    from hashing.client import OwnerClient  # noqa: PLC0415 (--help needs no network)

    return OwnerClient(args.server, asking.passphrase())


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "new": _new,
    "list": _list,
    "pdf": _pdf,
}
