"""A platform asks whether contents match. A match is itself a sighting."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hashing.signals import ContentSignals
from service.domain import admission, match_policy
from service.domain.actor import Actor
from service.domain.alignment import Span
from service.domain.case import Concern, EntryStatus
from service.domain.errors import TooLarge
from service.domain.match_policy import EntryVerdict
from service.domain.sighting import Feedback, Sighting, Source, Verdict
from service.search import matcher, queries
from service.store import concerns, entries, feedback, sightings
from service.store.database import Tx
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
    verdicts = matcher.match(context.replica, items)
    own: Mapping[int, Feedback] = {}
    if any(verdicts):
        with context.database.write() as tx:
            verdicts = _still_active(tx, verdicts)
            _record(context, tx, actor, verdicts, now)
            own = feedback.of_platform(tx, actor.id, _entry_ids(verdicts))
    return [_answer(context, actor, match_policy.answered(each, own)) for each in verdicts]


def _entry_ids(verdicts: list[list[EntryVerdict]]) -> set[int]:
    return {one.entry_id for of_item in verdicts for one in of_item}


def _still_active(tx: Tx, verdicts: list[list[EntryVerdict]]) -> list[list[EntryVerdict]]:
    """Leave out what was withdrawn or held since the search."""
    known = entries.by_id(tx, _entry_ids(verdicts))
    active = {entry.id for entry in known.values() if entry.status is EntryStatus.ACTIVE}
    return [[one for one in of_item if one.entry_id in active] for of_item in verdicts]


def _record(
    context: Context, tx: Tx, actor: Actor, verdicts: list[list[EntryVerdict]], now: Today
) -> None:
    """Record the sightings, as they are, whatever this platform is answered."""
    seen = {(one.entry_id, one.verdict) for of_item in verdicts for one in of_item}
    sightings.record(
        tx,
        [
            Sighting(
                entry_id,
                actor.id,
                now,
                Source.LOOKUP,
                verdict,
                context.seals.reference(actor.id, entry_id),
            )
            for entry_id, verdict in seen
        ],
    )
    matched = {entry_id for entry_id, verdict in seen if verdict is Verdict.MATCH}
    _concern_about_many(tx, matched, now, most=context.settings.matches_per_day)


def _concern_about_many(tx: Tx, matched: Iterable[int], now: Today, *, most: int) -> None:
    """Alert a person to entries that match more often than is plausible. They match all the same.

    A viral upload is looked up so often by itself, and whoever has a key can do it on purpose.
    """
    often = {
        entry_id: number
        for entry_id, number in sightings.matches_on(tx, matched, now).items()
        if number > most
    }
    opinions = feedback.on_entries(tx, often)
    words = {entry_id: {one.value for one in opinions.get(entry_id, ())} for entry_id in often}
    many = [
        entry_id
        for entry_id, number in often.items()
        if admission.too_many_matches(number, words[entry_id], most=most)
    ]
    if concerns.record(tx, many, Concern.MANY_MATCHES, now):
        log.warning("an entry matches more often than is plausible: python -m service review list")


def _answer(context: Context, actor: Actor, verdicts: list[EntryVerdict]) -> Answer:
    references = [
        MatchReference(context.seals.reference(actor.id, one.entry_id), one.verdict, one.span)
        for one in verdicts
    ]
    return Answer(match_policy.overall(verdicts), references)
