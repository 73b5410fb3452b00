from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from service.domain.actor import Actor
from service.domain.case import EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Feedback, Verdict
from service.store import entries, feedback
from service.workflows import respond, review
from service.workflows.respond import Response

if TYPE_CHECKING:
    from tests.server.conftest import World

NO = Feedback.NOT_BLOCKED


def say(world: World, actor: Actor, reference: str, value: Feedback = NO) -> None:
    respond.respond(world.context, actor, [Response(reference, value)], world.day)


def test_two_platforms_that_do_not_block_dispute_an_entry(world: World) -> None:
    picture, one, other = world.picture(), world.actor("One"), world.actor("Other")
    owner = world.open(picture)
    ours, theirs = world.reference(one, picture), world.reference(other, picture)
    for _ in range(3):
        say(world, one, ours)
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    say(world, other, theirs)
    assert world.statuses(owner) == [EntryStatus.QUARANTINED]
    assert world.ask(one, picture) == [Verdict.NONE]
    (held,) = review.held(world.context)
    assert (held.reason, held.feedback) == (HoldReason.DISPUTED, [NO, NO])


def test_a_word_taken_back_disputes_nothing(world: World) -> None:
    picture, one, other = world.picture(), world.actor("One"), world.actor("Other")
    owner = world.open(picture)
    ours, theirs = world.reference(one, picture), world.reference(other, picture)
    say(world, one, ours)
    say(world, one, ours, Feedback.BLOCKED)
    say(world, other, theirs)
    assert world.statuses(owner) == [EntryStatus.ACTIVE]


def test_what_a_person_has_released_is_not_disputed_again(world: World) -> None:
    picture, one, other = world.picture(), world.actor("One"), world.actor("Other")
    owner = world.open(picture)
    references = {actor: world.reference(actor, picture) for actor in (one, other)}
    for actor, reference in references.items():
        say(world, actor, reference)
    review.release(world.context, world.entry_id(owner))
    for actor, reference in references.items():
        say(world, actor, reference)
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    assert world.ask(one, picture) == [Verdict.MATCH]


def test_a_reference_given_to_another_is_not_found_and_nothing_is_kept(world: World) -> None:
    picture, one, other = world.picture(), world.actor("One"), world.actor("Other")
    owner = world.open(picture)
    ours, theirs = world.reference(one, picture), world.reference(other, picture)
    with pytest.raises(NotFound) as of_another:
        respond.respond(world.context, one, [Response(ours, NO), Response(theirs, NO)], world.day)
    with pytest.raises(NotFound) as of_nobody:
        say(world, one, "a" * 24)
    assert str(of_another.value) == str(of_nobody.value)
    with world.context.database.read() as tx:
        assert feedback.on_entry(tx, world.entry_id(owner)) == []


def test_feedback_on_a_withdrawn_entry_changes_nothing(world: World) -> None:
    picture, one, other = world.picture(), world.actor("One"), world.actor("Other")
    owner = world.open(picture)
    references = {actor: world.reference(actor, picture) for actor in (one, other)}
    with world.context.database.write_changes() as tx:
        entries.erase(tx, entries.of_case(tx, owner.case_id)[0])
    for actor, reference in references.items():
        say(world, actor, reference)
    assert world.statuses(owner) == [EntryStatus.WITHDRAWN]


@pytest.mark.stores("postgresql")
def test_two_disputes_at_the_same_moment_are_two(world: World) -> None:
    for _ in range(5):
        picture = world.picture()
        owner = world.open(picture)
        platforms = [world.actor("One"), world.actor("Other")]
        said = [
            Response(world.reference(each, picture), Feedback.NOT_BLOCKED) for each in platforms
        ]
        with ThreadPoolExecutor(2) as pool:
            list(
                pool.map(
                    lambda pair: respond.respond(world.context, pair[0], [pair[1]], world.day),
                    zip(platforms, said, strict=True),
                )
            )
        assert world.statuses(owner) == [EntryStatus.QUARANTINED]


def test_of_several_words_on_one_reference_the_last_counts(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    reference = world.reference(platform, picture)
    words = [Response(reference, Feedback.NOT_BLOCKED), Response(reference, Feedback.BLOCKED)]
    respond.respond(world.context, platform, words, world.day)
    with world.context.database.read() as tx:
        assert feedback.on_entry(tx, world.entry_id(owner)) == [Feedback.BLOCKED]
