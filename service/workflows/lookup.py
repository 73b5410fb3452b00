"""A platform asks whether contents match. A match is itself a sighting."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hashing.signals import ContentSignals
from service.domain import match_policy
from service.domain.actor import Actor
from service.domain.alignment import Span
from service.domain.case import EntryStatus
from service.domain.errors import NotReady, StoreFull, TooLarge
from service.domain.match_policy import EntryVerdict
from service.domain.sighting import Feedback, Sighting, Source, Verdict
from service.search import matcher, queries
from service.search.asker import Asker
from service.store import alerts, concerns, entries, feedback, sightings
from service.workflows.context import Context, Today

log = logging.getLogger(__name__)


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
    asker = Asker(actor.id, context.veiled, context.seals, now)
    verdicts = matcher.match(context.replica, [items[index] for index in different], asker)
    if asker.is_noticed:
        log.warning(concerns.PROBING)
    own: Mapping[int, Feedback] = {}
    if any(verdicts):
        verdicts, own, listening = _still_active(context, actor, verdicts)
        _keep(context, actor, verdicts, now, listening)
    answers = {
        index: _answer(context, actor, of_item, own)
        for index, of_item in zip(different, verdicts, strict=True)
    }
    return [answers[once[item]] for item in items]


def _still_active(
    context: Context, actor: Actor, verdicts: list[list[EntryVerdict]]
) -> tuple[list[list[EntryVerdict]], Mapping[int, Feedback], set[int]]:
    """Leave out what was withdrawn or held since the search.

    Also say what this actor thinks, and whose owners are to be told of sightings.
    """
    found = {one.entry_id for of_item in verdicts for one in of_item}
    with context.database.read() as tx:
        known = entries.by_id(tx, found)
        own = feedback.of_platform(tx, actor.id, found)
    active = {entry.id for entry in known.values() if entry.status is EntryStatus.ACTIVE}
    listening = {entry.id for entry in known.values() if entry.listens}
    left = [[one for one in of_item if one.entry_id in active] for of_item in verdicts]
    return left, own, listening


def _keep(
    context: Context,
    actor: Actor,
    verdicts: list[list[EntryVerdict]],
    now: Today,
    listening: set[int],
) -> None:
    """Record the sightings, in the store if it takes them at once, else in the journal.

    They are recorded as they are, whatever this platform is answered. Whoever holds the store's
    lock must not be able to keep uploads from being recognised.
    """
    seen = _sightings(context, actor, verdicts, now)
    most = context.settings.matches_per_day
    try:
        with context.database.write(patient=False) as tx:
            if listening:  # most owners have no channel: then not even this is asked
                alerts.record_new(tx, [one for one in seen if one.entry_id in listening])
            sightings.record(tx, seen)
            many = concerns.record_many_matches(tx, seen, now, most=most)
    except (NotReady, StoreFull):
        context.journal.append(seen)
        return
    if many:
        log.warning(concerns.MANY_MATCHES)


def _sightings(
    context: Context, actor: Actor, verdicts: list[list[EntryVerdict]], now: Today
) -> list[Sighting]:
    """One sighting of each entry, verdict and reference, whatever number of items it was in."""
    seen = {
        Sighting(one.entry_id, actor.id, now, Source.LOOKUP, one.verdict, reference)
        for of_item in verdicts
        for same in match_policy.grouped(of_item)
        for reference in [_reference(context, actor, same)]
        for one in same
    }
    return list(seen)


def _reference(context: Context, actor: Actor, same: Sequence[EntryVerdict]) -> str:
    near = match_policy.overall(same) is not Verdict.MATCH
    return context.seals.reference(actor.id, match_policy.basis(same).signal_id, near=near)


def _answer(
    context: Context,
    actor: Actor,
    verdicts: list[EntryVerdict],
    own: Mapping[int, Feedback],
) -> Answer:
    if not verdicts:
        return Answer(Verdict.NONE, [])
    matches = [
        MatchReference(
            _reference(context, actor, same),
            match_policy.answered(same, own),
            max((one.span for one in same if one.span), key=_duration, default=None),
        )
        for same in match_policy.grouped(verdicts)
    ]
    matches.sort(key=lambda one: one.verdict is not Verdict.MATCH)
    return Answer(match_policy.best(one.verdict for one in matches), matches)


def _duration(span: Span) -> int:
    return span.until_ms - span.at_ms
