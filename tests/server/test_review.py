from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.domain.case import EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Verdict
from service.store import entries
from service.workflows import exclude, review

if TYPE_CHECKING:
    from tests.server.conftest import World


def test_a_released_entry_matches_and_is_not_held_again(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    exclude.exclude(world.context, [world.near_picture(picture, 20)], world.day)
    world.context.replica.catch_up()
    owner = world.open(picture)
    (held,) = review.held(world.context)
    assert (held.reason, held.feedback) == (HoldReason.EXCLUDED, [])
    review.release(world.context, held.entry.id)
    assert review.held(world.context) == []
    world.work()
    exclude.exclude(world.context, [world.near_picture(picture, 19)], world.day)
    world.work()
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    for _ in range(9):
        world.ask(platform, world.near_picture(picture, 1))
    assert world.statuses(owner) == [EntryStatus.ACTIVE]


def test_a_kept_entry_waits_no_more_and_never_matches(world: World) -> None:
    picture = world.picture()
    exclude.exclude(world.context, [picture], world.day)
    world.context.replica.catch_up()
    owner = world.open(picture)
    review.keep(world.context, world.entry_id(owner))
    assert review.held(world.context) == []
    assert world.statuses(owner) == [EntryStatus.QUARANTINED]
    assert world.ask(world.actor(), picture) == [Verdict.NONE]
    review.release(world.context, world.entry_id(owner))
    assert world.statuses(owner) == [EntryStatus.ACTIVE]


def test_what_does_not_wait_is_not_found(world: World) -> None:
    active, withdrawn = world.open(), world.open()
    with world.context.database.write_changes() as tx:
        entries.erase(tx, entries.of_case(tx, withdrawn.case_id)[0])
    for entry_id in (world.entry_id(active), world.entry_id(withdrawn), 999, 2**63 - 1, -1):
        with pytest.raises(NotFound):
            review.release(world.context, entry_id)
        with pytest.raises(NotFound):
            review.keep(world.context, entry_id)
