"""A withdrawal that is undone, in time or too late, and what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from service.domain.case import EntryStatus, HoldReason, erase_day
from service.domain.errors import NotFound, Withdrawn
from service.domain.sighting import Feedback, Verdict
from service.store import schema
from service.workflows import (
    exclude,
    intake,
    observe,
    respond,
    retention,
    review,
    status,
    withdraw,
)
from service.workflows.context import Context
from service.workflows.observe import Claim
from service.workflows.respond import Response
from tests.server.following import signals_in

if TYPE_CHECKING:
    from tests.server.conftest import World

ACTIVE, QUARANTINED = EntryStatus.ACTIVE, EntryStatus.QUARANTINED
WITHDRAWING, WITHDRAWN = EntryStatus.WITHDRAWING, EntryStatus.WITHDRAWN
MATCH, NEAR, NONE = Verdict.MATCH, Verdict.NEAR, Verdict.NONE
NO = Feedback.NOT_BLOCKED


def test_what_is_withdrawn_is_not_found_and_after_an_undo_it_is_at_once(world: World) -> None:
    whole = [world.picture(world.pdq(), world.phash(), world.sha256()), world.picture(world.md5())]
    mine = [*whole, world.video([world.value() for _ in range(4)])]
    owner, platform = world.open(*mine), world.actor()
    assert world.ask(platform, *mine) == [MATCH] * 3
    for _ in range(2):
        withdraw.withdraw_case(world.context, owner, world.day)
        assert world.ask(platform, *mine) == [NONE] * 3
        assert withdraw.undo_case(world.context, owner, world.day) == 3
        assert withdraw.undo_case(world.context, owner, world.day) == 0
        assert world.ask(platform, *mine) == [MATCH] * 3
    told = status.of_case(world.context, owner)
    assert (told.withdrawn_on, told.erase_on) == (None, None)
    assert [(e.status, e.undo_to, e.erase_on) for e in told.entries] == [(ACTIVE, None, None)] * 3


def test_one_entry_comes_back_alone(world: World) -> None:
    first, second, platform = world.picture(), world.picture(), world.actor()
    owner = world.open(first, second)
    for n in (1, 2):
        withdraw.withdraw_entry(world.context, owner, n, world.day)
    assert withdraw.undo_entry(world.context, owner, 2, world.day) == 1
    assert withdraw.undo_entry(world.context, owner, 2, world.day) == 0
    assert world.ask(platform, first, second) == [NONE, MATCH]
    with pytest.raises(NotFound):
        withdraw.undo_entry(world.context, owner, 3, world.day)


@pytest.mark.parametrize("flushed", [False, True])
def test_another_process_follows_and_one_that_starts_meanwhile_knows_it_not(
    world: World, open_context: Callable[[], Context], *, flushed: bool
) -> None:
    picture, platform = world.picture(world.pdq(), world.phash(), world.sha256()), world.actor()
    owner = world.open(picture)
    here, there = world.context, open_context()
    if flushed:
        here.replica.flush()
    withdraw.withdraw_case(here, owner, world.day)
    started = open_context()
    for world.context in (here, there, started):
        assert world.ask(platform, picture) == [NONE]
    started.replica.catch_up()
    assert signals_in(started) == 0
    withdraw.undo_case(here, owner, world.day)
    for world.context in (here, there, started, open_context()):
        world.context.replica.catch_up()
        assert world.ask(platform, picture) == [MATCH]
        assert world.context.replica.lag() == 0


def test_a_bank_read_anew_meanwhile_leaves_it_out(
    world: World, open_context: Callable[[], Context]
) -> None:
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture)
    withdraw.withdraw_case(world.context, owner, world.day)
    world.context = open_context()
    world.context.replica.load(anew=True)
    assert signals_in(world.context) == 0
    withdraw.undo_case(world.context, owner, world.day)
    assert world.ask(platform, picture) == [MATCH]


def test_an_undo_of_the_case_brings_back_what_went_with_it(world: World) -> None:
    """Not what the owner had withdrawn before, not even on the same day; that has its own undo."""
    owner = world.open(*(world.picture() for _ in range(3)))
    withdraw.withdraw_entry(world.context, owner, 2, world.day)
    withdraw.erase_entry(world.context, owner, 3)
    assert withdraw.withdraw_case(world.context, owner, world.day).entries == 1
    for n in (1, 2, 3):
        with pytest.raises(Withdrawn, match="withdrawal of the case"):
            withdraw.undo_entry(world.context, owner, n, world.day)
    assert withdraw.undo_case(world.context, owner, world.day) == 1
    assert world.statuses(owner) == [ACTIVE, WITHDRAWING, WITHDRAWN]
    assert withdraw.undo_entry(world.context, owner, 2, world.day) == 1
    with pytest.raises(Withdrawn, match="Add the content again"):
        withdraw.undo_entry(world.context, owner, 3, world.day)


def test_an_undo_comes_until_it_is_erased_and_not_after(world: World) -> None:
    """The day alone takes nothing away: the worker may be late."""
    owner, other = world.open(), world.open()
    withdraw.withdraw_case(world.context, owner, world.day)
    withdraw.withdraw_entry(world.context, other, 1, world.day)
    before = erase_day(world.day) - timedelta(days=1)
    assert retention.erase_withdrawn(world.context, before) == 0
    assert withdraw.undo_case(world.context, owner, world.day) == 1
    withdraw.withdraw_case(world.context, owner, world.day)
    assert [retention.erase_withdrawn(world.context, erase_day(world.day)) for _ in range(3)] == [
        1,
        1,
        0,
    ]
    with pytest.raises(Withdrawn, match="for good"):
        withdraw.undo_case(world.context, owner, world.day)
    with pytest.raises(Withdrawn, match="for good"):
        withdraw.undo_entry(world.context, owner, 1, world.day)
    with pytest.raises(Withdrawn, match="Add the content again"):
        withdraw.undo_entry(world.context, other, 1, world.day)


def held(world: World, owner_of: str) -> HoldReason | None:
    with world.context.database.read() as tx:
        table = schema.entries.join(schema.cases)
        of_case = schema.cases.c.number == owner_of
        query = sa.select(schema.entries.c.reason).select_from(table).where(of_case)
        reason = tx.execute(query).scalar_one()
        return HoldReason(reason) if reason else None


@pytest.mark.parametrize("reviewed", [False, True])
@pytest.mark.parametrize("way", ["case", "entry"])
def test_what_was_held_stays_held(world: World, way: str, *, reviewed: bool) -> None:
    picture, platform = world.picture(), world.actor()
    exclude.exclude(world.context, [world.near_picture(picture, 20)], world.day)
    world.context.replica.catch_up()
    owner = world.open(picture)
    if reviewed:
        review.keep(world.context, world.entry_id(owner), world.day)
    waiting = world.waiting()
    assert len(waiting) == (0 if reviewed else 1)
    if way == "case":
        withdraw.withdraw_case(world.context, owner, world.day)
    else:
        withdraw.withdraw_entry(world.context, owner, 1, world.day)
    assert world.waiting() == []
    for act in (review.release, review.keep, review.hold):
        with pytest.raises(NotFound):
            act(world.context, world.entry_id(owner), world.day)
    if way == "case":
        withdraw.undo_case(world.context, owner, world.day)
    else:
        withdraw.undo_entry(world.context, owner, 1, world.day)
    assert world.statuses(owner) == [QUARANTINED]
    assert held(world, owner.case_number) == HoldReason.EXCLUDED
    assert world.waiting() == waiting
    assert world.ask(platform, picture) == [NONE]
    world.work()
    assert world.statuses(owner) == [QUARANTINED]


def test_what_a_person_had_released_is_matched_again_and_not_held_again(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    exclude.exclude(world.context, [picture], world.day)
    world.context.replica.catch_up()
    owner = world.open(picture)
    review.release(world.context, world.entry_id(owner), world.day)
    withdraw.withdraw_case(world.context, owner, world.day)
    withdraw.undo_case(world.context, owner, world.day)
    world.work()
    assert world.ask(platform, picture) == [MATCH]
    assert world.statuses(owner) == [ACTIVE]


def test_what_was_excluded_meanwhile_is_held_once_it_is_back(world: World) -> None:
    picture = world.picture()
    owner = world.open(picture)
    withdraw.withdraw_case(world.context, owner, world.day)
    exclude.exclude(world.context, [world.near_picture(picture, 20)], world.day)
    world.work()
    assert world.statuses(owner) == [WITHDRAWING]
    withdraw.undo_case(world.context, owner, world.day)
    world.work()
    assert world.statuses(owner) == [QUARANTINED]
    assert held(world, owner.case_number) == HoldReason.EXCLUDED


def test_what_was_disputed_meanwhile_is_matched_and_concerns_a_reviewer(world: World) -> None:
    picture = world.picture()
    actors = [world.actor("One"), world.actor("Other")]
    owner = world.open(picture)
    given = {actor: world.reference(actor, picture) for actor in actors}
    withdraw.withdraw_case(world.context, owner, world.day)
    for actor, reference in given.items():
        respond.respond(world.context, actor, [Response(reference, NO)], world.day)
    assert world.statuses(owner) == [WITHDRAWING]
    assert world.waiting() == []
    withdraw.undo_case(world.context, owner, world.day)
    assert world.statuses(owner) == [ACTIVE]
    assert world.ask(actors[0], picture) == [NEAR]
    assert world.ask(world.actor("Third"), picture) == [MATCH]
    (waiting,) = world.waiting()
    assert [one.platform for one in waiting.opinions] == ["One", "Other"]


def test_what_is_seen_meanwhile_is_told_after_the_undo_and_never_without(world: World) -> None:
    picture, other, platform = world.picture(), world.picture(), world.actor()
    owner, gone = world.open(picture), world.open(other)
    for each in (owner, gone):
        withdraw.withdraw_case(world.context, each, world.day)
    claims = [Claim(one, "https://a.example") for one in (picture, other)]
    observe.observe(world.context, platform, claims, world.day)
    world.ask(platform, picture, other)
    world.work()
    withdraw.erase_case(world.context, gone, world.day)
    assert withdraw.undo_case(world.context, owner, world.day) == 1
    world.work()
    assert [event.n for event in status.of_case(world.context, owner).events] == [1]
    assert status.of_case(world.context, gone).events == []


def test_the_same_content_again_takes_the_place_of_what_is_withdrawing(world: World) -> None:
    picture, platform = world.picture(world.pdq(), world.sha256()), world.actor()
    owner = world.open(picture)
    withdraw.withdraw_entry(world.context, owner, 1, world.day)
    assert intake.add_entries(world.context, owner, [picture], world.day).new == 1
    assert intake.add_entries(world.context, owner, [picture], world.day).new == 0
    assert world.statuses(owner) == [WITHDRAWN, ACTIVE]
    assert world.ask(platform, picture) == [MATCH]
    with pytest.raises(Withdrawn, match="Add the content again"):
        withdraw.undo_entry(world.context, owner, 1, world.day)
    with world.context.database.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(schema.signals)) == 2


def test_another_case_of_the_same_content_is_as_any_other(world: World) -> None:
    """Settings of these tests: three other cases are many. What is withdrawing is not counted."""
    picture, platform = world.picture(), world.actor()
    owners = [world.open(picture) for _ in range(3)]
    withdraw.withdraw_case(world.context, owners[0], world.day)
    later = world.open(picture)
    assert world.statuses(later) == [ACTIVE]
    assert world.ask(platform, picture) == [MATCH]
    withdraw.undo_case(world.context, owners[0], world.day)
    assert [world.statuses(one) for one in (*owners, later)] == [[ACTIVE]] * 4


@pytest.mark.stores("sqlite", "postgresql")
def test_undone_and_erased_at_once_it_is_whole_or_gone(world: World) -> None:
    pictures, platform = [world.picture() for _ in range(6)], world.actor()
    owner = world.open(*pictures)
    withdraw.withdraw_case(world.context, owner, world.day)

    def undo() -> int:
        try:
            return withdraw.undo_case(world.context, owner, world.day)
        except Withdrawn:
            return 0

    with ThreadPoolExecutor(4) as pool:
        undone = [pool.submit(undo) for _ in range(2)]
        erased = [
            pool.submit(retention.erase_withdrawn, world.context, erase_day(world.day))
            for _ in range(2)
        ]
        back, gone = sum(one.result() for one in undone), sum(one.result() for one in erased)
    assert (back, gone) in {(6, 0), (0, 6)}
    assert world.statuses(owner) == [ACTIVE if back else WITHDRAWN] * 6
    assert world.ask(platform, *pictures) == [MATCH if back else NONE] * 6


def test_the_note_comes_back_with_the_case(world: World) -> None:
    owner = world.open()
    note = world.context.seals.seal("something private")
    query = sa.select(schema.cases.c.note)
    with world.context.database.write() as tx:
        tx.execute(sa.update(schema.cases).values(note=note))
    withdraw.withdraw_case(world.context, owner, world.day)
    withdraw.undo_case(world.context, owner, world.day)
    with world.context.database.read() as tx:
        assert bytes(tx.execute(query).scalar_one()) == note
