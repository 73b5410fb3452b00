from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from service.domain.case import EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Verdict
from service.workflows import exclude, review, withdraw
from service.workflows.context import Context
from service.workflows.exclude import Removed

if TYPE_CHECKING:
    from tests.server.conftest import World

ACTIVE, QUARANTINED = EntryStatus.ACTIVE, EntryStatus.QUARANTINED


def test_perceptual_signals_are_excluded_once(world: World) -> None:
    picture = world.picture(world.pdq(), world.phash(), world.md5())
    video = world.video([world.value(), picture.signals[0].value], world.sha256())
    assert exclude.exclude(world.context, [picture, video], world.day) == 3
    assert exclude.exclude(world.context, [video], world.day) == 0


@pytest.mark.parametrize(("bits", "status"), [(31, QUARANTINED), (32, ACTIVE)])
@pytest.mark.parametrize("kind", ["pdq", "phash"])
def test_a_new_entry_near_the_exclude_bank_is_held(
    world: World, bits: int, status: EntryStatus, kind: str
) -> None:
    make = world.pdq if kind == "pdq" else world.phash
    value = world.value()
    exclude.exclude(world.context, [world.picture(make(value))], world.day)
    world.context.replica.catch_up()
    near = make(world.near(value, bits))
    owner = world.open(world.picture(near))
    world.work()
    assert world.statuses(owner) == [status]


@pytest.mark.parametrize("first", ["exclusion", "entry"])
@pytest.mark.parametrize(("others", "status"), [(2, QUARANTINED), (3, ACTIVE)])
def test_a_video_of_excluded_frames_is_held_and_of_another_they_are_left_out(
    world: World, first: str, others: int, status: EntryStatus
) -> None:
    """Whoever spreads a video puts a well-known picture into it; no other copy is to be had."""
    cards, platform = [world.value() for _ in range(3)], world.actor()
    frames = [world.value() for _ in range(others)]
    content = world.video([*cards[:1], *frames, *cards[1:]])
    if first == "entry":
        owner = world.open(content)
        world.work()
    exclude.exclude(world.context, [world.video(cards)], world.day)
    world.work()
    if first == "exclusion":
        owner = world.open(content)
        world.work()
    assert world.statuses(owner) == [status]
    found = Verdict.MATCH if status is ACTIVE else Verdict.NONE
    assert world.ask(platform, world.video(frames), world.video(cards)) == [found, Verdict.NONE]
    exclude.remove(world.context, exclude.listed(world.context)[0].id, world.day)
    assert world.statuses(owner) == [ACTIVE]


def test_what_a_person_released_matches_although_it_is_near_the_exclude_bank(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    exclude.exclude(world.context, [picture], world.day)
    world.context.replica.catch_up()
    owner, other = world.open(picture), world.open(picture)
    review.release(world.context, world.entry_id(owner), world.day)
    world.work()
    assert (world.statuses(owner), world.statuses(other)) == ([ACTIVE], [QUARANTINED])
    assert world.ask(platform, picture) == [Verdict.MATCH]
    review.release(world.context, world.entry_id(other), world.day)
    assert world.ask(platform, picture) == [Verdict.MATCH]


def test_an_entry_that_is_active_already_is_held_by_the_worker(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    owner, other = world.open(picture), world.open()
    world.work()
    exclude.exclude(world.context, [world.near_picture(picture, 31)], world.day)
    assert world.context.work_waits.is_set()
    world.work()
    assert world.statuses(owner) == [QUARANTINED]
    assert world.statuses(other) == [ACTIVE]
    assert [one.entry.hold for one in world.waiting()] == [HoldReason.EXCLUDED]
    assert world.ask(platform, picture) == [Verdict.NONE]


def test_an_entry_taken_where_the_exclusion_is_not_known_yet_is_held_by_the_worker(
    world: World, open_context: Callable[[], Context]
) -> None:
    """`python -m service exclude` is always another process than the one that takes entries."""
    picture, here, there = world.picture(), world.context, open_context()
    exclude.exclude(there, [picture], world.day)
    world.context = there
    world.work()
    world.context = here
    owner = world.open(picture)
    assert world.statuses(owner) == [ACTIVE]
    world.work()
    assert world.statuses(owner) == [QUARANTINED]


def the_only(world: World) -> int:
    (exclusion,) = exclude.listed(world.context)
    return exclusion.id


@pytest.mark.stores("sqlite", "postgresql")
def test_an_exclusion_that_is_undone_holds_nothing_any_more(world: World) -> None:
    picture, platform = world.picture(world.pdq(), world.phash()), world.actor()
    before = world.open(picture)
    exclude.exclude(world.context, [world.near_picture(picture, 20)], world.day)
    world.work()
    after, kept = world.open(picture), world.open(picture)
    review.keep(world.context, world.entry_id(kept), world.day)
    assert [world.statuses(one) for one in (before, after)] == [[QUARANTINED]] * 2
    assert exclude.remove(world.context, the_only(world), world.day) == Removed(1, 2)
    assert [world.statuses(one) for one in (before, after)] == [[ACTIVE]] * 2
    assert world.statuses(kept) == [QUARANTINED]  # that is a person's decision
    assert world.ask(platform, picture) == [Verdict.MATCH]
    world.work()
    assert world.ask(platform, picture) == [Verdict.MATCH]
    assert world.statuses(world.open(picture)) == [ACTIVE]
    assert exclude.listed(world.context) == []


def test_what_another_exclusion_holds_stays_held(world: World) -> None:
    value, platform = world.value(), world.actor()
    video = world.video([value])
    for bits in (5, 10):
        near = world.picture(world.pdq(world.near(value, bits)))
        exclude.exclude(world.context, [near], world.day)
    world.context.replica.catch_up()
    owner = world.open(video)
    first, second = exclude.listed(world.context)
    assert exclude.remove(world.context, first.id, world.day) == Removed(1, 0)
    assert world.statuses(owner) == [QUARANTINED]
    assert exclude.remove(world.context, second.id, world.day) == Removed(1, 1)
    assert world.ask(platform, video) == [Verdict.MATCH]
    with pytest.raises(NotFound, match="exclusions list"):
        exclude.remove(world.context, second.id, world.day)


def test_what_is_withdrawing_meanwhile_comes_back_matched(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    exclude.exclude(world.context, [picture], world.day)
    world.context.replica.catch_up()
    owner = world.open(picture)
    withdraw.withdraw_case(world.context, owner, world.day)
    assert exclude.remove(world.context, the_only(world), world.day) == Removed(1, 1)
    assert world.ask(platform, picture) == [Verdict.NONE]
    withdraw.undo_case(world.context, owner, world.day)
    assert world.statuses(owner) == [ACTIVE]
    assert world.ask(platform, picture) == [Verdict.MATCH]
    exclude.exclude(world.context, [picture], world.day)
    world.work()
    assert world.statuses(owner) == [QUARANTINED]
