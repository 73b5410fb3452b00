"""`python -m service audit`: who did what, and whether anybody changed what is written of it."""

from __future__ import annotations

import argparse

from service.commands import stores
from service.domain.audit import Row, parse_head
from service.domain.errors import InvalidRequest, ServiceError
from service.settings import Settings
from service.workflows import auditing


def show(settings: Settings, arguments: argparse.Namespace) -> None:
    """Show the newest acts."""
    with stores.unloaded(settings) as context:
        rows = auditing.listed(context, arguments.most)
    for row in reversed(rows):
        print(line(row))


def head(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Show number and digest of the last act."""
    with stores.unloaded(settings) as context:
        print(auditing.head(context))


def verify(settings: Settings, arguments: argparse.Namespace) -> None:
    """Say whether the audit is whole, or name the first row that is not. Raises ServiceError."""
    kept = parse_head(arguments.head) if arguments.head else None
    if arguments.head and kept is None:
        raise InvalidRequest("--head is a number, a colon and 64 digits, as `audit head` shows it.")
    with stores.unloaded(settings) as context:
        verified = auditing.verify(context, kept)
    if verified.fault:
        raise ServiceError(f"The audit is broken: row {verified.fault.n} {verified.fault.says}.")
    print(f"{verified.rows} acts, none changed. Keep elsewhere: {verified.head}")


def line(row: Row) -> str:
    """Return the line about one act. A case is shown by the first digits of what stands for it."""
    minute = "     " if row.minute is None else f"{row.minute // 60:02}:{row.minute % 60:02}"
    who = row.actor_kind if row.actor_id is None else f"{row.actor_kind} {row.actor_id}"
    about = [row.object_kind, row.object_id] if row.object_kind else []
    about += [f"of case {row.case_tag.hex()[:12]}"] if row.case_tag else []
    what = " ".join([row.act, *about, row.details]).rstrip()
    return f"{row.n:8}  {row.day} {minute}  {who:12}  {what}"
