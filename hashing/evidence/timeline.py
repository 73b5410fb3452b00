"""What happened, in its order, and whose accounts these were: for a table and for a report."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from hashing.evidence.chain import Entry, moment_text
from hashing.evidence.manifest import record_path
from hashing.evidence.record import AttachedFile, Record

Local = Callable[[datetime], datetime]
"""A time in UTC → the same in the owner's time zone."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that spreadsheets take for a formula, or skip before one."""
NOBODY: Final = "(nobody named)"


@dataclass(frozen=True, slots=True)
class Incident:
    """A record of the pack, with what the chain and other records say of it."""

    entry: Entry
    record: Record
    paths: dict[str, str]
    """Where its files are in the pack, by their ids."""
    corrected_by: int | None = None
    """The number of the item that corrects it."""

    @property
    def number(self) -> int:
        """What people call it."""
        return self.entry.sequence

    @property
    def original(self) -> str:
        """Where its record is."""
        return record_path(self.number)

    def when(self) -> datetime:
        """Return when it happened, as well as it is known: for the order."""
        happened = self.record.happened_at or self.record.captured_at
        if isinstance(happened, datetime):
            return happened
        return datetime.combine(happened, time(), UTC)

    def account(self) -> tuple[str, ...]:
        """Return whose account it is: platform, lasting id, user name, display name."""
        one = self.record
        found = (one.platform, one.profile_id, one.user_name, one.display_name)
        return tuple(each or "" for each in found)


def in_order(incidents: Iterable[Incident]) -> list[Incident]:
    """Return incidents in the order in which they happened."""
    return sorted(incidents, key=lambda each: (each.when(), each.number))


def accounts(incidents: Iterable[Incident]) -> dict[str, dict[tuple[str, ...], list[Incident]]]:
    """Return the accounts of each person, in the owner's own words, and what each account did."""
    found: dict[str, dict[tuple[str, ...], list[Incident]]] = {}
    for each in in_order(incidents):
        if any(each.account()[1:]):
            of_person = found.setdefault(each.record.person or NOBODY, {})
            of_person.setdefault(each.account(), []).append(each)
    return dict(sorted(found.items(), key=lambda pair: (pair[0] == NOBODY, pair[0])))


def moment_or_day(moment: datetime | date | None) -> str:
    """Return a time in UTC, or a day; an empty text for none."""
    if moment is None:
        return ""
    return moment_text(moment) if isinstance(moment, datetime) else moment.isoformat()


def local_text(moment: datetime | date | None, local: Local) -> str:
    """Return a time as clocks showed it where the owner is, with the distance from UTC."""
    if not isinstance(moment, datetime):
        return moment_or_day(moment)
    return local(moment).isoformat(" ", "seconds")


def files_text(incident: Incident) -> str:
    """Return the files of an incident, each with its SHA-256."""
    return "\n".join(_file_text(incident, each) for each in incident.record.files)


def _file_text(incident: Incident, file: AttachedFile) -> str:
    original = incident.paths.get(file.id, "(not in this pack)")
    return f"{original} (“{file.name}”), SHA-256 {file.sha256}"


def timeline_table(incidents: Iterable[Incident], local: Local) -> bytes:
    """Return timeline.csv: one row an incident, in the order in which they happened."""
    rows: list[Sequence[str]] = [
        (
            "item", "kind", "happened (UTC)", "happened (local)", "captured (UTC)",
            "captured (local)", "stored (UTC)", "clock", "captured by", "person", "platform",
            "display name", "user name", "profile id", "address", "final address", "how", "tool",
            "note", "files", "corrects the record", "corrected by item",
        )
    ]  # fmt: skip
    for each in in_order(incidents):
        one = each.record
        texts = (
            one.clock, one.captured_by, one.person, one.platform, one.display_name, one.user_name,
            one.profile_id, one.address, one.final_address, one.how, one.tool, one.note,
            files_text(each), one.replaces,
        )  # fmt: skip
        times = (
            moment_or_day(one.happened_at),
            local_text(one.happened_at, local),
            moment_text(one.captured_at),
            local_text(one.captured_at, local),
            moment_text(each.entry.at),
        )
        corrected = str(each.corrected_by or "")
        rows.append((str(each.number), one.kind, *times, *(t or "" for t in texts), corrected))
    return _table(rows)


def accounts_table(incidents: Iterable[Incident]) -> bytes:
    """Return accounts.csv: one row an account, those of one person together."""
    rows: list[Sequence[str]] = [
        ("person", "platform", "profile id", "user name", "display name", "first", "last", "items")
    ]
    for person, of_person in accounts(incidents).items():
        for account, acts in of_person.items():
            when = [moment_text(each.when()) for each in acts]
            numbers = ", ".join(str(each.number) for each in acts)
            rows.append((person, *account, when[0], when[-1], numbers))
    return _table(rows)


def _table(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as CSV that opens in every spreadsheet: UTF-8 with its mark, all cells quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for each in rows:
        writer.writerow([_cell(text) for text in each])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(text: str) -> str:
    """Return a cell that is text for every spreadsheet."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
