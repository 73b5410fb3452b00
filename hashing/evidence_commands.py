"""`takeback evidence`: what is kept of a case, encrypted, and when it was."""
# ruff: noqa: PLC0415 (--help needs no network, and cryptography takes a moment to load)

from __future__ import annotations

import argparse
import json
import mimetypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hashing import asking, evidence_report
from hashing.errors import DeviceError, InvalidEvidence, NotOpened, Unreadable
from hashing.pack_commands import pack
from hashing.terminal import bytes_bar, remark, write

if TYPE_CHECKING:
    from hashing.evidence.chain import Link
    from hashing.evidence.record import AttachedFile, Record
    from hashing.evidence_calls import Evidence, EvidenceClient

FAILED = 1


def evidence(args: argparse.Namespace) -> int:
    """Keep a record, list, show or remove what is kept, or save all of it."""
    args.stopped = evidence_report.STOPPED
    return _ACTIONS[args.action](args)


def _add(args: argparse.Namespace) -> int:
    if not (args.files or args.kind):
        raise InvalidEvidence(evidence_report.NOTHING)
    for path in args.files:
        if not path.is_file():
            raise Unreadable(f"{path}: {Unreadable()}")
    made = _described(args)
    shows_minor = bool(args.files) and not args.adults
    shows_minor = shows_minor and asking.agrees(
        evidence_report.SHOWS_MINOR, evidence_report.NO_ANSWER
    )
    client = _client(args)
    if shows_minor:
        client.mark_under_18()
        remark(evidence_report.UNDER_18)
        return FAILED
    there = client.evidence()
    if args.files and not there.kept["takes_files"]:
        remark(evidence_report.NO_FILES)
        return FAILED
    made = replace(made, files=tuple(_attached(client, args.files)))
    record_id, new = client.keep(made, there)
    said = evidence_report.KEPT if new else evidence_report.KEPT_BEFORE
    write(said.format(n=_numbers(client.evidence())[record_id]))
    return 0


def _described(args: argparse.Namespace) -> Record:
    """Return the record of the options. Raises InvalidEvidence, which says what does not fit."""
    from hashing.evidence.record import parse

    names = ("platform", "address", "display_name", "user_name", "profile_id", "person")
    given: dict[str, Any] = {name: getattr(args, name) for name in names}
    given["happened_at"] = args.happened
    if args.note:
        given["note"] = asking.line(evidence_report.NOTE, evidence_report.NO_NOTE)
    said = {name: value for name, value in given.items() if value}
    return parse(
        {
            "kind": args.kind or "file",
            "captured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "clock": "device",
            "captured_by": "owner",
            "tool": "takeback",
            **said,
        }
    )


def _attached(client: EvidenceClient, files: list[Path]) -> Iterator[AttachedFile]:
    """Send each file; the same content once."""
    seen: set[str] = set()
    for path in files:
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        try:
            with _counted(path.stat().st_size, path.name) as advance:
                one = client.attach(path, path.name[-255:], media_type, advance)
        except OSError as err:
            raise Unreadable(f"{path}: {Unreadable()}") from err
        if one.id not in seen:
            seen.add(one.id)
            yield one


def _list(args: argparse.Namespace) -> int:
    client = _client(args)
    there = client.evidence()
    kept = [(one.entry.sequence, one.entry.id, _opened(client, one)) for one in _records(there)]
    named = {each.id for _, _, record in kept if record for each in record.files}
    unnamed = [
        one for one in there.links if _is_kept_file(there, one) and one.entry.id not in named
    ]
    if args.json:
        write(json.dumps([_document(there, *one) for one in kept], indent=2))
        return 0
    for n, _, record in kept:
        for line in evidence_report.record_lines(n, record):
            write(line)
        write(evidence_report.stamp_line(there, n))
    for one in unnamed:
        write(f"{one.entry.sequence:4}  {evidence_report.UNNAMED}")
    if not (kept or unnamed):
        write(evidence_report.NONE)
    for line in evidence_report.total_lines(there.kept):
        write(line)
    return 0


def _document(there: Evidence, n: int, record_id: str, record: Record | None) -> dict[str, Any]:
    from hashing.evidence import record as records

    stamped = sorted({one.authority for one in there.stamps if one.sequence >= n})
    opened = json.loads(records.encode(record)) if record else None
    return {"n": n, "id": record_id, "record": opened, "time_stamps": stamped}


def _get(args: argparse.Namespace) -> int:
    client = _client(args)
    link = _link(client.evidence(), args.n, "record")
    record = client.record(link.entry.id)
    for line in evidence_report.record_lines(args.n, record):
        write(line)
    for position, one in enumerate(record.files, 1):
        args.folder.mkdir(parents=True, exist_ok=True)
        target = args.folder / evidence_report.file_name(args.n, position, one)
        if target.exists():
            raise DeviceError(evidence_report.THERE.format(path=target))
        with _counted(one.size, one.name) as advance:
            client.save(one, target, advance)
        write(evidence_report.SAVED.format(path=target))
    return 0


def _remove(args: argparse.Namespace) -> int:
    if not args.yes and not asking.agrees(
        evidence_report.REMOVE_THIS.format(n=args.n), evidence_report.NO_REMOVAL
    ):
        write(evidence_report.NOT_REMOVED)
        return 0
    client = _client(args)
    there = client.evidence()
    link = _link(there, args.n, "record", "file")
    if link.entry.act == "file":
        client.remove_file(link.entry.id)
    else:
        _remove_record(client, there, link)
    write(evidence_report.REMOVED)
    return 0


def _remove_record(client: EvidenceClient, there: Evidence, link: Link) -> None:
    """Remove the files that no other record names, then the record: so it can be done again."""
    others = (_opened(client, one) for one in _records(there) if one != link)
    needed = {each.id for record in others if record for each in record.files}
    if this := _opened(client, link):
        for each in this.files:
            if each.id not in needed and there.has(each.id):
                client.remove_file(each.id)
    client.remove_record(link.entry.id)


def _export(args: argparse.Namespace) -> int:
    from hashing.evidence.sources import index_document

    client = _client(args)
    there = client.evidence()
    for name in ("records", "files"):
        (args.folder / name).mkdir(parents=True, exist_ok=True)
    for one in _records(there):
        path = args.folder / "records" / one.entry.id
        if not path.exists():
            path.write_bytes(client.stored_record(one.entry.id))
    for one in there.links:
        path = args.folder / "files" / one.entry.id
        if _is_kept_file(there, one) and not path.exists():
            with _counted(client.stored_size(one.entry.id), f"{one.entry.sequence}") as advance:
                client.save_stored(one.entry.id, path, advance)
    (args.folder / "evidence.json").write_bytes(index_document(client.source(there)))
    write(evidence_report.EXPORTED.format(path=args.folder))
    return 0


def _client(args: argparse.Namespace) -> EvidenceClient:
    from hashing.evidence_calls import EvidenceClient

    said = False

    def broken() -> None:
        nonlocal said
        if not said:
            remark(evidence_report.BROKEN)
        said = True

    return EvidenceClient(args.server, asking.passphrase(), args.case, broken)


def _records(there: Evidence) -> list[Link]:
    """The records that are kept, in order."""
    return [one for one in there.links if one.entry.act == "record" and there.has(one.entry.id)]


def _is_kept_file(there: Evidence, link: Link) -> bool:
    return link.entry.act == "file" and there.has(link.entry.id)


def _numbers(there: Evidence) -> dict[str, int]:
    return {one.entry.id: one.entry.sequence for one in there.links if one.entry.act != "removed"}


def _link(there: Evidence, n: int, *acts: str) -> Link:
    """Return an entry of the chain that is kept. Raises InvalidEvidence."""
    for one in there.links:
        if one.entry.sequence == n and one.entry.act in acts and there.has(one.entry.id):
            return one
    raise InvalidEvidence(evidence_report.NO_SUCH.format(n=n))


def _opened(client: EvidenceClient, link: Link) -> Record | None:
    try:
        return client.record(link.entry.id)
    except (NotOpened, InvalidEvidence):
        return None


@contextmanager
def _counted(total: int, title: str) -> Iterator[Callable[[int], None]]:
    """Show how far one file is; what this yields is called with bytes that went."""
    done = 0
    with bytes_bar(total, title[-20:]) as show:

        def advance(size: int) -> None:
            nonlocal done
            done = min(total, done + size)
            show(done)

        yield advance


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "add": _add,
    "list": _list,
    "get": _get,
    "remove": _remove,
    "export": _export,
    "pack": pack,
}
