"""An owner's content comes in: checked, kept, and matched from then on."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hashing.signals import ContentSignals, SignalType
from service.domain import policy
from service.domain.actor import Owner
from service.domain.case import MAX_ENTRIES, new_number, refusal
from service.domain.errors import CaseFull, Conflict, InvalidRequest
from service.matching.codes import codes_of
from service.store import banks, cases
from service.store.cases import NewEntry
from service.store.changes import Space
from service.store.database import Tx
from service.workflows.context import Context, Today


@dataclass(frozen=True, slots=True)
class NewCase:
    """A submission, parsed. The access key is hidden from `repr`, as the note is."""

    access_key: bytes
    subject: str
    note: str | None
    entries: tuple[ContentSignals, ...]

    def __repr__(self) -> str:
        return f"NewCase({len(self.entries)} entries)"


def open_case(
    context: Context,
    new: NewCase,
    now: Today,
    *,
    digit: Callable[[], int] = lambda: secrets.randbelow(10),
) -> tuple[str, bool]:
    """Keep a new case; return its number, and whether it was opened by this call.

    The same submission with the same access key gives the same number again: an answer that
    was lost on the way costs nothing. Raises InvalidRequest, Withdrawn, or Conflict when the
    content differs.
    """
    _check(new.entries)
    access_hash = context.seals.access_hash(new.access_key)
    document_hash = _document_hash(context, new.entries)
    entries = _decided(context, new.entries)
    with context.database.write() as tx:
        known = cases.by_access(tx, access_hash)
        if known:
            if known.withdrawn_on:
                raise refusal(known.erase_on)
            if known.document_hash != document_hash:
                raise Conflict
            return known.number, False
        number = _free_number(tx, digit)
        values = {
            "number": number,
            "access_hash": access_hash,
            "document_hash": document_hash,
            "subject": new.subject,
            "note": context.seals.seal(new.note) if new.note else None,
            "opened_on": now,
        }
        cases.add_entries(tx, cases.open_case(tx, values), entries, now)
    _matched_from_now_on(context)
    return number, True


def add_entries(
    context: Context, owner: Owner, entries: Sequence[ContentSignals], now: Today
) -> int:
    """Add entries to a case; return how many were new. What the case has already is passed over.

    Of what is withdrawing and comes again, the old entry is erased: the new one takes its place.
    Raises InvalidRequest, Withdrawn, or CaseFull.
    """
    _check(entries)
    decided = _decided(context, entries)
    with context.database.write() as tx:
        case = cases.lock(tx, owner.case_id)
        if case.withdrawn_on:
            raise refusal(case.erase_on)
        known = cases.entry_hashes(tx, owner.case_id)
        fresh = [entry for entry in decided if entry.document_hash not in known]
        there = len(cases.entries_of(tx, owner.case_id))
        if there + len(fresh) > MAX_ENTRIES:
            raise CaseFull(
                f"A case holds {MAX_ENTRIES} entries, withdrawn ones too, and this one has {there}."
            )
        for replaced in cases.withdrawing_of(tx, case.id, [one.document_hash for one in fresh]):
            cases.withdraw(tx, replaced)
        cases.add_entries(tx, case.id, fresh, now)
    _matched_from_now_on(context)
    return len(fresh)


def _check(contents: Sequence[ContentSignals]) -> None:
    for content in contents:
        if policy.unfit(content):
            raise InvalidRequest(
                "A pdq or phash signal is of too low a quality, or is no value that this type has. "
                "Hash the content again with a current version."
            )


def _matched_from_now_on(context: Context) -> None:
    """At once in this process; the worker then looks for what was seen before."""
    context.replica.catch_up()
    context.work_waits.set()


def _decided(context: Context, contents: Sequence[ContentSignals]) -> list[NewEntry]:
    """Each different content once, with the reason to hold it if there is one."""
    by_hash = {_document_hash(context, [content]): content for content in contents}
    most = context.settings.cases_per_signal
    decided = []
    for document_hash, content in by_hash.items():
        reason = policy.on_arrival(
            excluded=_is_excluded(context, content),
            other_cases=_other_cases(context, content, most),
            most_cases=most,
        )
        decided.append(NewEntry(_without_plain(context, content), document_hash, reason))
    return decided


def _without_plain(context: Context, content: ContentSignals) -> ContentSignals:
    """Without windows that are plain or near the exclude bank: they would be found in anything."""
    fit = [one for one in content.windows if policy.fit(one.signal)]
    values = [one.signal.value for one in fit]
    near = context.replica.searcher.search(
        Space.EXCLUDED, SignalType.PDQ, codes_of(values), policy.EXCLUDE_DISTANCE
    )
    excluded = set(near.queries.tolist())
    windows = tuple(one for at, one in enumerate(fit) if at not in excluded)
    return replace(content, windows=windows)


def _is_excluded(context: Context, content: ContentSignals) -> bool:
    signals = [*content.signals, *(frame.signal for frame in content.frames)]
    for kind in (SignalType.PDQ, SignalType.PHASH):
        codes = codes_of(signal.value for signal in signals if signal.type is kind)
        near = context.replica.searcher.search(Space.EXCLUDED, kind, codes, policy.EXCLUDE_DISTANCE)
        if len(near.ids):
            return True
    return False


def _other_cases(context: Context, content: ContentSignals, most: int) -> int:
    """How many cases hold the same content. Of parts and frames, none is counted."""
    values = [signal.value for signal in content.signals if signal.type is SignalType.PDQ]
    near = context.replica.searcher.search(
        Space.BANK, SignalType.PDQ, codes_of(values), policy.MATCH_DISTANCE
    )
    exact = [signal for signal in content.signals if signal.type is SignalType.SHA256]
    with context.database.read() as tx:
        places = banks.places(tx, Space.BANK, near.ids.tolist())
        whole = [one for one in places.values() if one.window is None and one.span is None]
        holders = {place.holder_id for place in whole}
        holders |= {place.holder_id for _, place in banks.identical(tx, Space.BANK, exact)}
        if len(holders) < most:
            return len(holders)
        return len({one.case_id for one in cases.entries_by_id(tx, holders).values()})


def _document_hash(context: Context, contents: Sequence[ContentSignals]) -> bytes:
    """Tells the same content handed in again; order, quality and windows do not matter."""
    told = sorted(json.dumps(_facts(content)) for content in contents)
    return context.seals.document_hash(json.dumps(told).encode())


def _facts(content: ContentSignals) -> list[object]:
    whole = sorted((signal.type, signal.hex) for signal in content.signals)
    frames = [(frame.at_ms, frame.signal.hex) for frame in content.frames]
    return [content.kind, whole, frames]


def _free_number(tx: Tx, digit: Callable[[], int]) -> str:
    while True:
        number = new_number(digit)
        if cases.get(tx, number) is None:
            return number
