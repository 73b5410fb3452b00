from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from service.domain.sighting import Feedback, Sighting, Source, Verdict
from service.store import actors, changes, concerns, feedback, sightings
from service.store import observations as stored_observations
from service.store.feedback import Opinion
from service.store.observations import NewObservation
from service.store.schema import observations, observed_signals

if TYPE_CHECKING:
    from tests.server.conftest import World

pytestmark = pytest.mark.stores("sqlite", "postgresql")

DAY = date(2026, 1, 1)
NEXT = DAY + timedelta(days=1)


def claim(world: World, document_hash: bytes = b"d" * 32) -> NewObservation:
    return NewObservation(world.picture(world.pdq(), world.sha256()), b"sealed", document_hash)


def test_an_observation_is_kept_once_a_day_and_actor(world: World) -> None:
    one, other = world.actor("One"), world.actor("Other")
    new = claim(world)
    with world.context.database.write_changes() as tx:
        for actor, day, kept in (
            (one, DAY, True),
            (one, DAY, False),
            (one, NEXT, True),
            (other, DAY, True),
        ):
            assert (
                stored_observations.insert(tx, actor.id, new, seen_on=day, expires_on=NEXT) is kept
            )
        assert tx.scalar(sa.select(sa.func.count()).select_from(observed_signals)) == 6
        found = stored_observations.by_id(tx, range(70_000))
        assert [(each.actor_id, each.seen_on) for each in found.values()] == [
            (one.id, DAY),
            (one.id, NEXT),
            (other.id, DAY),
        ]


def test_purging_erases_what_is_over_some_at_a_time(world: World) -> None:
    actor, owner = world.actor(), world.open()
    with world.context.database.write_changes() as tx:
        for n in range(5):
            new = claim(world, bytes([n]) * 32)
            stored_observations.insert(
                tx, actor.id, new, seen_on=DAY, expires_on=DAY + timedelta(days=n // 2)
            )
        ids = tx.scalars(sa.select(observations.c.id).order_by(observations.c.id)).all()
        seen = Sighting(
            world.entry_id(owner),
            actor.id,
            DAY,
            Source.OBSERVATION,
            Verdict.MATCH,
            "r" * 24,
            ids[0],
        )
        sightings.record(tx, [seen])
        before = changes.last(tx)
        assert stored_observations.purge(tx, NEXT, 3) == 3
        assert stored_observations.purge(tx, NEXT, 3) == 1
        assert stored_observations.purge(tx, NEXT, 3) == 0
        assert tx.scalars(sa.select(observations.c.id)).all() == [ids[4]]
        assert len(changes.after(tx, before, 99)) == 2
        assert len(sightings.events(tx, owner.case_id, confirmed=True)) == 1


def seen_by(world: World, actor_id: int, entry_id: int, verdict: Verdict) -> Sighting:
    reference = world.context.seals.reference(actor_id, entry_id)
    return Sighting(entry_id, actor_id, DAY, Source.LOOKUP, verdict, reference)


def test_matches_of_a_day_are_counted_over_all_platforms(world: World) -> None:
    entry_id = world.entry_id(world.open())
    with world.context.database.write_changes() as tx:
        assert sightings.matches_on(tx, [entry_id], DAY) == {}
    for name in ("One", "Other"):
        actor = world.actor(name)
        with world.context.database.write_changes() as tx:
            for _ in range(3):
                sightings.record(tx, [seen_by(world, actor.id, entry_id, Verdict.MATCH)])
            sightings.record(tx, [seen_by(world, actor.id, entry_id, Verdict.NEAR)])
    with world.context.database.read() as tx:
        assert sightings.matches_on(tx, [entry_id], DAY) == {entry_id: 6}
        assert sightings.matches_on(tx, [entry_id], NEXT) == {}


def test_a_reference_stands_for_an_entry_only_for_whom_it_was_given(world: World) -> None:
    entry_id, one, other = world.entry_id(world.open()), world.actor("One"), world.actor("Other")
    seen = seen_by(world, one.id, entry_id, Verdict.MATCH)
    with world.context.database.write_changes() as tx:
        sightings.record(tx, [seen])
        assert sightings.of_reference(tx, one.id, seen.reference) == {(entry_id, seen.verdict)}
        assert sightings.of_reference(tx, other.id, seen.reference) == set()
        assert sightings.of_reference(tx, one.id, "x" * 24) == set()


def test_the_last_word_of_a_platform_counts(world: World) -> None:
    entry_id, one, other = world.entry_id(world.open()), world.actor("One"), world.actor("Other")
    with world.context.database.write_changes() as tx:
        feedback.record(tx, entry_id, one.id, Feedback.NOT_BLOCKED, DAY)
        feedback.record(tx, entry_id, one.id, Feedback.BLOCKED, NEXT)
        feedback.record(tx, entry_id, other.id, Feedback.PENDING_REVIEW, NEXT)
        opinions = [
            Opinion("One", Feedback.BLOCKED, NEXT),
            Opinion("Other", Feedback.PENDING_REVIEW, NEXT),
        ]
        assert feedback.on_entries(tx, [entry_id]) == {entry_id: opinions}
        assert feedback.of_platform(tx, one.id, [entry_id]) == {entry_id: Feedback.BLOCKED}


def test_a_platform_without_a_live_key_has_no_opinion(world: World) -> None:
    entry_id, key = world.entry_id(world.open()), world.key("One")
    another = world.key("One")
    with world.context.database.write() as tx:
        feedback.record(tx, entry_id, world.actor_of(key).id, Feedback.NOT_BLOCKED, DAY)
        actors.revoke(tx, key.split("_")[1], DAY)
        assert [one.platform for one in feedback.on_entries(tx, [entry_id])[entry_id]] == ["One"]
        assert concerns.is_raised(tx, entry_id)
        actors.revoke(tx, another.split("_")[1], DAY)
        assert feedback.on_entries(tx, [entry_id]) == {}
        assert not concerns.is_raised(tx, entry_id)
        assert concerns.of_active(tx) == {}


def test_a_reviewer_reads_matches_by_day_of_the_last_days(world: World) -> None:
    entry_id, one, other = world.entry_id(world.open()), world.actor("One"), world.actor("Other")
    with world.context.database.write() as tx:
        for actor in (one, one, other):
            sightings.record(tx, [seen_by(world, actor.id, entry_id, Verdict.MATCH)])
        sightings.record(tx, [seen_by(world, one.id, entry_id, Verdict.NEAR)])
        later = replace(seen_by(world, one.id, entry_id, Verdict.MATCH), seen_on=NEXT)
        sightings.record(tx, [later])
        assert sightings.matches_by_day(tx, entry_id, 7) == {DAY: 3, NEXT: 1}
        assert sightings.matches_by_day(tx, entry_id, 1) == {NEXT: 1}


def test_an_owner_reads_each_platform_and_day_once_and_near_ones_when_confirmed(
    world: World,
) -> None:
    owner, one, other = world.open(), world.actor("One"), world.actor("Other")
    entry_id = world.entry_id(owner)
    with world.context.database.write_changes() as tx:
        for verdict in (Verdict.MATCH, Verdict.NEAR, Verdict.MATCH):
            sightings.record(tx, [seen_by(world, one.id, entry_id, verdict)])
        sightings.record(tx, [seen_by(world, other.id, entry_id, Verdict.NEAR)])
        assert [(e.platform, e.outcome) for e in sightings.events(tx, owner.case_id)] == [
            ("One", None)
        ]
        near = Verdict.NEAR
        feedback.record(tx, entry_id, one.id, Feedback.NOT_BLOCKED, DAY, verdict=near)
        feedback.record(tx, entry_id, other.id, Feedback.BLOCKED, DAY, verdict=near)
        assert [(e.platform, e.outcome) for e in sightings.events(tx, owner.case_id)] == [
            ("One", None),
            ("Other", Feedback.BLOCKED),
        ]
