from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pytest

from service.domain.case import Concern, EntryStatus, Hold, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Feedback, Verdict
from service.search.surroundings import NearestExclusion
from service.store import entries
from service.store.feedback import Opinion
from service.workflows import exclude, respond, review, status
from service.workflows.context import Context
from service.workflows.respond import Response

if TYPE_CHECKING:
    from tests.server.conftest import World


def test_a_released_entry_matches_and_is_not_held_again(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    exclude.exclude(world.context, [world.near_picture(picture, 20)], world.day)
    world.context.replica.catch_up()
    owner = world.open(picture)
    (held,) = world.waiting()
    assert (held.entry.hold, held.concerns, held.opinions) == (HoldReason.EXCLUDED, {}, [])
    assert held.exclusion == NearestExclusion(1, 20)
    review.release(world.context, held.entry.id, world.day)
    assert world.waiting() == []
    world.work()
    exclude.exclude(world.context, [world.near_picture(picture, 19)], world.day)
    world.work()
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    for _ in range(9):
        world.ask(platform, world.near_picture(picture, 1))
    assert world.statuses(owner) == [EntryStatus.ACTIVE]


@pytest.mark.parametrize("keep", [review.keep, review.hold])
def test_a_kept_entry_waits_no_more_and_never_matches(
    world: World, keep: Callable[[Context, int, date], None]
) -> None:
    picture = world.picture()
    exclude.exclude(world.context, [picture], world.day)
    world.context.replica.catch_up()
    owner = world.open(picture)
    keep(world.context, world.entry_id(owner), world.day)
    assert world.waiting() == []
    assert world.statuses(owner) == [EntryStatus.QUARANTINED]
    assert world.ask(world.actor(), picture) == [Verdict.NONE]
    review.release(world.context, world.entry_id(owner), world.day)
    assert world.statuses(owner) == [EntryStatus.ACTIVE]


def test_what_does_not_wait_is_not_found(world: World) -> None:
    active, withdrawn = world.open(), world.open()
    with world.context.database.write_changes() as tx:
        entries.erase(tx, entries.of_case(tx, withdrawn.case_id)[0])
    for act in (review.keep, review.release):
        with pytest.raises(NotFound):
            act(world.context, world.entry_id(active), world.day)
    for entry_id in (world.entry_id(withdrawn), 999, 2**63 - 1, -1):
        for act in (review.release, review.keep, review.hold):
            with pytest.raises(NotFound):
                act(world.context, entry_id, world.day)


def test_a_reviewer_reads_all_that_is_known_of_an_entry(world: World) -> None:
    """Settings of these tests: three other cases are many, and more than five matches a day."""
    picture, platform = world.picture(world.pdq(), world.phash()), world.actor("One")
    exclude.exclude(world.context, [world.near_picture(picture, 45)], world.day)
    world.context.replica.catch_up()
    for _ in range(3):
        world.open(picture)
    owner = world.open(picture)
    world.work()
    for _ in range(5):
        world.ask(platform, picture)
    said = [Response(world.reference(platform, picture), Feedback.NOT_BLOCKED)]
    respond.respond(world.context, platform, said, world.day)
    waiting = {one.entry.id: one for one in world.waiting()}[world.entry_id(owner)]
    assert waiting.entry.status is EntryStatus.ACTIVE
    expected = [one for one in Concern if one is not Concern.PROBED]  # tests/attacks
    assert waiting.concerns == dict.fromkeys(expected, world.day)
    assert waiting.other_cases == 3
    assert waiting.opinions == [Opinion("One", Feedback.NOT_BLOCKED, world.day)]
    assert waiting.matches == {world.day: 6}
    assert waiting.exclusion == NearestExclusion(1, 45)
    counted = review.waiting_by_reason(world.context)
    assert counted == {
        Concern.MANY_CASES: 1,
        Concern.MANY_MATCHES: 4,
        Concern.DISPUTED: 4,
        Concern.PROBED: 0,
        HoldReason.EXCLUDED: 0,
    }


def test_what_a_person_has_reviewed_waits_no_more_however_often_it_matches(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    for _ in range(9):
        world.ask(platform, picture)
    assert len(world.waiting()) == 1
    review.release(world.context, world.entry_id(owner), world.day)
    for _ in range(9):
        world.ask(platform, picture)
    assert world.waiting() == []
    assert world.ask(platform, picture) == [Verdict.MATCH]


def test_only_a_person_stops_an_entry_and_the_owner_reads_so(world: World) -> None:
    def read() -> tuple[EntryStatus, Hold | None]:
        (entry,) = status.of_case(world.context, owner).entries
        return entry.status, entry.held

    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    assert read() == (EntryStatus.ACTIVE, None)
    review.hold(world.context, world.entry_id(owner), world.day)
    assert world.ask(platform, picture) == [Verdict.NONE]
    assert read() == (EntryStatus.QUARANTINED, Hold.KEPT)
    assert world.waiting() == []
    review.release(world.context, world.entry_id(owner), world.day)
    assert world.ask(platform, picture) == [Verdict.MATCH]
    assert read() == (EntryStatus.ACTIVE, None)


def test_what_waits_for_review_is_told_to_its_owner(world: World) -> None:
    picture = world.picture()
    exclude.exclude(world.context, [picture], world.day)
    world.context.replica.catch_up()
    owner = world.open(picture)
    assert status.of_case(world.context, owner).entries[0].held is Hold.WAITING
    review.keep(world.context, world.entry_id(owner), world.day)
    assert status.of_case(world.context, owner).entries[0].held is Hold.KEPT
