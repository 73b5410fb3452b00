"""A platform asks whether signals match. A match is itself a sighting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hashing.signals import ContentSignals
from service.domain import policy
from service.domain.actor import Actor
from service.domain.alignment import Span
from service.domain.case import EntryStatus, HoldReason
from service.domain.errors import TooLarge
from service.domain.policy import Found, Hit
from service.domain.sighting import Sighting, Source, Verdict
from service.store import banks, cases, sightings
from service.store.changes import Space
from service.store.database import Tx
from service.workflows import asked, nearby
from service.workflows.asked import Question
from service.workflows.context import Context, Today
from service.workflows.nearby import Near


@dataclass(frozen=True, slots=True)
class MatchReference:
    """How a platform may speak of an entry, how sure the match is, and where in a video it is."""

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
    """Return one answer an item, in order, after keeping the sightings that they are.

    Raises TooLarge when the items have more values than one request may ask.
    """
    if asked.size(items) > policy.MOST_VALUES:
        raise TooLarge(
            f"A request asks for at most {policy.MOST_VALUES:,} values of pdq and phash, views and "
            "orientations counted. Send fewer items at a time."
        )
    questions = asked.questions_of(items)
    near = nearby.search(context, questions)
    with context.database.read() as tx:
        found = _found(tx, items, questions, near)
    if wider := _wider(questions, near, found):
        more = nearby.search(context, wider)
        near = nearby.joined([near, more._replace(question=more.question + len(questions))])
        questions += wider
        with context.database.read() as tx:
            found = _found(tx, items, questions, near)
    if not any(found):
        return [Answer(Verdict.NONE, []) for _ in items]
    with context.database.write() as tx:
        found = _active(tx, found)
        for one in {(one.entry_id, one.verdict) for of_item in found for one in of_item}:
            _keep(context, tx, actor, Found(*one), now)
    context.replica.catch_up()
    return [_answer(context, actor, of_item) for of_item in found]


def _wider(
    questions: Sequence[Question], near: Near, found: Sequence[list[Found]]
) -> list[Question]:
    """The videos that nothing matches yet, to be asked more widely."""
    of_frames = near.of(near.frame != asked.NONE)
    return [
        asked.widened(question, set(of_frames.frame[of_frames.question == at].tolist()))
        for at, question in enumerate(questions)
        if question.content.frames and policy.best(found[at]) is not Verdict.MATCH
    ]


def _found(
    tx: Tx, items: Sequence[ContentSignals], questions: Sequence[Question], near: Near
) -> list[list[Found]]:
    """The entries each item matches or is near, of those that are active in this transaction."""
    hits = nearby.hits_of(tx, questions, near)
    for item, hit in _identical(tx, items):
        hits.setdefault(item, []).append(hit)
    of_videos = {hit.entry_id for found in hits.values() for hit in found if hit.asked}
    films = banks.films(tx, Space.BANK, of_videos)
    found: list[list[Found]] = [[] for _ in items]
    for at, of_question in hits.items():
        question = questions[at]
        found[question.item] += policy.judge(of_question, asked=question.film, stored=films)
    return [policy.ranked(of_item) for of_item in found]


def _active(tx: Tx, found: list[list[Found]]) -> list[list[Found]]:
    """What is left in this transaction: an entry may have been withdrawn or held meanwhile."""
    known = cases.entries_by_id(tx, {one.entry_id for of_item in found for one in of_item})
    active = {entry.id for entry in known.values() if entry.status is EntryStatus.ACTIVE}
    return [[one for one in of_item if one.entry_id in active] for of_item in found]


def _identical(tx: Tx, items: Sequence[ContentSignals]) -> list[tuple[int, Hit]]:
    askers = defaultdict(list)
    for at, item in enumerate(items):
        for signal in item.signals:
            if not signal.type.perceptual:
                askers[signal].append(at)
    return [
        (at, Hit(place.holder_id, place.type, 0))
        for signal, place in banks.identical(tx, Space.BANK, askers)
        for at in askers[signal]
    ]


def _keep(context: Context, tx: Tx, actor: Actor, one: Found, now: Today) -> None:
    """Keep the sighting; hold an entry that now matches beyond all likelihood."""
    reference = context.seals.reference(actor.id, one.entry_id)
    sightings.record(
        tx, Sighting(one.entry_id, actor.id, now, Source.LOOKUP, one.verdict, reference)
    )
    entry = cases.entries_by_id(tx, [one.entry_id])[one.entry_id]
    today = sightings.matches_on(tx, one.entry_id, now)
    said = sightings.feedback_on(tx, one.entry_id)
    most = context.settings.matches_per_day
    if policy.may_hold(entry) and policy.too_many_matches(today, said, most=most):
        cases.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.MANY_MATCHES)


def _answer(context: Context, actor: Actor, found: list[Found]) -> Answer:
    references = [
        MatchReference(context.seals.reference(actor.id, one.entry_id), one.verdict, one.span)
        for one in found
    ]
    return Answer(policy.best(found), references)
