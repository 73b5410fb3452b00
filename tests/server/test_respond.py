from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from service.domain.actor import Actor
from service.domain.case import Concern, EntryStatus
from service.domain.errors import NotFound
from service.domain.sighting import Feedback, Verdict
from service.store import entries, feedback
from service.store.feedback import Opinion
from service.workflows import respond, review, withdraw
from service.workflows.respond import Response

if TYPE_CHECKING:
    from tests.server.conftest import World

NO = Feedback.NOT_BLOCKED


def say(world: World, actor: Actor, reference: str, value: Feedback = NO) -> None:
    respond.respond(world.context, actor, [Response(reference, value)], world.day)


def test_a_platform_that_does_not_block_is_answered_near_and_nobody_else_is(world: World) -> None:
    picture, one, other = world.picture(), world.actor("One"), world.actor("Other")
    owner = world.open(picture)
    say(world, one, world.reference(one, picture))
    assert world.ask(one, picture) == [Verdict.NEAR]
    assert world.ask(other, picture) == [Verdict.MATCH]
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    (waiting,) = world.waiting()
    assert waiting.concerns == {Concern.DISPUTED: world.day}
    assert waiting.opinions == [Opinion("One", NO, world.day)]


def test_what_most_platforms_dispute_is_read_first(world: World) -> None:
    pictures = [world.picture() for _ in range(3)]
    owner = world.open(*pictures)
    for number, picture in enumerate(pictures):
        for platform in range(number + 1):
            actor = world.actor(f"Platform {platform}")
            say(world, actor, world.reference(actor, picture))
    first = world.entry_id(owner)
    assert [one.entry.id for one in world.waiting()] == [first + 2, first + 1, first]


def test_a_word_taken_back_disputes_nothing(world: World) -> None:
    picture, one = world.picture(), world.actor("One")
    world.open(picture)
    ours = world.reference(one, picture)
    say(world, one, ours)
    say(world, one, ours, Feedback.BLOCKED)
    assert world.ask(one, picture) == [Verdict.MATCH]
    assert world.waiting() == []


def test_what_a_person_has_released_waits_again_for_later_disputes_alone(world: World) -> None:
    picture, one, other = world.picture(), world.actor("One"), world.actor("Other")
    owner = world.open(picture)
    say(world, one, world.reference(one, picture))
    review.release(world.context, world.entry_id(owner), world.day)
    assert world.waiting() == []
    with pytest.raises(NotFound):
        review.release(world.context, world.entry_id(owner), world.day)
    assert world.ask(one, picture) == [Verdict.NEAR]  # it has not changed its mind
    world.day += timedelta(days=1)
    say(world, other, world.reference(other, picture))
    (waiting,) = world.waiting()
    assert waiting.concerns == {Concern.DISPUTED: world.day}
    assert [opinion.platform for opinion in waiting.opinions] == ["One", "Other"]
    assert world.statuses(owner) == [EntryStatus.ACTIVE]


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
        assert feedback.on_entries(tx, [world.entry_id(owner)]) == {}


def test_feedback_on_a_withdrawn_entry_changes_nothing(world: World) -> None:
    picture, one, other = world.picture(), world.actor("One"), world.actor("Other")
    owner = world.open(picture)
    references = {actor: world.reference(actor, picture) for actor in (one, other)}
    with world.context.database.write_changes() as tx:
        entries.erase(tx, entries.of_case(tx, owner.case_id)[0])
    for actor, reference in references.items():
        say(world, actor, reference)
    assert world.statuses(owner) == [EntryStatus.WITHDRAWN]
    assert world.waiting() == []


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
        with world.context.database.read() as tx:
            opinions = feedback.on_entries(tx, [world.entry_id(owner)])[world.entry_id(owner)]
        assert [one.value for one in opinions] == [NO, NO]


def test_of_several_words_on_one_reference_the_last_counts(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    reference = world.reference(platform, picture)
    words = [Response(reference, Feedback.NOT_BLOCKED), Response(reference, Feedback.BLOCKED)]
    respond.respond(world.context, platform, words, world.day)
    with world.context.database.read() as tx:
        said = feedback.of_platform(tx, platform.id, [world.entry_id(owner)])
        assert list(said.values()) == [Feedback.BLOCKED]


def test_a_reference_counts_after_the_entry_that_gave_it_is_withdrawn(world: World) -> None:
    """The same content shares a reference, which changes then; that of an earlier day counts."""
    picture, platform = world.picture(), world.actor()
    first, _second = world.open(picture), world.open(picture)
    earlier = world.reference(platform, picture)
    withdraw.withdraw_case(world.context, first, world.day)
    world.day += timedelta(days=1)
    assert world.reference(platform, picture) != earlier
    say(world, platform, earlier)
    assert world.ask(platform, picture) == [Verdict.NEAR]
