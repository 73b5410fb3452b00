"""Every sentence and line about evidence, as `report` has the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hashing.evidence.chain import moment_text
from hashing.printable import printable

if TYPE_CHECKING:
    from hashing.evidence.record import AttachedFile, Record
    from hashing.evidence_calls import Evidence

SHOWS_MINOR = (
    "Is anyone under 18 in these files, or might be? (If so, nothing is sent, and your case takes "
    "no more files: addresses and notes only.)"
)
NO_ANSWER = (
    "This asks a question, and there is nobody to answer it. Nothing was sent. If everyone shown "
    "was 18 or older, add --adults."
)
UNDER_18 = (
    "Nothing was sent, and your case takes addresses and notes only from now on. Do not send such "
    "a file to anybody. NCMEC Take It Down, the Internet Watch Foundation or, in the UK, Report "
    "Remove can have pictures taken down without it; the police can say what to do with those that "
    "you have."
)
NO_FILES = (
    "Your case takes no files, because you said that somebody may be under 18. Nothing was sent."
)
NOTHING = "Name a file, or say what it is: --kind, with --address, --note or the like."
NOTE = "Note (one line):"
NO_NOTE = "There is nobody to type the note. Nothing was sent."
KEPT = "Kept, encrypted, as number {n}. What came first stays as it is: nothing can be changed."
KEPT_BEFORE = "This is kept already, as number {n}."
NONE = "Nothing is kept for this case."
REMOVE_THIS = "Remove number {n} for good? Its time and fingerprint stay, so that others hold."
NO_REMOVAL = "This asks a question, and there is nobody to answer it. Nothing was removed."
NOT_REMOVED = "Nothing was removed."
REMOVED = "Removed. Only that something was here is kept."
NO_SUCH = "There is no number {n}. `evidence list` shows what there is."
SAVED = "Saved: {path}"
THERE = "There is a file already: {path}. Choose another folder, or move it away."
EXPORTED = (
    "Saved, still encrypted: {path}. It opens with your passphrase alone. Keep it where only you "
    "come."
)
BROKEN = "The connection broke. It goes on by itself; what has come need not come again."
STOPPED = (
    "Stopped. What has come is kept for seven days: give the same command again, and it goes on."
)
NOT_OPENED = "cannot be opened with this passphrase, or was changed"
UNNAMED = "a file that no record names; add it again, or remove it"


def shown_size(size: int) -> str:
    """Return a number of bytes in words."""
    for unit, one in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= one:
            return f"{size / one:.1f} {unit}"
    return f"{size} bytes"


def record_lines(n: int, record: Record | None) -> Iterator[str]:
    """Yield the lines of one record; None: it cannot be opened."""
    if record is None:
        yield f"{n:4}  {NOT_OPENED}"
        return
    where = record.platform or record.address or ""
    yield printable(f"{n:4}  {record.kind}  {moment_text(record.captured_at)}  {where}".rstrip())
    for name, value in _fields(record):
        yield printable(f"      {name}: {value}")
    for one in record.files:
        yield printable(f"      {one.name}  {shown_size(one.size)}")


def _fields(record: Record) -> Iterator[tuple[str, str]]:
    if record.platform and record.address:
        yield "address", record.address
    names = ("display_name", "user_name", "profile_id", "person", "note")
    for name in names:
        if value := getattr(record, name):
            yield name.replace("_", " "), value
    if happened := record.happened_at:
        at = moment_text(happened) if isinstance(happened, datetime) else happened.isoformat()
        yield "happened", at


def stamp_line(evidence: Evidence, n: int) -> str:
    """Return who attests since when at the latest that an entry was there."""
    names = sorted({one.authority for one in evidence.stamps if one.sequence >= n})
    return f"      time stamps: {', '.join(names)}" if names else "      no time stamp yet"


def total_lines(kept: dict[str, Any]) -> Iterator[str]:
    """Yield how much is kept, and what has not come whole."""
    for one in kept["unfinished"]:
        here, size = shown_size(one["received"]), shown_size(one["size"])
        until = printable(one["until_on"])
        yield f"      a file that has not come whole: {here} of {size}; kept until {until}"
    used, allowed = shown_size(kept["bytes"]), shown_size(kept["bytes_allowed"])
    yield f"Records: {kept['records']}. Files: {kept['files']}. Together {used} of {allowed}."


def file_name(n: int, position: int, attached: AttachedFile) -> str:
    """Return a name to save a file by: its own, without what a system might obey."""
    kept = [one if one.isalnum() or one in " ._-()" else "_" for one in attached.name[-100:]]
    return f"{n:04}-{position}-{''.join(kept).strip(' .') or 'file'}"
