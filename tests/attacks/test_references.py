"""What a platform says of a harmless upload is made to count for somebody's picture.

The attacker needs no key: at most one case, and uploads to a platform that looks at what it is told
of, and answers honestly. Before, each of these left the picture `near` there for good; or the owner
did not read that it was blocked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.domain.sighting import Feedback, Verdict
from service.workflows import lookup, respond, status
from service.workflows.respond import Response

if TYPE_CHECKING:
    from hashing.signals import ContentSignals
    from service.domain.actor import Actor, Owner
    from tests.server.conftest import World

MATCH, NEAR = Verdict.MATCH, Verdict.NEAR
BLOCKED, NOT_BLOCKED = Feedback.BLOCKED, Feedback.NOT_BLOCKED


def looked(world: World, platform: Actor, upload: ContentSignals) -> tuple[Verdict, list[str]]:
    (answer,) = lookup.lookup(world.context, platform, [upload], world.day)
    return answer.verdict, [one.reference for one in answer.matches]


def says(world: World, platform: Actor, references: list[str], value: Feedback) -> None:
    said = [Response(reference, value) for reference in references]
    respond.respond(world.context, platform, said, world.day)


def outcomes(world: World, owner: Owner) -> list[Feedback | None]:
    return [event.outcome for event in status.of_case(world.context, owner).events]


def test_a_harmless_upload_that_is_near(world: World) -> None:
    """Such as her portrait of the same evening, or her picture with a bar over it."""
    hers, platform = world.picture(), world.actor()
    owner = world.open(hers)
    verdict, references = looked(world, platform, world.near_picture(hers, 40))
    says(world, platform, references, NOT_BLOCKED)
    assert verdict is NEAR
    assert world.waiting() == []
    verdict, references = looked(world, platform, world.near_picture(hers, 3))
    says(world, platform, references, BLOCKED)
    assert verdict is MATCH
    verdict, references = looked(world, platform, world.near_picture(hers, 40))
    says(world, platform, references, NOT_BLOCKED)
    assert outcomes(world, owner) == [BLOCKED]
    assert looked(world, platform, hers)[0] is MATCH


@pytest.mark.stores("sqlite", "postgresql")
@pytest.mark.parametrize("way", ["video of both", "bytes of the other", "window of the other"])
def test_an_older_entry_that_is_her_picture_and_a_harmless_one(world: World, way: str) -> None:
    hers, harmless, platform = world.picture(), world.value(), world.actor()
    value, file = hers.signals[0].value, world.md5()
    if way == "video of both":
        world.open(world.video([value, harmless]), world.video([harmless, value]))
    elif way == "bytes of the other":
        world.open(world.picture(world.pdq(value), file))
    else:
        world.open(world.windowed(value, harmless))
    owner = world.open(world.near_picture(hers, 4))
    looked(world, platform, hers)
    verdict, references = looked(world, platform, world.picture(world.pdq(harmless), file))
    says(world, platform, references, NOT_BLOCKED)
    assert verdict is MATCH
    assert looked(world, platform, world.near_picture(hers, 3))[0] is MATCH
    assert outcomes(world, owner) == [None]


@pytest.mark.parametrize("card", [False, True])
def test_an_older_video_that_is_hers_and_a_harmless_one(world: World, *, card: bool) -> None:
    """Also if both begin with the same title card."""
    frames = [world.value() for _ in range(25)]
    begin, hers, harmless = frames[: int(card)], frames[1:13], frames[13:]
    platform = world.actor()
    world.open(world.video([*begin, *hers, *harmless]))
    world.open(world.video([world.near(one, 4) for one in hers]))
    looked(world, platform, world.video([*begin, *hers]))
    verdict, references = looked(world, platform, world.video([*begin, *harmless]))
    says(world, platform, references, NOT_BLOCKED)
    assert verdict is MATCH
    copy = world.video([*begin, *(world.near(one, 2) for one in hers)])
    assert looked(world, platform, copy)[0] is MATCH


def test_an_upload_between_a_lookup_and_its_answer(world: World) -> None:
    """It is too far from a stranger's older entry, so that hers has another reference there."""
    hers, platform = world.value(), world.actor()
    away = [turned(hers, range(60)), turned(hers, range(60, 120))]
    world.open(world.picture(world.pdq(turned(away[0], range(30)))))
    owner = world.open(world.picture(world.pdq(hers)))
    verdict, references = looked(world, platform, world.picture(world.pdq(hers)))
    other = looked(world, platform, world.picture(world.pdq(turned(away[1], range(60, 90)))))
    assert (verdict, other[0]) == (MATCH, MATCH)
    assert set(references).isdisjoint(other[1])
    says(world, platform, references, BLOCKED)
    assert outcomes(world, owner) == [BLOCKED]


def turned(value: bytes, bits: range) -> bytes:
    return (int.from_bytes(value) ^ sum(1 << bit for bit in bits)).to_bytes(32)


@pytest.mark.parametrize("cases", [1, 2, 6])
def test_a_key_holder_counts_no_cases_by_a_value_that_is_near(world: World, cases: int) -> None:
    """Each entry had a reference of its own, so that their number was that of the cases."""
    hers, platform = world.picture(), world.actor()
    for _ in range(cases):
        world.open(hers)
    verdict, references = looked(world, platform, world.near_picture(hers, 40))
    assert (verdict, len(references)) == (NEAR, 1)
