"""Whoever opens cases with a picture tries to count the other cases that have it.

Settings of these tests: three other cases are many. A copy is uploaded where lookups come from, and
the cases are read: if some had no sighting, their number would tell how many others there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.domain.sighting import Feedback
from service.workflows import lookup, observe, respond, status
from service.workflows.observe import Claim
from service.workflows.respond import Response

if TYPE_CHECKING:
    from tests.server.conftest import World


@pytest.mark.parametrize("others", [0, 1, 2, 5])
def test_cases_read_the_same_however_many_others_there_are(world: World, others: int) -> None:
    picture, platform = world.picture(), world.actor()
    for _ in range(others):
        world.open(picture)
    own = [world.open(world.near_picture(picture, 4)) for _ in range(4)]
    world.ask(platform, picture)
    claim = Claim(picture, "https://a.example")
    observe.observe(world.context, platform, [claim], world.day)
    world.work()
    read = [status.of_case(world.context, owner) for owner in own]
    sources = {"lookup": 1, "observation": 1}
    assert [facts(case) for case in read] == [("active", sources)] * 4


def facts(case: status.CaseStatus) -> tuple[str, dict[str, int]]:
    """All that a case tells its owner, but the number and the days."""
    (entry,) = case.entries
    sources = [event.source.value for event in case.events]
    return entry.status.value, {source: sources.count(source) for source in sorted(set(sources))}


def test_one_reference_stands_for_every_case_and_each_is_told(world: World) -> None:
    """So what a platform is answered tells it nothing of holds, nor how many have the content."""
    picture, platform = world.picture(), world.actor()
    owners = [world.open(picture) for _ in range(7)]
    (answer,) = lookup.lookup(world.context, platform, [picture], world.day)
    (match,) = answer.matches
    blocked = Response(match.reference, Feedback.BLOCKED)
    respond.respond(world.context, platform, [blocked], world.day)
    told = [status.of_case(world.context, owner).events for owner in owners]
    assert [[event.outcome for event in events] for events in told] == [[Feedback.BLOCKED]] * 7
