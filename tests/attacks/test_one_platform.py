"""One platform, or two that agree, tries to take protection from an entry for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.domain.actor import Actor
from service.domain.case import EntryStatus
from service.domain.sighting import Feedback, Verdict
from service.workflows import keyring, respond, status
from service.workflows.respond import Response

if TYPE_CHECKING:
    from hashing.signals import ContentSignals
    from tests.server.conftest import World

MATCH, NEAR = Verdict.MATCH, Verdict.NEAR


def dispute(world: World, platform: Actor, picture: ContentSignals) -> str:
    reference = world.reference(platform, picture)
    said = Response(reference, Feedback.NOT_BLOCKED)
    respond.respond(world.context, platform, [said], world.day)
    return reference


def test_two_keys_of_one_name_are_one_platform(world: World) -> None:
    """Two keys disputed as two platforms did, and the entry was held for everybody."""
    picture, elsewhere = world.picture(), world.actor("Elsewhere")
    owner = world.open(picture)
    first, second = world.actor("Example Videos"), world.actor(" example  videos ")
    given = {dispute(world, key, picture) for key in (first, second)}
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    assert world.ask(elsewhere, picture) == [MATCH]
    assert len(given) == 1
    assert first == second


def test_a_rotated_key_is_no_second_platform(world: World) -> None:
    """The revoked key's dispute counted on beside that of the new one."""
    picture, elsewhere = world.picture(), world.actor("Elsewhere")
    owner = world.open(picture)
    old = world.key("Example Videos")
    dispute(world, world.actor_of(old), picture)
    new = world.actor("Example Videos")
    keyring.revoke(world.context, old.split("_")[1], world.day)
    dispute(world, new, picture)
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    assert world.ask(elsewhere, picture) == [MATCH]


def test_platforms_that_collude_change_what_they_are_answered_and_nothing_else(
    world: World,
) -> None:
    picture, elsewhere = world.picture(), world.actor("Elsewhere")
    owner = world.open(picture)
    colluding = [world.actor(f"Platform {n}") for n in range(4)]
    for platform in colluding:
        dispute(world, platform, picture)
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    assert [world.ask(platform, picture) for platform in colluding] == [[NEAR]] * 4
    assert world.ask(elsewhere, picture) == [MATCH]
    world.day = world.day.replace(day=world.day.day + 1)
    for platform in (*colluding, elsewhere):
        world.ask(platform, picture)
    later = [e for e in status.of_case(world.context, owner).events if e.seen_on == world.day]
    assert len(later) == 5  # the owner reads of all, also of those who do not block
