"""The operator adds public or low-detail content to the exclude bank, or takes it out again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hashing.signals import ContentSignals, Signal
from service.domain import admission
from service.domain.audit import OPERATOR, Audited, By, Of
from service.domain.case import Entry, EntryStatus
from service.domain.errors import NotFound
from service.search import surroundings
from service.store import entries, exclusions
from service.store.database import Tx
from service.store.exclusions import Exclusion
from service.workflows.context import Context, Today
from service.workflows.recording import Object, record


def exclude(
    context: Context, contents: Iterable[ContentSignals], now: Today, *, by: By = OPERATOR
) -> int:
    """Add the perceptual signals of contents, with windows and frames; return how many were new.

    The worker then holds the entries that are near them for review.
    """
    number = count = 0
    with context.database.write_changes() as tx:
        for content in contents:
            number += exclusions.insert(tx, _perceptual(content), now)
            count += 1
        record(context, tx, by, now, Audited.EXCLUDED, contents=count, signals=number)
    context.work_waits.set()
    return number


def _perceptual(content: ContentSignals) -> list[Signal]:
    frames = [frame.signal for frame in content.frames]
    windows = [one.signal for one in content.windows]
    every = (*content.signals, *frames, *windows)
    return [signal for signal in every if signal.type.perceptual]


def would_hold(context: Context, contents: Iterable[ContentSignals]) -> int:
    """Return how many entries, matched now, the exclusion of contents will hold.

    Whoever wants a picture unprotected may offer the operator a public video that shows it for a
    moment. Needs a replica that is loaded.
    """
    context.replica.catch_up()
    excluded = [signal for content in contents for signal in _perceptual(content)]
    near = surroundings.entries_near(context.replica, excluded)
    return sum(admission.may_hold(entry) for entry in near)


def listed(context: Context) -> list[Exclusion]:
    """Return every exclusion, oldest first."""
    with context.database.read() as tx:
        return exclusions.listed(tx)


class Removed(NamedTuple):
    """What the removal of an exclusion did."""

    signals: int
    released: int
    """How many entries were held because of it alone, and are matched again."""


def remove(context: Context, exclusion_id: int, now: Today, *, by: By = OPERATOR) -> Removed:
    """Take an exclusion out of the exclude bank, and match again what it alone had held.

    Needs a replica that is loaded. Windows that entries lost by it stay lost. Raises NotFound.
    """
    context.replica.catch_up()
    with context.database.write_changes() as tx:
        signal_ids = exclusions.signal_ids(tx, exclusion_id)
        if not signal_ids:
            raise NotFound(
                "There is no exclusion with this number. See: python -m service exclusions list"
            )
        held = [*entries.held(tx), *entries.held_before_withdrawal(tx)]
        free = [
            entry
            for entry in held
            if not surroundings.is_excluded_without(context.replica, tx, entry.id, signal_ids)
        ]
        exclusions.delete(tx, exclusion_id)
        for entry in free:
            _release(tx, entry)
        removed = Removed(len(signal_ids), len(free))
        about = Object(Of.EXCLUSION, str(exclusion_id))
        record(context, tx, by, now, Audited.EXCLUSION_REMOVED, about, **removed._asdict())
    context.replica.catch_up()
    return removed


def _release(tx: Tx, entry: Entry) -> None:
    """Match an entry again, now or once its withdrawal is undone.

    What was excluded meanwhile holds it again: the worker compares what becomes active.
    """
    if entry.status is EntryStatus.WITHDRAWING:
        entries.hold_no_more_after_undo(tx, entry)
    else:
        entries.set_status(tx, entry, EntryStatus.ACTIVE)
