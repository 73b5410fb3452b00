"""An owner submits content: it is checked, kept, and matched from then on."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hashing.signals import ContentSignals
from service.domain import admission
from service.domain.actor import Owner
from service.domain.case import MAX_ENTRIES, EntryStatus, new_number, refusal
from service.domain.errors import CaseFull, Conflict, InvalidRequest
from service.search import precedents
from service.store import cases, entries
from service.store.cases import Case
from service.store.database import Tx
from service.store.entries import NewEntry
from service.workflows import intake_links
from service.workflows.context import Context, Today


@dataclass(frozen=True, slots=True)
class NewCase:
    """A submission, parsed. The access key is hidden from `repr`, as the note is."""

    access_key: bytes
    subject: str
    note: str | None
    entries: tuple[ContentSignals, ...]
    intake_code: str = ""
    """Of a link by which an organisation helps."""

    def __repr__(self) -> str:
        return f"NewCase({len(self.entries)} entries)"


def number_before(context: Context, new: NewCase) -> str | None:
    """Return the number of the case that this submission has opened before; None if it has not.

    Raises Withdrawn, or Conflict when its content differs.
    """
    with context.database.read() as tx:
        known = cases.by_access(tx, context.seals.access_hash(new.access_key))
    return known and _number(known, _document_hash(context, new.entries))


def open_case(
    context: Context,
    new: NewCase,
    now: Today,
    *,
    digit: Callable[[], int] = lambda: secrets.randbelow(10),
) -> tuple[str, bool]:
    """Open a case; return its number, and whether this call opened it.

    With the code of an intake link the case is granted to an organisation from the beginning; with
    one that is good no more it opens all the same, and nobody else sees it.

    Repeating a submission with the same access key returns the same number, so a lost answer
    costs nothing. Raises InvalidRequest, Withdrawn, or Conflict when the
    content differs.
    """
    _check(new.entries)
    access_hash = context.seals.access_hash(new.access_key)
    document_hash = _document_hash(context, new.entries)
    decided = _decided(context, new.entries)
    with context.database.write_changes() as tx:
        known = cases.by_access(tx, access_hash)
        if known:
            return _number(known, document_hash), False
        number = _free_number(tx, digit)
        values = {
            "number": number,
            "access_hash": access_hash,
            "document_hash": document_hash,
            "subject": new.subject,
            "note": context.seals.seal(new.note) if new.note else None,
            "opened_on": now,
        }
        case_id = cases.insert(tx, values)
        entries.insert(tx, case_id, decided, now)
        if new.intake_code:
            intake_links.give(context, tx, case_id, new.intake_code, now)
    _match_from_now_on(context)
    return number, True


def _number(known: Case, document_hash: bytes) -> str:
    """Return the number of a case to whoever submits the same again."""
    if known.withdrawn_on:
        raise refusal(known.erase_on)
    if known.document_hash != document_hash:
        raise Conflict
    return known.number


class Added(NamedTuple):
    """What became of content that was added to a case."""

    new: int
    held: int
    """How many the case had already, held: they are not matched."""


def add_entries(
    context: Context,
    owner: Owner,
    contents: Sequence[ContentSignals],
    now: Today,
    *,
    also: Callable[[Tx], None] | None = None,
) -> Added:
    """Add entries to a case. Content that it has already is skipped, but its label is replaced.

    If the same content is withdrawing, the old entry is erased and the new one takes its place.
    Raises InvalidRequest, Withdrawn, or CaseFull. `also` is done last in the same transaction, and
    may raise to undo all of it.
    """
    _check(contents)
    decided = _decided(context, contents)
    with context.database.write_changes() as tx:
        case = cases.lock(tx, owner.case_id)
        if case.withdrawn_on:
            raise refusal(case.erase_on)
        known = entries.document_hashes(tx, owner.case_id)
        new = [entry for entry in decided if entry.document_hash not in known]
        number = len(entries.of_case(tx, owner.case_id))
        if number + len(new) > MAX_ENTRIES:
            raise CaseFull(
                f"A case holds {MAX_ENTRIES} entries, withdrawn ones too, and this one has "
                f"{number}."
            )
        for replaced in entries.withdrawing(tx, case.id, [one.document_hash for one in new]):
            entries.erase(tx, replaced)
        entries.relabel(tx, case.id, _labels_of(decided, known))
        entries.insert(tx, case.id, new, now)
        if also:
            also(tx)
    _match_from_now_on(context)
    skipped = [known[one.document_hash] for one in decided if one.document_hash in known]
    return Added(len(new), skipped.count(EntryStatus.QUARANTINED))


def _labels_of(decided: Sequence[NewEntry], known: Container[bytes]) -> dict[bytes, bytes]:
    """The label of each entry that has one and is known, by its document hash."""
    return {
        one.document_hash: sealed
        for one in decided
        if one.document_hash in known and (sealed := one.content.sealed_label)
    }


def _check(contents: Sequence[ContentSignals]) -> None:
    for content in contents:
        if admission.has_unmatchable(content):
            raise InvalidRequest(
                "A pdq or phash signal is of too low a quality, or is no value that this type has. "
                "Hash the content again with a current version."
            )


def _match_from_now_on(context: Context) -> None:
    """At once in this process. The worker then finds what was observed before."""
    context.replica.catch_up()
    context.work_waits.set()


def _decided(context: Context, contents: Sequence[ContentSignals]) -> list[NewEntry]:
    """Each different content once, with the reason to hold it, if there is one.

    If the same is given several times, the last one counts; one with a label before those without.
    """
    hashed = [(_document_hash(context, [content]), content) for content in contents]
    by_hash = dict(hashed) | {one: content for one, content in hashed if content.sealed_label}
    known = precedents.of_contents(context.replica, list(by_hash.values()))
    return [
        NewEntry(
            each.content,
            document_hash,
            admission.hold_on_arrival(
                excluded=each.excluded,
            ),
        )
        for document_hash, each in zip(by_hash, known, strict=True)
    ]


def _document_hash(context: Context, contents: Sequence[ContentSignals]) -> bytes:
    """A keyed hash that recognises the same content; order, quality, windows do not matter."""
    facts = sorted(json.dumps(_facts(content)) for content in contents)
    return context.seals.document_hash(json.dumps(facts).encode())


def _facts(content: ContentSignals) -> list[object]:
    whole = sorted((signal.type, signal.hex) for signal in content.signals)
    frames = [(frame.at_ms, frame.signal.hex) for frame in content.frames]
    return [content.kind, whole, frames]


def _free_number(tx: Tx, digit: Callable[[], int]) -> str:
    while True:
        number = new_number(digit)
        if cases.get(tx, number) is None:
            return number
