from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from hashing.signals import SignalType
from service.domain.case import EntryStatus, HoldReason
from service.domain.sighting import Feedback, Verdict
from service.store import cases, sightings
from service.store.changes import Space
from service.workflows import exclude, lookup, respond, withdraw
from service.workflows.lookup import Answer, MatchReference
from service.workflows.respond import Response

if TYPE_CHECKING:
    from tests.server.conftest import World

NONE, NEAR, MATCH = Verdict


@pytest.mark.parametrize(
    ("bits", "verdict"), [(0, MATCH), (31, MATCH), (32, NEAR), (48, NEAR), (49, NONE), (200, NONE)]
)
def test_pdq_decides_by_distance(world: World, bits: int, verdict: Verdict) -> None:
    picture = world.picture()
    world.open(picture)
    assert world.ask(world.actor(), world.near_picture(picture, bits)) == [verdict]


@pytest.mark.parametrize(("bits", "verdict"), [(0, NEAR), (40, NEAR), (41, NONE)])
def test_phash_alone_is_near_at_most(world: World, bits: int, verdict: Verdict) -> None:
    value = world.value()
    world.open(world.picture(world.phash(value)))
    asked = world.picture(world.phash(world.near(value, bits)))
    assert world.ask(world.actor(), asked) == [verdict]


def test_a_pdq_value_is_not_looked_for_among_phash_values(world: World) -> None:
    value = world.value()
    world.open(world.picture(world.phash(value)))
    assert world.ask(world.actor(), world.picture(world.pdq(value))) == [NONE]


def test_identical_bytes_match_without_any_perceptual_signal(world: World) -> None:
    md5, sha256 = world.md5(), world.sha256()
    world.open(world.picture(md5), world.picture(sha256))
    asked = [world.picture(md5), world.picture(sha256), world.picture(world.md5())]
    assert world.ask(world.actor(), *asked, world.picture(sha256)) == [MATCH, MATCH, NONE, MATCH]


def test_answers_are_in_the_order_asked(world: World) -> None:
    known = [world.picture() for _ in range(3)]
    world.open(*known)
    asked = [world.picture(), known[2], known[0], world.picture(), known[1]]
    assert world.ask(world.actor(), *asked) == [NONE, MATCH, MATCH, NONE, MATCH]


def test_two_frames_of_a_video_make_a_match(world: World) -> None:
    frames = [world.value() for _ in range(4)]
    world.open(world.video(frames))
    asker, others = world.actor(), [world.value() for _ in range(4)]
    assert world.ask(asker, world.video([*others, frames[1]])) == [NEAR]
    assert world.ask(asker, world.video([*others, frames[1], frames[3]])) == [MATCH]
    assert world.ask(asker, world.picture(world.pdq(frames[2]))) == [MATCH]


def test_a_match_says_nothing_but_verdict_and_reference(world: World) -> None:
    assert [field.name for field in dataclasses.fields(Answer)] == ["verdict", "matches"]
    names = [field.name for field in dataclasses.fields(MatchReference)]
    assert names == ["reference", "verdict"]
    owner, picture = world.open(), world.picture()
    case_number = world.open(picture).case_number
    told = repr(lookup.lookup(world.context, world.actor(), [picture], world.day))
    assert case_number not in told
    assert owner.case_number not in told
    assert picture.signals[0].hex not in told


def test_a_reference_is_stable_and_another_for_every_platform(world: World) -> None:
    picture = world.picture()
    world.open(picture)
    one, other = world.actor("One"), world.actor("Other")
    first = world.reference(one, picture)
    assert world.reference(one, world.near_picture(picture, 5)) == first
    assert world.reference(other, picture) != first


def test_what_is_withdrawn_is_never_returned(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    assert world.ask(platform, picture) == [MATCH]
    withdraw.withdraw_case(world.context, owner, world.day)
    assert world.ask(platform, picture) == [NONE]


def test_what_is_held_is_not_returned(world: World) -> None:
    picture, platform = world.picture(world.pdq(), world.sha256()), world.actor()
    owner = world.open(picture)
    with world.context.database.write() as tx:
        (entry,) = cases.entries_of(tx, owner.case_id)
        cases.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.DISPUTED)
    assert world.ask(platform, picture) == [NONE]  # the index here still shows it
    assert len(world.context.indexes[Space.BANK, SignalType.PDQ]) == 1
    world.context.catch_up()
    assert world.ask(platform, picture) == [NONE]


@pytest.mark.parametrize("kind", ["pdq", "phash"])
def test_a_question_near_the_exclude_bank_matches_nothing(world: World, kind: str) -> None:
    public, platform = world.value(), world.actor()
    make = world.pdq if kind == "pdq" else world.phash
    entry = world.near(public, 33)
    world.open(world.picture(make(entry)))
    asked = world.picture(make(world.near(public, 2)))
    other = world.picture(make(entry))
    assert world.ask(platform, asked, other)[0] is not NONE
    exclude.exclude(world.context, [world.picture(make(public))], world.day)
    world.context.catch_up()
    assert world.ask(platform, asked)[0] is NONE
    assert world.ask(platform, other)[0] is not NONE


def test_an_entry_that_matches_too_often_is_held(world: World) -> None:
    """Settings of these tests: more than five a day."""
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    assert [world.ask(platform, picture)[0] for _ in range(8)] == 6 * [MATCH] + 2 * [NONE]
    assert world.statuses(owner) == [EntryStatus.QUARANTINED]
    with world.context.database.read() as tx:
        assert [reason for _, reason in cases.quarantined(tx)] == [HoldReason.MANY_MATCHES]


def test_a_confirmed_entry_may_match_as_often_as_it_does(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    world.open(picture)
    said = Response(world.reference(platform, picture), Feedback.BLOCKED)
    respond.respond(world.context, platform, [said], world.day)
    assert [world.ask(platform, picture)[0] for _ in range(8)] == 8 * [MATCH]


def test_near_answers_are_not_counted_as_matches(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    world.open(picture)
    near = world.near_picture(picture, 40)
    assert [world.ask(platform, near)[0] for _ in range(8)] == 8 * [NEAR]


def test_one_request_is_one_sighting_of_an_entry(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    assert world.ask(platform, *[picture] * 20) == 20 * [MATCH]
    with world.context.database.read() as tx:
        assert sightings.matches_on(tx, world.entry_id(owner), world.day) == 1


def test_an_entry_of_two_cases_is_two_matches(world: World) -> None:
    picture = world.picture()
    world.open(picture)
    world.open(picture)
    (answer,) = lookup.lookup(world.context, world.actor(), [picture], world.day)
    assert [one.verdict for one in answer.matches] == [MATCH, MATCH]
    assert len({one.reference for one in answer.matches}) == 2
