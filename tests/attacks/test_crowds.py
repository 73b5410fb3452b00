"""A few cases whose videos are all near one picture, and what lookups of it cost then.

What is counted is deterministic: the pairs that are materialised, and not seconds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from service.domain.actor import Role
from service.domain.sighting import Verdict
from service.matching.codes import Ids, Most
from service.matching.scan import Found, Triples
from service.replica.holders import Holders
from service.store.changes import Space
from service.workflows import observe, status
from service.workflows.observe import Claim

if TYPE_CHECKING:
    from hashing.signals import ContentSignals
    from tests.server.conftest import World

VIDEOS, FRAMES = 50, 400
"""Of one case: all the frames that a submission may have."""
ASKED = 1200
"""Frames of the longest video."""
PER_VALUE = 1000
"""Pairs kept of one value, and few more of its contents."""
CPU = 8
"""Seconds of CPU that the lookup may take on a busy machine; it takes two. Before: 12 and more."""
MIB = 2**20


class Passed:
    """How many pairs the scans of one space found, left, and found at once."""

    found = left = at_once = 0


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> dict[Space, Passed]:
    counted = {space: Passed() for space in Space}
    thinned = Holders.thinned

    def counting(
        self: Holders, space: Space, most: Most, found: Found, ids: Ids, *more: Any
    ) -> Triples:
        left = thinned(self, space, most, found, ids, *more)
        of_space = counted[space]
        of_space.found += len(found.rows)
        of_space.left += len(left)
        of_space.at_once = max(of_space.at_once, len(found.rows))
        return left

    monkeypatch.setattr(Holders, "thinned", counting)
    return counted


def crowd(world: World, value: bytes) -> list[ContentSignals]:
    return [world.video([world.near(value, 12) for _ in range(FRAMES)]) for _ in range(VIDEOS)]


def test_a_long_video_near_many_frames_of_others(world: World, passed: dict[Space, Passed]) -> None:
    """Before: 16 s of CPU for one lookup, with three such cases 52, and 420 MB."""
    hers = world.picture()
    value = hers.signals[0].value
    owner = world.open(world.near_picture(hers, 6))
    world.open(*crowd(world, value))
    platform = world.actor()
    quiet = [world.value() for _ in range(200)]  # so that as much as possible is asked together
    video = world.video([*quiet, *(world.near(value, 6) for _ in range(ASKED - len(quiet)))])
    began = time.process_time()
    assert world.ask(platform, video) == [Verdict.MATCH]
    took = time.process_time() - began
    assert took < CPU
    crowded, bank = ASKED - len(quiet), passed[Space.BANK]
    assert bank.found >= crowded * VIDEOS * FRAMES
    assert bank.left < crowded * 1.1 * PER_VALUE
    assert 24 * bank.at_once < 16 * MIB
    assert [event.platform for event in status.of_case(world.context, owner).events] == [
        "Somewhere"
    ]
    assert world.ask(platform, hers) == [Verdict.MATCH]


def test_observations_of_the_same_are_no_more_work(
    world: World, passed: dict[Space, Passed]
) -> None:
    """And of who observed it, everybody has a turn."""
    hers = world.picture()
    value = hers.signals[0].value
    seen = Claim(world.near_picture(hers, 20), "https://a.example")
    observe.observe(world.context, world.actor("Honest"), [seen], world.day)
    flood = [Claim(one, f"https://{n}.example") for n, one in enumerate(crowd(world, value)[:20])]
    observe.observe(world.context, world.actor("Crawler", Role.CRAWLER), flood, world.day)
    owner = world.open(world.near_picture(hers, 2))
    world.open(world.video([world.near(value, 6) for _ in range(100)]))
    world.work()
    observed = passed[Space.OBSERVED]
    assert observed.found > 100 * 20 * FRAMES
    assert observed.left < 101 * 1.1 * PER_VALUE
    platforms = {event.platform for event in status.of_case(world.context, owner).events}
    assert platforms == {"Crawler", "Honest"}
