from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from hashing.signals import (
    ContentKind,
    ContentSignals,
    FrameSignal,
    SignalType,
    ViewSignals,
    Window,
    WindowSignal,
)
from service.domain import match_policy
from service.domain.actor import Actor, Owner
from service.domain.case import Entry, EntryStatus, erase_day
from service.domain.sighting import Feedback, Source, Verdict
from service.matching.codes import Codes, Most, Neighbours, codes_of
from service.search.orientations import oriented
from service.store import changes, entries, feedback
from service.store.database import Tx
from service.store.schema import cases, progress, sightings, signals
from service.workflows import exclude, observe, reconcile, retention, review, status, withdraw
from service.workflows.context import Context
from service.workflows.observe import Claim

if TYPE_CHECKING:
    from tests.server.conftest import World

ADDRESS = "https://example.org/a"


def seen(world: World, actor: Actor, *contents: ContentSignals) -> None:
    claims = [Claim(content, f"{ADDRESS}{n}") for n, content in enumerate(contents)]
    observe.observe(world.context, actor, claims, world.day)


def told(world: World, owner: Owner) -> list[tuple[int, str]]:
    events = status.of_case(world.context, owner).events
    assert {event.source for event in events} <= {Source.OBSERVATION}
    return [(event.n, event.platform) for event in events]


def verdicts(world: World) -> list[str]:
    with world.context.database.read() as tx:
        return list(tx.scalars(sa.select(sightings.c.verdict).order_by(sightings.c.id)))


def test_with_nothing_to_do_nothing_is_done(world: World) -> None:
    assert reconcile.reconcile(world.context, world.day) == 0


@pytest.mark.parametrize("first", ["observation", "case"])
@pytest.mark.parametrize("kind", ["pdq", "md5", "sha256"])
def test_of_an_observation_and_a_case_the_later_finds_the_earlier(
    world: World, first: str, kind: str
) -> None:
    signal = {"pdq": world.pdq, "md5": world.md5, "sha256": world.sha256}[kind]()
    picture, actor = world.picture(signal), world.actor()
    if first == "observation":
        seen(world, actor, picture)
        world.work()
        owner = world.open(picture)
    else:
        owner = world.open(picture)
        world.work()
        seen(world, actor, picture)
    assert told(world, owner) == []
    world.work()
    assert told(world, owner) == [(1, "Somewhere")]


@pytest.mark.parametrize("worked_between", [False, True])
def test_whichever_process_took_the_observation(
    world: World, open_context: Callable[[], Context], *, worked_between: bool
) -> None:
    picture, actor = world.picture(), world.actor()
    here, elsewhere, worker = world.context, open_context(), open_context()
    world.context = elsewhere
    seen(world, actor, picture)
    if worked_between:
        world.context = worker
        world.work()
    world.context = here
    owner = world.open(picture)
    world.context = worker
    world.work()
    assert told(world, owner) == [(1, "Somewhere")]


@pytest.mark.stores("sqlite", "postgresql")
def test_a_crash_between_commit_and_work_loses_nothing(
    world: World, open_context: Callable[[], Context]
) -> None:
    """The worker's place is in the store: whoever comes next goes on from there."""
    picture, actor = world.picture(), world.actor()
    seen(world, actor, picture)
    owner = world.open(picture)
    world.context.database.close()
    world.context = open_context()
    world.work()
    assert told(world, owner) == [(1, "Somewhere")]


@pytest.mark.stores("sqlite", "postgresql")
def test_a_crash_in_the_middle_of_the_work_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = world.picture()
    seen(world, world.actor(), picture)
    owner = world.open(picture)

    real = changes.set_reached

    def crash(tx: Tx, name: str, position: int) -> None:
        if name == changes.WORKER:
            raise KeyboardInterrupt
        real(tx, name, position)

    with monkeypatch.context() as patch:
        patch.setattr(changes, "set_reached", crash)
        with pytest.raises(KeyboardInterrupt):
            world.work()
    assert told(world, owner) == []
    world.work()
    assert told(world, owner) == [(1, "Somewhere")]


def test_every_entry_of_the_same_bytes_is_told(world: World) -> None:
    picture = world.picture(world.sha256())
    owners = [world.open(picture) for _ in range(3)]
    seen(world, world.actor(), picture)
    world.work()
    assert [told(world, owner) for owner in owners] == [[(1, "Somewhere")]] * 3


def test_every_platform_that_saw_the_same_bytes_is_told(world: World) -> None:
    picture = world.picture(world.sha256())
    for name in ("One", "Other", "Third"):
        seen(world, world.actor(name), picture)
    owner = world.open(picture)
    world.work()
    assert told(world, owner) == [(1, "One"), (1, "Other"), (1, "Third")]


@pytest.mark.stores("sqlite", "postgresql")
def test_one_of_two_batches_knows_the_frames_of_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "BATCH", 7)
    frames = [world.value() for _ in range(20)]
    owner = world.open(world.video(frames))
    world.work()
    seen(world, world.actor(), world.video([world.value(), *frames[5:15]]))
    world.work()
    assert set(verdicts(world)) == {"match"}
    assert told(world, owner) == [(1, "Somewhere")]
    later = world.open(world.video([*(world.value() for _ in range(9)), *frames[6:16]]))
    world.work()
    assert set(verdicts(world)) == {"match"}
    assert told(world, later) == [(1, "Somewhere")]


def test_work_done_twice_shows_once(world: World, open_context: Callable[[], Context]) -> None:
    picture = world.picture()
    owner = world.open(picture)
    seen(world, world.actor(), picture)
    world.work()
    with world.context.database.write() as tx:
        tx.execute(sa.update(progress).values(position=0))
    world.context = open_context()
    world.work()
    assert told(world, owner) == [(1, "Somewhere")]


def test_a_single_frame_is_a_near_sighting_and_hidden_until_blocked(world: World) -> None:
    frames = [world.value() for _ in range(3)]
    actor, owner = world.actor(), world.open(world.video(frames))
    seen(world, actor, world.video([frames[0], world.value()]))
    world.work()
    assert verdicts(world) == [Verdict.NEAR]
    assert told(world, owner) == []
    for said, shown in ((Feedback.PENDING_REVIEW, []), (Feedback.BLOCKED, [(1, "Somewhere")])):
        with world.context.database.write() as tx:
            near = Verdict.NEAR
            feedback.record(tx, world.entry_id(owner), actor.id, said, world.day, verdict=near)
        assert told(world, owner) == shown


def test_what_is_withdrawn_or_held_has_no_sighting(world: World) -> None:
    gone, held = world.picture(), world.picture()
    owner, other = world.open(gone), world.open(held)
    seen(world, world.actor(), gone, held)
    withdraw.withdraw_case(world.context, owner, world.day)
    exclude.exclude(world.context, [held], world.day)
    world.work()
    assert world.statuses(other) == [EntryStatus.QUARANTINED]
    assert verdicts(world) == []


@pytest.mark.stores("sqlite", "postgresql")
def test_what_is_withdrawn_while_the_worker_works_has_no_sighting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = world.picture()
    owner = world.open(picture)
    seen(world, world.actor(), picture)
    searcher = world.context.replica.searcher
    real = searcher.search

    def withdrawn_meanwhile(
        space: changes.Space, kind: SignalType, codes: Codes, radius: int
    ) -> Neighbours:
        found = real(space, kind, codes, radius)
        withdraw.withdraw_case(world.context, owner, world.day)
        return found

    monkeypatch.setattr(searcher, "search", withdrawn_meanwhile)
    world.work()
    assert verdicts(world) == []


def test_an_observation_of_excluded_content_is_no_sighting(world: World) -> None:
    public = world.value()
    near = _turned(public, range(20))
    entry = _turned(public, range(40))
    owner = world.open(world.picture(world.pdq(entry)))
    exclude.exclude(world.context, [world.picture(world.pdq(public))], world.day)
    seen(world, world.actor(), world.picture(world.pdq(near)))
    world.work()
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    assert told(world, owner) == []


@pytest.mark.parametrize("first", ["observation", "case"])
@pytest.mark.parametrize("turn", range(8))
def test_what_was_seen_mirrored_or_turned_is_found(world: World, first: str, turn: int) -> None:
    values = [world.value() for _ in range(4)]
    turned = [one.tobytes() for one in oriented(codes_of(values))[:, turn]]
    claims = [world.video(turned), world.picture(world.pdq(turned[0]))]
    contents = [world.video(values), world.picture(world.pdq(values[0]))]
    if first == "observation":
        seen(world, world.actor(), *claims)
        world.work()
        owner = world.open(*contents)
    else:
        owner = world.open(*contents)
        world.work()
        seen(world, world.actor(), *claims)
    world.work()
    assert told(world, owner) == [(1, "Somewhere"), (2, "Somewhere")]


def test_a_view_of_what_was_seen_is_found(world: World) -> None:
    value = world.value()
    view = ViewSignals("content", 80, (value, world.value()))
    plain = ViewSignals("quad", 40, (value,))
    seen(world, world.actor("One"), replace(world.picture(), views=(view,)))
    seen(world, world.actor("Other"), replace(world.picture(), views=(plain,)))
    owner = world.open(world.picture(world.pdq(value)))
    world.work()
    assert told(world, owner) == [(1, "One")]


def test_frames_that_were_seen_are_found_by_their_views(world: World) -> None:
    values = [world.value() for _ in range(4)]
    frames = tuple(
        FrameSignal(at, at, world.pdq(), (ViewSignals("content", 80, (value,)),))
        for at, value in zip(range(0, 4000, 1000), values, strict=True)
    )
    seen(world, world.actor(), ContentSignals(ContentKind.VIDEO, (), frames))
    owner = world.open(world.video([world.value(), *values]))
    world.work()
    assert set(verdicts(world)) == {"match"}
    assert told(world, owner) == [(1, "Somewhere")]


@pytest.mark.parametrize("first", ["exclusion", "case"])
def test_of_an_entry_whose_window_is_excluded_only_the_window_is_forgotten(
    world: World, open_context: Callable[[], Context], first: str
) -> None:
    window = WindowSignal(next(iter(Window)), world.pdq())
    picture = replace(world.picture(), windows=(window,))
    here, elsewhere = world.context, open_context()
    if first == "exclusion":
        exclude.exclude(elsewhere, [world.picture(window.signal)], world.day)
    owner = world.open(picture)
    if first == "case":
        world.work()
        exclude.exclude(elsewhere, [world.picture(window.signal)], world.day)
    world.work()
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    with here.database.read() as tx:
        query = sa.select(signals.c.window).where(signals.c.window.is_not(None))
        assert tx.scalars(query).all() == []
    asked = [world.picture(window.signal), picture]
    assert world.ask(world.actor(), *asked) == [Verdict.NONE, Verdict.MATCH]


def test_an_entry_with_a_gap_leaves_and_comes_back_as_a_whole(
    world: World, open_context: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window between its other signals is forgotten: what is left are two runs of ids."""
    gone, kept = (WindowSignal(window, world.pdq()) for window in list(Window)[:2])
    picture, platform = replace(world.picture(), windows=(gone, kept)), world.actor()
    owner = world.open(picture)
    world.work()
    exclude.exclude(world.context, [world.picture(gone.signal)], world.day)
    world.work()
    asked = [picture, world.picture(kept.signal), world.picture(gone.signal)]
    found = world.ask(platform, *asked)
    assert (found[0], found[2]) == (Verdict.MATCH, Verdict.NONE)
    assert found[1] is not Verdict.NONE
    review.hold(world.context, world.entry_id(owner), world.day)
    assert world.ask(platform, *asked) == [Verdict.NONE] * 3
    world.work()
    review.release(world.context, world.entry_id(owner), world.day)
    monkeypatch.setattr(reconcile, "BATCH", 1)
    assert reconcile.reconcile(world.context, world.day) == 2  # both runs, though that is more
    for context in (world.context, open_context()):
        world.context = context
        assert world.ask(platform, *asked) == found


def _turned(value: bytes, places: Iterable[int]) -> bytes:
    return (int.from_bytes(value) ^ sum(1 << place for place in places)).to_bytes(32)


@pytest.mark.parametrize("observed_first", [False, True])
def test_the_work_grows_no_faster_than_what_comes_in(
    world: World, monkeypatch: pytest.MonkeyPatch, *, observed_first: bool
) -> None:
    """Videos of one title card: twice as many entries are twice the neighbours, not four times."""
    monkeypatch.setattr(reconcile, "BATCH", 10)
    searcher, card, near = world.context.replica.searcher, world.value(), list[int]()
    real = searcher.search

    def counted(
        space: changes.Space,
        kind: SignalType,
        codes: Codes,
        radius: int,
        most: Most | None = None,
    ) -> Neighbours:
        found = real(space, kind, codes, radius, most)
        near.append(len(found.ids))
        return found

    def neighbours_of(entries_: int) -> int:
        cards = [[world.near(card, 4) for _ in range(6)] for _ in range(entries_)]
        if observed_first:
            seen(world, world.actor(), world.video([world.near(card, 4) for _ in range(6)]))
            world.work()
        owners = [world.open(world.video(values)) for values in cards]
        if not observed_first:
            seen(world, world.actor(), world.video([world.near(card, 4) for _ in range(6)]))
        near.clear()
        with monkeypatch.context() as patch:
            patch.setattr(searcher, "search", counted)
            world.work()
        for owner in owners:
            withdraw.erase_case(world.context, owner, world.day)
        retention.purge_observations(world.context, world.day + timedelta(days=365))
        world.work()
        return sum(near)

    few, many = neighbours_of(3), neighbours_of(12)
    assert few >= 3 * 6 * 6
    assert many <= 4.5 * few


def test_neighbours_are_limited_as_in_lookups(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_policy, "MOST_ENTRIES", 3)
    value = world.value()
    owner = world.open(*(world.picture(world.pdq(world.near(value, n))) for n in (9, 2, 5, 7)))
    world.work()
    seen(world, world.actor(), world.picture(world.pdq(value)))
    world.work()
    assert [n for n, _ in told(world, owner)] == [2, 3, 4]


def test_what_belongs_to_one_content_is_never_cut_in_two(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "BATCH", 7)
    world.open(world.video([world.value() for _ in range(20)]), world.picture())
    world.open(world.picture())
    seen(world, world.actor(), world.video([world.value() for _ in range(9)]))
    done = [reconcile.reconcile(world.context, world.day) for _ in range(4)]
    assert done == [1, 2, 1, 0]


def test_what_came_in_together_is_seen_once(world: World) -> None:
    picture = world.picture()
    world.open(picture)
    seen(world, world.actor(), picture)
    world.work()
    with world.context.database.read() as tx:
        assert tx.scalars(sa.select(sightings.c.count)).all() == [1]


def test_an_observation_of_excluded_content_finds_what_a_person_has_released(
    world: World,
) -> None:
    """As a lookup does: the person knew."""
    picture = world.picture()
    owner = world.open(picture)
    exclude.exclude(world.context, [picture], world.day)
    world.work()
    review.release(world.context, world.entry_id(owner), world.day)
    world.work()
    seen(world, world.actor(), picture)
    world.work()
    assert told(world, owner) == [(1, "Somewhere")]


def test_a_popular_picture_stops_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More observations of one entry than a statement has parameters."""
    picture = world.picture(world.md5())
    seen(world, world.actor(), *[picture] * 1000)
    owner = world.open(picture)
    monkeypatch.setattr(reconcile, "BATCH", 5000)
    world.work()
    assert told(world, owner) == [(1, "Somewhere")]
    assert world.context.replica.lag() == 0


@pytest.mark.stores("sqlite", "postgresql")
def test_what_is_due_is_erased_a_few_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ERASED_AT_ONCE", 2)
    owners = [world.open(world.picture(), world.video([world.value()] * 2)) for _ in range(6)]
    later = world.open()
    for owner in owners[:3]:
        withdraw.withdraw_case(world.context, owner, world.day)
    for owner in owners[3:]:
        withdraw.withdraw_entry(world.context, owner, 1, world.day)
    withdraw.withdraw_case(world.context, later, world.day + timedelta(days=1))
    done = [retention.erase_withdrawn(world.context, erase_day(world.day)) for _ in range(6)]
    assert done == [2, 2, 2, 2, 1, 0]
    withdrawn, active = EntryStatus.WITHDRAWN, EntryStatus.ACTIVE
    assert [world.statuses(owner) for owner in owners[:3]] == [[withdrawn] * 2] * 3
    assert [world.statuses(owner) for owner in owners[3:]] == [[withdrawn, active]] * 3
    assert world.statuses(later) == [EntryStatus.WITHDRAWING]
    for owner in owners[:3]:
        told = status.of_case(world.context, owner)
        assert (told.withdrawn_on, told.erase_on) == (world.day, None)
    with world.context.database.read() as tx:
        holders = set(tx.scalars(sa.select(signals.c.entry_id)))
        assert len(holders) == 4
        left = tx.scalars(sa.select(cases.c.number).where(cases.c.erase_on.is_not(None)))
        assert left.all() == [later.case_number]


def test_an_entry_withdrawn_before_its_case_is_erased_on_its_own_day(world: World) -> None:
    owner = world.open(world.picture(), world.picture())
    withdraw.withdraw_entry(world.context, owner, 1, world.day)
    withdraw.withdraw_case(world.context, owner, world.day + timedelta(days=1))
    assert retention.erase_withdrawn(world.context, erase_day(world.day)) == 1
    assert world.statuses(owner) == [EntryStatus.WITHDRAWN, EntryStatus.WITHDRAWING]
    assert withdraw.undo_case(world.context, owner, world.day) == 1


@pytest.mark.stores("sqlite", "postgresql")
def test_a_crash_in_the_middle_of_erasing_leaves_a_case_whole(
    world: World, open_context: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = world.open(*(world.picture() for _ in range(3)))
    withdraw.withdraw_case(world.context, owner, world.day)
    real, erased = entries.erase, list[int]()

    def crash(tx: Tx, entry: Entry) -> None:
        if len(erased) == 2:
            raise KeyboardInterrupt
        erased.append(entry.n)
        real(tx, entry)

    with monkeypatch.context() as patch:
        patch.setattr(entries, "erase", crash)
        with pytest.raises(KeyboardInterrupt):
            retention.erase_withdrawn(world.context, erase_day(world.day))
    assert erased == [1, 2]
    assert world.statuses(owner) == [EntryStatus.WITHDRAWING] * 3
    world.context.database.close()
    world.context = open_context()
    assert withdraw.undo_case(world.context, owner, world.day) == 3
    withdraw.withdraw_case(world.context, owner, world.day)
    assert retention.erase_withdrawn(world.context, erase_day(world.day)) == 3
    assert world.statuses(owner) == [EntryStatus.WITHDRAWN] * 3


@pytest.mark.stores("sqlite", "postgresql")
def test_several_workers_erase_each_once(world: World, open_context: Callable[[], Context]) -> None:
    owners = [world.open(world.picture(), world.picture()) for _ in range(5)]
    for owner in owners:
        withdraw.withdraw_case(world.context, owner, world.day)

    def work(context: Context) -> int:
        return sum(iter(lambda: retention.erase_withdrawn(context, erase_day(world.day)), 0))

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, [world.context, open_context(), open_context()])) == 10
    assert [world.statuses(owner) for owner in owners] == [[EntryStatus.WITHDRAWN] * 2] * 5
