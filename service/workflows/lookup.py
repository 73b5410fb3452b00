"""A platform asks whether contents match. A match is itself a sighting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hashing.signals import ContentSignals
from service.domain import admission, match_policy
from service.domain.actor import Actor
from service.domain.alignment import Span
from service.domain.case import EntryStatus, HoldReason
from service.domain.errors import NotReady, TooLarge
from service.domain.match_policy import EntryVerdict
from service.domain.sighting import Sighting, Source, Verdict
from service.search import matcher, queries
from service.store import entries, feedback, sightings
from service.store.database import Tx
from service.workflows.context import Context, Today


@dataclass(frozen=True, slots=True)
class MatchReference:
    """How a platform may refer to an entry, how certain the match is, and where in a video."""

    reference: str
    verdict: Verdict
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one item: no distance, no stored signal, no case."""

    verdict: Verdict
    matches: list[MatchReference]


def lookup(
    context: Context, actor: Actor, items: Sequence[ContentSignals], now: Today
) -> list[Answer]:
    """Return one answer per item, in order, after recording the sightings.

    Raises TooLarge if the items have more values than one request may ask.
    """
    if queries.size(items) > match_policy.MOST_VALUES:
        raise TooLarge(
            f"A request asks for at most {match_policy.MOST_VALUES:,} values of pdq and phash, "
            "views and orientations counted. Send fewer items at a time."
        )
    once = {item: index for index, item in reversed(list(enumerate(items)))}
    different = sorted(once.values())
    verdicts = matcher.match(context.replica, [items[index] for index in different])
    if any(verdicts):
        verdicts = _still_active(context, verdicts)
        _keep(context, actor, verdicts, now)
    answers = {
        index: _answer(context, actor, of_item)
        for index, of_item in zip(different, verdicts, strict=True)
    }
    return [answers[once[item]] for item in items]


def _still_active(context: Context, verdicts: list[list[EntryVerdict]]) -> list[list[EntryVerdict]]:
    """Leave out what was withdrawn or held since the search."""
    with context.database.read() as tx:
        known = entries.by_id(tx, {one.entry_id for of_item in verdicts for one in of_item})
    active = {entry.id for entry in known.values() if entry.status is EntryStatus.ACTIVE}
    return [[one for one in of_item if one.entry_id in active] for of_item in verdicts]


def _keep(context: Context, actor: Actor, verdicts: list[list[EntryVerdict]], now: Today) -> None:
    """Record the sightings, in the store if it takes them at once, else in the journal.

    Whoever holds the store's lock must not be able to keep uploads from being recognised.
    """
    seen = _sightings(context, actor, verdicts, now)
    try:
        with context.database.write(patient=False) as tx:
            sightings.record(tx, seen)
            suspicious = _too_often(context, tx, seen, now)
    except NotReady:
        context.journal.append(seen)
        return
    if suspicious:
        _hold(context, suspicious)


def _sightings(
    context: Context, actor: Actor, verdicts: list[list[EntryVerdict]], now: Today
) -> list[Sighting]:
    """One sighting of each entry and verdict, whatever number of items it was found by."""
    references = {
        (one.entry_id, one.verdict): context.seals.reference(actor.id, same[0].entry_id)
        for of_item in verdicts
        for same in match_policy.grouped(of_item)
        for one in same
    }
    return [
        Sighting(entry_id, actor.id, now, Source.LOOKUP, verdict, reference)
        for (entry_id, verdict), reference in references.items()
    ]


def _too_often(context: Context, tx: Tx, seen: Sequence[Sighting], now: Today) -> list[int]:
    """The entries that now match more often than is plausible."""
    matched = {one.entry_id for one in seen if one.verdict is Verdict.MATCH}
    most = context.settings.matches_per_day
    often = {
        entry_id: number
        for entry_id, number in sightings.matches_on(tx, matched, now).items()
        if number > most
    }
    replies = feedback.on_entries(tx, often)
    return [
        entry_id
        for entry_id, number in often.items()
        if admission.too_many_matches(number, replies.get(entry_id, ()), most=most)
    ]


def _hold(context: Context, entry_ids: Iterable[int]) -> None:
    with context.database.write_changes() as tx:
        for entry in entries.by_id(tx, entry_ids).values():
            if admission.may_hold(entry):
                entries.set_status(
                    tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.MANY_MATCHES
                )
    context.replica.catch_up()


def _answer(context: Context, actor: Actor, verdicts: list[EntryVerdict]) -> Answer:
    references = [
        MatchReference(
            context.seals.reference(actor.id, same[0].entry_id),
            same[0].verdict,
            max((one.span for one in same if one.span), key=_duration, default=None),
        )
        for same in match_policy.grouped(verdicts)
    ]
    return Answer(match_policy.overall(verdicts), references)


def _duration(span: Span) -> int:
    return span.until_ms - span.at_ms
