"""Entries of strangers take no place from the entry of an owner, however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hashing.signals import ContentSignals
from service.domain.actor import Role
from service.domain.sighting import Feedback, Verdict
from service.workflows import lookup, observe, respond, status
from service.workflows.observe import Claim
from service.workflows.respond import Response

if TYPE_CHECKING:
    from service.domain.actor import Actor, Owner
    from tests.server.conftest import World


def outcome(world: World, platform: Actor, owner: Owner, upload: ContentSignals) -> Feedback | None:
    """What the owner reads after a platform looked up an upload and blocked all it was told of."""
    (answer,) = lookup.lookup(world.context, platform, [upload], world.day)
    assert answer.verdict is Verdict.MATCH
    assert 0 < len(answer.matches) <= 100
    said = [Response(one.reference, Feedback.BLOCKED) for one in answer.matches]
    respond.respond(world.context, platform, said, world.day)
    (event,) = status.of_case(world.context, owner).events
    return event.outcome


@pytest.mark.stores("sqlite", "postgresql")
@pytest.mark.parametrize("owner_is_first", [True, False])
def test_a_hundred_videos_of_one_frame(world: World, *, owner_is_first: bool) -> None:
    """Each has the upload's very value, and the owner's picture is a little different."""
    upload, platform = world.picture(), world.actor()
    value = upload.signals[0].value
    owner = world.open(world.near_picture(upload, 12)) if owner_is_first else None
    for _ in range(2):
        world.open(*(world.video([value], world.sha256()) for _ in range(50)))
    owner = owner or world.open(world.near_picture(upload, 12))
    assert outcome(world, platform, owner, upload) is Feedback.BLOCKED


def test_a_hundred_videos_whose_frames_are_reversed(world: World) -> None:
    """All are near, and a `near` makes no `match` worse."""
    frames = [world.value() for _ in range(12)]
    for _ in range(2):
        reverse = [world.video(frames[::-1], world.sha256()) for _ in range(50)]
        world.open(*reverse)
    owner = world.open(world.video([world.near(one, 6) for one in frames]))
    upload = world.video(frames)
    assert outcome(world, world.actor(), owner, upload) is Feedback.BLOCKED


def test_more_frames_of_one_value_than_are_kept_of_a_value(world: World) -> None:
    """Three entries with 1,200 signals that are as near as can be."""
    upload, platform = world.picture(), world.actor()
    value = upload.signals[0].value
    world.open(*(world.video([value] * 400, world.sha256()) for _ in range(3)))
    owner = world.open(world.near_picture(upload, 12))
    assert outcome(world, platform, owner, upload) is Feedback.BLOCKED


def test_each_frame_of_a_video_in_a_hundred_entries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many that the neighbours of one search are too many: none of the owner's is left out."""
    monkeypatch.setattr("service.search.neighbours._PER_SEARCH", 400)
    frames = [world.value() for _ in range(12)]
    world.open(*(world.video(frames[::-1], world.sha256()) for _ in range(50)))
    owner = world.open(world.video([world.near(one, 6) for one in frames]))
    assert outcome(world, world.actor(), owner, world.video(frames)) is Feedback.BLOCKED


@pytest.mark.parametrize("limit", ["_CONTENTS_PER_VALUE", "_PER_SEARCH"])
def test_a_crawler_that_claims_more_observations_than_are_kept_of_a_value(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """Each is nearer than what an honest platform saw; all of it was before her case.

    Before: eleven requests of 1,000 observations, and she did not read where her picture was.
    """
    monkeypatch.setattr("service.search.neighbours._PER_VALUE", 5)
    monkeypatch.setattr(f"service.search.neighbours.{limit}", 20)
    hers, honest = world.picture(), world.actor("Honest")
    crawler = world.actor("Crawler", Role.CRAWLER)
    seen = Claim(world.near_picture(hers, 12), "https://a.example")
    observe.observe(world.context, honest, [seen], world.day)
    flood = [Claim(hers, f"https://{n}.example") for n in range(60)]
    observe.observe(world.context, crawler, flood, world.day)
    world.work()
    owner = world.open(hers)
    world.work()
    events = status.of_case(world.context, owner).events
    assert [event.platform for event in events] == ["Crawler", "Honest"]
