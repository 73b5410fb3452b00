"""Whoever has a copy opens cases with it before the owner does, so that hers would be held.

Settings of these tests: three other cases are many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.domain.actor import Owner
from service.domain.case import EntryStatus
from service.domain.sighting import Verdict
from service.workflows import exclude, intake, lookup, status, withdraw

if TYPE_CHECKING:
    from hashing.signals import ContentSignals
    from tests.server.conftest import World

MATCH, NONE = Verdict.MATCH, Verdict.NONE
ACTIVE, QUARANTINED = EntryStatus.ACTIVE, EntryStatus.QUARANTINED


def anonymous_cases(world: World, picture: ContentSignals, number: int) -> list[Owner]:
    return [world.open(world.near_picture(picture, 4)) for _ in range(number)]


def read_by(world: World, owner: Owner) -> list[EntryStatus]:
    return [entry.status for entry in status.of_case(world.context, owner).entries]


@pytest.mark.parametrize("way", ["stay", "withdraw", "erase"])
def test_others_cases_take_no_protection_whether_they_stay_or_go(world: World, way: str) -> None:
    picture, platform = world.picture(world.pdq(), world.phash(), world.sha256()), world.actor()
    others = anonymous_cases(world, picture, 8)
    owner = world.open(picture)
    for other in others:
        if way == "withdraw":
            withdraw.withdraw_case(world.context, other, world.day)
        elif way == "erase":
            withdraw.erase_case(world.context, other, world.day)
    world.work()
    assert world.ask(platform, picture, world.near_picture(picture, 20)) == [MATCH, MATCH]
    assert read_by(world, owner) == [ACTIVE] == world.statuses(owner)
    (answer,) = lookup.lookup(world.context, platform, [picture], world.day)
    assert [one.verdict for one in answer.matches] == [MATCH]
    assert [event.n for event in status.of_case(world.context, owner).events] == [1]


@pytest.mark.parametrize("way", ["withdraw", "erase"])
def test_an_owner_who_adds_the_picture_again_is_protected_again(world: World, way: str) -> None:
    """Whoever has her words, or she herself, withdrew it while others had it too."""
    picture, platform = world.picture(), world.actor()
    others = anonymous_cases(world, picture, 8)
    owner = world.open(picture)
    if way == "withdraw":
        withdraw.withdraw_entry(world.context, owner, 1, world.day)
    else:
        withdraw.erase_entry(world.context, owner, 1)
    added = intake.add_entries(world.context, owner, [picture], world.day)
    assert getattr(added, "new", added) == 1
    for other in others:
        withdraw.erase_case(world.context, other, world.day)
    assert world.ask(platform, picture) == [MATCH]


def test_a_public_picture_in_many_cases_is_stopped_by_its_exclusion(world: World) -> None:
    """The vandal's side of it: cases never were what stopped a famous photograph."""
    picture, platform = world.picture(), world.actor()
    vandals = anonymous_cases(world, picture, 9)
    assert world.ask(platform, picture) == [MATCH]
    exclude.exclude(world.context, [picture], world.day)
    world.work()
    assert [world.statuses(one) for one in vandals] == [[QUARANTINED]] * 9
    assert world.ask(platform, picture) == [NONE]


def test_an_operator_reads_whose_protection_an_exclusion_takes(world: World) -> None:
    """A public video that shows her picture for a moment: each frame of it is excluded."""
    picture, other = world.picture(), world.picture()
    world.open(picture)
    world.open(world.windowed(world.value(), other.signals[0].value))  # that loses a window alone
    frames = [world.value(), picture.signals[0].value, world.value(), other.signals[0].value]
    public = [world.video(frames)]
    assert exclude.would_hold(world.context, public) == 1
    exclude.exclude(world.context, public, world.day)
    world.work()
    assert len(world.waiting()) == 1
    assert exclude.would_hold(world.context, public) == 0
