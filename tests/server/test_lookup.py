from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from hashing.signals import (
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    ViewSignals,
    Window,
    WindowSignal,
)
from service.domain import match_policy
from service.domain.case import Concern, EntryStatus, HoldReason
from service.domain.errors import TooLarge
from service.domain.sighting import Feedback, Verdict
from service.matching.codes import codes_of
from service.search.orientations import oriented
from service.store import entries, schema, sightings
from service.store.changes import Space
from service.workflows import drain, exclude, lookup, respond, status, withdraw
from service.workflows.lookup import Answer, MatchReference
from service.workflows.respond import Response
from tests.server.following import statistics_of

if TYPE_CHECKING:
    from tests.server.conftest import World

NONE, NEAR, MATCH = Verdict
PICTURE = ContentKind.PICTURE


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


def test_three_frames_of_a_video_in_time_order_make_a_match(world: World) -> None:
    frames = [world.value() for _ in range(6)]
    world.open(world.video(frames))
    asker, others = world.actor(), [world.value() for _ in range(4)]
    assert world.ask(asker, world.video([*others, frames[1]])) == [NEAR]
    assert world.ask(asker, world.video([*others, *frames[1:3]])) == [NEAR]
    assert world.ask(asker, world.video([*others, *frames[1:4]])) == [MATCH]
    assert world.ask(asker, world.video([*others, frames[3], frames[2], frames[1]])) == [NEAR]
    assert world.ask(asker, world.picture(world.pdq(frames[2]))) == [MATCH]
    assert world.ask(asker, world.picture(world.pdq(world.near(frames[2], 32)))) == [NEAR]


def test_a_frame_of_a_picture_that_is_known_is_a_match(world: World) -> None:
    picture, others = world.picture(), [world.value() for _ in range(4)]
    world.open(picture)
    asked = world.video([*others, picture.signals[0].value])
    (answer,) = lookup.lookup(world.context, world.actor(), [asked], world.day)
    assert [(one.verdict, one.span) for one in answer.matches] == [(MATCH, (4000, 4999))]


def test_the_order_in_which_frames_are_sent_does_not_matter(world: World) -> None:
    content = world.video([world.value() for _ in range(5)])
    world.open(content)
    mixed = dataclasses.replace(content, frames=content.frames[::-1])
    assert world.ask(world.actor(), mixed) == [MATCH]


def test_a_match_of_videos_says_where_in_the_asked_one(world: World) -> None:
    frames = [world.value() for _ in range(8)]
    world.open(world.video(frames))
    asked = world.video([*(world.value() for _ in range(5)), *frames[2:6], world.value()])
    (answer,) = lookup.lookup(world.context, world.actor(), [asked], world.day)
    assert [(one.verdict, one.span) for one in answer.matches] == [(MATCH, (5000, 8999))]


@pytest.mark.parametrize(
    ("bits", "frames", "verdict"), [(31, 3, MATCH), (40, 4, MATCH), (48, 6, MATCH), (48, 4, NEAR)]
)
def test_farther_frames_need_more_of_them(
    world: World, bits: int, frames: int, verdict: Verdict
) -> None:
    known = [world.value() for _ in range(12)]
    world.open(world.video(known))
    asked = world.video([world.near(value, bits) for value in known[3 : 3 + frames]])
    if bits == 48 and frames == 4:  # else all frames of so short a clip
        asked = world.video([*(f.signal.value for f in asked.frames), world.value()])
    assert world.ask(world.actor(), asked) == [verdict]


def test_a_long_video_is_searched_widely_at_some_of_its_frames(world: World) -> None:
    """200 seconds, all 45 bits off: of 30 frames, each is in its place."""
    known = [world.value() for _ in range(200)]
    world.open(world.video(known))
    assert world.ask(world.actor(), world.video([world.near(value, 45) for value in known])) == [
        MATCH
    ]


def test_an_edited_copy_is_found_by_any_of_its_views_and_orientations(world: World) -> None:
    value = world.value()
    world.open(world.picture(world.pdq(value)))
    other = [world.value() for _ in range(8)]
    whole = world.pdq()
    for bits, verdict in ((31, MATCH), (48, NEAR), (49, NONE)):
        views = [ViewSignals("full", 90, tuple(other[:3])), ViewSignals("quad", 90, tuple(other))]
        turned = (*other[:6], world.near(value, bits))
        views.append(ViewSignals("pad-10", 90, turned))
        asked = dataclasses.replace(world.picture(whole), views=tuple(views))
        platform = world.actor(f"Platform {bits}")
        assert world.ask(platform, asked) == [verdict]
        assert world.ask(platform, ContentSignals(PICTURE, (), views=tuple(views))) == [verdict]


def test_a_picture_without_views_is_asked_in_all_orientations(world: World) -> None:
    value = world.value()
    turned = oriented(codes_of([value]))[0]
    world.open(world.picture(world.pdq(value)))
    asked = [world.picture(world.pdq(one.tobytes())) for one in turned]
    assert world.ask(world.actor(), *asked) == [MATCH] * 8
    seen = dataclasses.replace(asked[1], views=(ViewSignals("full", 90, (world.value(),)),))
    assert world.ask(world.actor(), seen) == [NONE]


def test_a_mirrored_video_is_found(world: World) -> None:
    frames = [world.value() for _ in range(5)]
    world.open(world.video(frames))
    mirrored = [one.tobytes() for one in oriented(codes_of(frames))[:, 1]]
    assert world.ask(world.actor(), world.video(mirrored)) == [MATCH]
    mixed = [mirrored[0], frames[1], mirrored[2], frames[3], mirrored[4]]
    assert world.ask(world.actor(), world.video(mixed)) == [NEAR]


def test_frames_are_found_by_their_views(world: World) -> None:
    frames = [world.value() for _ in range(4)]
    world.open(world.video(frames))
    seen = tuple(
        FrameSignal(at, at, world.pdq(), (ViewSignals("content", 80, (world.value(), value)),))
        for at, value in zip(range(0, 4000, 1000), frames, strict=True)
    )
    assert world.ask(world.actor(), ContentSignals(ContentKind.VIDEO, (), seen)) == [MATCH]


def test_a_window_of_an_entry_is_found(world: World) -> None:
    window = WindowSignal(next(iter(Window)), world.pdq())
    world.open(dataclasses.replace(world.picture(), windows=(window,)))
    assert world.ask(world.actor(), world.picture(window.signal)) == [MATCH]


def test_plain_values_find_nothing(world: World) -> None:
    value, plain = world.value(), b"\x01" * 32
    world.open(world.picture(world.pdq(value), world.phash(value)))
    low = [Signal(SignalType.PDQ, value, 49), Signal(SignalType.PHASH, value, 59)]
    views = (ViewSignals("full", 49, (value,)), ViewSignals("quad", 90, (value, plain)))
    frame = FrameSignal(0, 0, low[0], views)
    asked = [
        ContentSignals(PICTURE, tuple(low), views=views),
        ContentSignals(PICTURE, tuple(low)),
        ContentSignals(ContentKind.VIDEO, (), (frame,)),
        world.picture(world.pdq(plain)),
    ]
    assert world.ask(world.actor(), *asked) == [NONE] * 4


def test_an_excluded_value_finds_nothing_and_the_others_do(world: World) -> None:
    public, value = world.value(), world.value()
    entry = world.near(public, 40)
    world.open(world.picture(world.pdq(entry)), world.picture(world.pdq(value)))
    exclude.exclude(world.context, [world.picture(world.pdq(public))], world.day)
    world.work()
    near = world.near(public, 10)
    views = (ViewSignals("full", 90, (near, world.near(value, 5))),)
    (answer,) = lookup.lookup(
        world.context, world.actor(), [ContentSignals(PICTURE, (), views=views)], world.day
    )
    assert [one.verdict for one in answer.matches] == [MATCH]


def test_a_request_has_so_many_values(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of one plain signal is asked in eight orientations."""
    monkeypatch.setattr(match_policy, "MOST_VALUES", 16)
    platform = world.actor()
    assert world.ask(platform, world.picture(), world.picture()) == [NONE, NONE]
    with pytest.raises(TooLarge, match="fewer items"):
        world.ask(platform, world.picture(), world.picture(), world.picture(world.md5()))


def test_a_frame_that_many_videos_share_is_near_some_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_policy, "MOST_ENTRIES", 5)
    card, frames = world.value(), [world.value() for _ in range(5)]
    world.open(*(world.video([card, *(world.value() for _ in range(4))]) for _ in range(20)))
    world.open(world.video([card, *frames]))
    (answer,) = lookup.lookup(
        world.context, world.actor(), [world.video([card, *frames])], world.day
    )
    assert [one.verdict for one in answer.matches] == [MATCH, NEAR]
    with world.context.database.read() as tx:
        seen = tx.scalars(sa.select(schema.sightings.c.verdict)).all()
    assert sorted(seen) == [MATCH, NEAR, NEAR, NEAR, NEAR]


def test_a_match_says_nothing_but_verdict_reference_and_span(world: World) -> None:
    assert [field.name for field in dataclasses.fields(Answer)] == ["verdict", "matches"]
    names = [field.name for field in dataclasses.fields(MatchReference)]
    assert names == ["reference", "verdict", "span"]
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


@pytest.mark.stores("sqlite", "postgresql")
def test_what_is_withdrawn_between_reading_and_writing_is_not_returned(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, platform = world.picture(), world.actor()
    owner, other = world.open(picture), world.open(picture)
    real = match_policy.overall

    def withdrawn_meanwhile(found: list[match_policy.EntryVerdict]) -> Verdict:
        withdraw.withdraw_case(world.context, owner, world.day)
        return real(found)

    asked = world.video([picture.signals[0].value])
    with monkeypatch.context() as patch:
        patch.setattr(match_policy, "overall", withdrawn_meanwhile)
        (answer,) = lookup.lookup(world.context, platform, [asked], world.day)
    (again,) = lookup.lookup(world.context, platform, [asked], world.day)
    assert [one.reference for one in answer.matches] == [one.reference for one in again.matches]
    assert len(status.of_case(world.context, other).events) == 1


def test_what_is_held_is_not_returned(world: World) -> None:
    picture, platform = world.picture(world.pdq(), world.sha256()), world.actor()
    owner = world.open(picture)
    with world.context.database.write_changes() as tx:
        (entry,) = entries.of_case(tx, owner.case_id)
        entries.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.REVIEW)
    assert world.ask(platform, picture) == [NONE]  # the index here still shows it
    assert statistics_of(world.context, Space.BANK, SignalType.PDQ).signals == 1
    world.context.replica.catch_up()
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
    world.context.replica.catch_up()
    assert world.ask(platform, asked)[0] is NONE
    assert world.ask(platform, other)[0] is not NONE


def many_matches(world: World) -> bool:
    return any(Concern.MANY_MATCHES in one.concerns for one in world.waiting())


@pytest.mark.stores("sqlite", "postgresql")
def test_an_entry_that_matches_too_often_matches_on_and_concerns_a_reviewer(world: World) -> None:
    """Settings of these tests: more than five a day."""
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    for _ in range(5):
        world.ask(platform, picture)
    assert not many_matches(world)
    assert [world.ask(platform, picture)[0] for _ in range(3)] == 3 * [MATCH]
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    (waiting,) = world.waiting()
    assert (waiting.concerns, waiting.matches) == (
        {Concern.MANY_MATCHES: world.day},
        {world.day: 8},
    )


def test_a_confirmed_entry_may_match_as_often_as_it_does(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    world.open(picture)
    said = Response(world.reference(platform, picture), Feedback.BLOCKED)
    respond.respond(world.context, platform, [said], world.day)
    assert [world.ask(platform, picture)[0] for _ in range(8)] == 8 * [MATCH]
    assert not many_matches(world)


def test_what_a_platform_disputes_is_a_match_again_with_a_new_case(world: World) -> None:
    """It has said nothing about that one, which may be the one of the person who is in it."""
    picture, platform = world.picture(), world.actor()
    for _ in range(2):
        world.open(picture)
    (first,) = lookup.lookup(world.context, platform, [picture], world.day)[0].matches
    respond.respond(
        world.context, platform, [Response(first.reference, Feedback.NOT_BLOCKED)], world.day
    )
    for verdict in (NEAR, MATCH):
        (answer,) = lookup.lookup(world.context, platform, [picture], world.day)
        (match,) = answer.matches
        assert (answer.verdict, match.verdict, match.reference) == (
            *(verdict, verdict),
            first.reference,
        )
        world.open(picture)


def test_near_answers_are_not_counted_as_matches(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    world.open(picture)
    near = world.near_picture(picture, 40)
    assert [world.ask(platform, near)[0] for _ in range(8)] == 8 * [NEAR]


def test_one_request_is_one_sighting_of_an_entry(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    assert world.ask(platform, *[picture] * 20) == 20 * [MATCH]
    entry_id = world.entry_id(owner)
    with world.context.database.read() as tx:
        assert sightings.matches_on(tx, [entry_id], world.day) == {entry_id: 1}


def test_an_entry_of_two_cases_is_one_match_and_both_are_told(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    owners = [world.open(picture), world.open(picture)]
    said = Response(world.reference(platform, picture), Feedback.BLOCKED)
    respond.respond(world.context, platform, [said], world.day)
    for owner in owners:
        (event,) = status.of_case(world.context, owner).events
        assert event.outcome is Feedback.BLOCKED


@pytest.mark.stores("postgresql")
def test_a_lookup_that_matches_waits_for_no_other_writer(world: World) -> None:
    """SQLite has one writer at a time; PostgreSQL only one that appends to `changes`."""
    picture, platform = world.picture(), world.actor()
    world.open(picture)
    with ThreadPoolExecutor(1) as pool, world.context.database.write_changes():
        answer = pool.submit(world.ask, platform, picture)
        assert answer.result(timeout=30) == [MATCH]


@pytest.mark.stores("postgresql")
def test_lookups_of_the_same_entries_in_any_order_all_answer(world: World) -> None:
    """Rows are written in one order: two that meet on several rows do not block each other."""
    pictures, platform = [world.picture() for _ in range(12)], world.actor()
    world.open(*pictures)
    for picture in pictures:  # else each would concern a reviewer for matching so often
        confirmed = Response(world.reference(platform, picture), Feedback.BLOCKED)
        respond.respond(world.context, platform, [confirmed], world.day)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(world.ask, platform, *pictures[n:], *pictures[:n]) for n in range(24)]
        assert all(one.result() == [MATCH] * 12 for one in asked)
    drain.drain(world.context, world.day)  # of whoever did not wait for the others' rows
    with world.context.database.read() as tx:
        assert set(sightings.matches_on(tx, range(1, 13), world.day).values()) == {25}
