"""What an existing store becomes: nobody's protection and no platform's reference may be lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from service.domain.actor import Role
from service.domain.case import Concern, EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Feedback, Sighting, Source, Verdict
from service.store import changes, entries, feedback, schema, sightings
from service.store.changes import Change
from service.store.database import Tx
from service.store.feedback import Opinion
from service.workflows import exclude, keyring, observe, respond, status, withdraw
from service.workflows.context import Context
from service.workflows.observe import Claim
from service.workflows.respond import Response

if TYPE_CHECKING:
    from tests.server.conftest import World

pytestmark = pytest.mark.stores("sqlite", "postgresql")

NO, YES, LATER = Feedback.NOT_BLOCKED, Feedback.BLOCKED, Feedback.PENDING_REVIEW
DAY, NEXT = date(2026, 1, 1), date(2026, 1, 2)


def run(world: World, *statements: str, **values: Any) -> None:
    """Change a store whose tables are of an earlier version."""
    with world.context.database.write() as tx:
        for statement in statements:
            tx.execute(sa.text(statement), values)


def renamed(world: World, name: str, *others: str) -> None:
    """Let some actors have the same name, as they could before platforms had several keys."""
    for other in others:
        run(world, "UPDATE actors SET name = :name WHERE name = :other", name=name, other=other)


PLATFORMS = ("One", "Two", "Three", "Alone")


def looked_up_and_observed(world: World, keys: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Let platforms see two entries; return the first one's id, and the references of it."""
    picture, video = world.picture(), world.video([world.value()])
    n, given = world.entry_id(world.open(picture, video)), {}
    for name in PLATFORMS:
        actor = world.actor_of(keys[name])
        given[name] = world.reference(actor, picture)
        world.ask(actor, picture)
        observe.observe(world.context, actor, [Claim(picture, "https://a.example")], world.day)
    world.ask(world.actor_of(keys["Two"]), video)
    world.work()
    return n, given


def test_keys_of_one_name_and_role_become_one_platform(world: World) -> None:
    keys = {name: world.key(name) for name in PLATFORMS}
    keys["Crawler"] = world.key("Crawler", Role.CRAWLER)
    n, given = looked_up_and_observed(world, keys)
    with world.context.database.write() as tx:
        ids = [world.actor_of(keys[name]).id for name in PLATFORMS]
        said = zip(ids, (NO, YES, NO, NO), (DAY, NEXT, NEXT, DAY), strict=True)
        for actor_id, value, day in said:
            feedback.record(tx, n, actor_id, value, day)
        feedback.record(tx, n + 1, ids[1], LATER, DAY)
    keyring.revoke(world.context, keys["One"].split("_")[1], NEXT)
    world.context.database.downgrade("0004")
    renamed(world, "One", "Two", "Three", "Crawler")

    world.context.database.migrate()
    listed = [(key.name, key.role, key.revoked_on) for key in keyring.listed(world.context)]
    alone, crawler = ("Alone", "platform", None), ("One", "crawler", None)
    one = ("One", "platform", None)
    assert listed == [("One", "platform", NEXT), one, one, alone, crawler]
    two, three = (world.actor_of(keys[name]) for name in ("Two", "Three"))
    assert two == three
    with world.context.database.read() as tx:
        opinions = feedback.on_entries(tx, [n, n + 1])
        assert opinions[n] == [Opinion("Alone", NO, DAY), Opinion("One", YES, NEXT)]
        assert opinions[n + 1] == [Opinion("One", LATER, DAY)]
        assert tx.scalar(sa.select(sa.func.count()).select_from(schema.observations)) == 4
        assert counts(tx, n, two.id) == {"lookup": 6, "observation": 3}
        assert counts(tx, n + 1, two.id) == {"lookup": 1}
    for name in ("One", "Two", "Three"):  # each old reference stands for the entry still
        respond.respond(world.context, three, [Response(given[name], LATER)], world.day)
    with pytest.raises(NotFound):
        respond.respond(world.context, three, [Response(given["Alone"], LATER)], world.day)


def test_a_new_platform_is_never_given_the_references_of_a_merged_one(world: World) -> None:
    picture = world.picture()
    world.open(picture)
    first, last = world.actor("One"), world.actor("Other")
    given = {world.reference(actor, picture) for actor in (first, last)}
    world.context.database.downgrade("0004")
    renamed(world, "One", "Other")
    world.context.database.migrate()
    assert world.reference(world.actor("New"), picture) not in given


def counts(tx: Tx, entry_id: int, actor_id: int) -> dict[str, int]:
    table = schema.sightings
    of_both = (table.c.entry_id == entry_id) & (table.c.actor_id == actor_id)
    rows = tx.execute(sa.select(table.c.source, table.c.count).where(of_both)).all()
    assert len(rows) == len({row.source for row in rows})
    return {row[0]: row[1] for row in rows}


def test_each_key_is_an_actor_again_when_the_store_goes_back(world: World) -> None:
    keys = {name: world.key(name) for name in ("One", "Two")}
    another, crawler = world.key("One"), world.key("One", Role.CRAWLER)
    database = world.context.database
    database.downgrade("0004")
    with database.engine.connect() as connection:
        query = "SELECT key_id, name, role FROM actors"
        left = {tuple(row) for row in connection.exec_driver_sql(query)}
    assert left == {
        (keys["One"].split("_")[1], "One", "platform"),
        (keys["Two"].split("_")[1], "Two", "platform"),
        (another.split("_")[1], "One", "platform"),
        (crawler.split("_")[1], "One", "crawler"),
    }
    database.migrate()
    assert world.actor_of(keys["One"]) == world.actor_of(another)


def as_held_before(world: World, entry_id: int, reason: str, *, reviewed: bool = False) -> None:
    """Hold an entry for a reason that earlier versions had, in their tables."""
    with world.context.database.write_changes() as tx:
        query = sa.text("SELECT id FROM signals WHERE entry_id = :id")
        removed = list(tx.scalars(query, {"id": entry_id}))
        held = "UPDATE entries SET status = 'quarantined', reason = :reason, reviewed = :reviewed"
        values = {"reason": reason, "reviewed": reviewed, "id": entry_id}
        tx.execute(sa.text(f"{held} WHERE id = :id"), values)
        told = sa.text(
            "INSERT INTO changes (space, change, signal_id) VALUES ('bank', 'remove', :id)"
        )
        tx.execute(told, [{"id": one} for one in removed])


def test_what_others_could_have_held_is_matched_again(
    world: World, open_context: Callable[[], Context]
) -> None:
    """By those whose index was loaded before, too; what was observed meanwhile is found."""
    reasons = ("many_cases", "many_matches", "disputed", "excluded")
    pictures = [world.picture(world.pdq(), world.sha256()) for _ in (*reasons, "kept", "away")]
    owner, platform = world.open(*pictures), world.actor()
    world.work()
    n, database = world.entry_id(owner), world.context.database
    database.downgrade("0004")
    for number, reason in enumerate(reasons):
        as_held_before(world, n + number, reason)
    as_held_before(world, n + 4, "many_cases", reviewed=True)
    as_held_before(world, n + 5, "many_cases")
    run(
        world,
        "UPDATE entries SET status = 'withdrawing', undo_to = 'quarantined', erase_on = :day"
        " WHERE id = :id",
        id=n + 5,
        day=world.day.replace(month=12),
    )
    with database.engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT MAX(position) FROM changes").scalar_one()

    database.migrate()
    active, held = EntryStatus.ACTIVE, EntryStatus.QUARANTINED
    assert world.statuses(owner) == [active] * 3 + [held] * 2 + [EntryStatus.WITHDRAWING]
    with database.read() as tx:
        told = changes.after(tx, before, 99)
        assert [row.change for row in told] == [Change.ADD] * 6
        assert [e.hold for e in entries.of_case(tx, owner.case_id)] == [
            *[None] * 3,
            HoldReason.EXCLUDED,
            HoldReason.REVIEW,
            None,
        ]
    claims = [Claim(picture, "https://a.example") for picture in pictures]
    observe.observe(world.context, platform, claims, world.day)
    world.work()
    match, none = Verdict.MATCH, Verdict.NONE
    assert world.ask(platform, *pictures) == [match] * 3 + [none] * 3
    withdraw.undo_entry(world.context, owner, 6, world.day)
    assert world.ask(platform, *pictures) == [match] * 3 + [none] * 2 + [match]
    waiting = {one.entry.id - n: one for one in world.waiting()}
    assert list(waiting[1].concerns) == [Concern.MANY_MATCHES]
    assert set(waiting) == {1, 3}  # of many cases there is one left, which is judged anew
    seen = {event.n for event in status.of_case(world.context, owner).events}
    assert seen == {1, 2, 3, 6}
    world.context = open_context()
    assert world.ask(platform, *pictures) == [match] * 3 + [none] * 2 + [match]


def test_what_a_person_holds_stays_held_when_the_store_goes_back(world: World) -> None:
    owner = world.open()
    exclude.exclude(world.context, [world.picture(world.pdq(), world.phash())], world.day)
    with world.context.database.write_changes() as tx:
        entry = entries.of_case(tx, owner.case_id)[0]
        entries.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.REVIEW)
        entries.mark_reviewed(tx, entry, DAY)
    world.context.database.downgrade("0005")
    with world.context.database.engine.connect() as connection:
        query = "SELECT status, reason, reviewed FROM entries"
        assert tuple(connection.exec_driver_sql(query).one()) == ("quarantined", "disputed", True)
    world.context.database.migrate()
    with world.context.database.read() as tx:
        assert entries.of_case(tx, owner.case_id)[0].hold is HoldReason.REVIEW
    assert [one.signals for one in exclude.listed(world.context)] == [1, 1]


def test_what_was_said_counts_for_matches_and_for_what_was_near(world: World) -> None:
    """Before 0013 one word of a platform counted for both; what was only near is no match's now."""
    owner = world.open(world.picture())
    n, actors = world.entry_id(owner), [world.actor(name) for name in ("Match", "Both", "Near")]
    verdicts = [(Verdict.MATCH,), (Verdict.MATCH, Verdict.NEAR), (Verdict.NEAR,)]
    with world.context.database.write() as tx:
        for actor, of_actor in zip(actors, verdicts, strict=True):
            for reference in ("a", "b"):
                row = Sighting(n, actor.id, DAY, Source.LOOKUP, Verdict.NEAR, reference)
                sightings.record(tx, [replace(row, verdict=one) for one in of_actor])
    world.context.database.downgrade("0012")
    for actor in actors:
        say = "INSERT INTO feedback (entry_id, actor_id, value, given_on) VALUES (:n, :a, :v, :d)"
        run(world, say, n=n, a=actor.id, v="not_blocked", d=DAY)
    world.context.database.migrate()
    with world.context.database.read() as tx:
        columns = (schema.feedback.c.actor_id, schema.feedback.c.verdict)
        kept = {(row[0], Verdict(row[1])) for row in tx.execute(sa.select(*columns))}
        assert kept == {
            (actor.id, one)
            for actor, of_actor in zip(actors, verdicts, strict=True)
            for one in of_actor
        }
        assert [one.platform for one in feedback.on_entries(tx, [n])[n]] == ["Both", "Match"]
        assert tx.scalars(sa.select(schema.sightings.c.count)).all() == [2] * 4
