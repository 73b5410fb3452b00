"""What happens to a case is in the outbox with its cause, once, and for nobody who did not ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from service.domain.actor import Actor, Owner, Role
from service.domain.alert import Cause, ChannelKind
from service.domain.sighting import Feedback, Sighting, Source, Verdict
from service.domain.watch import Clock, Outcome, target
from service.workflows import (
    crawl,
    deliver,
    drain,
    exclude,
    lookup,
    observe,
    respond,
    retention,
    review,
    safe_contact,
    watching,
    withdraw,
)
from service.workflows.crawl import VisitReport
from service.workflows.observe import Claim, LeasedVisit
from service.workflows.respond import Response
from tests.server import listening

if TYPE_CHECKING:
    from hashing.signals import ContentSignals
    from tests.server.conftest import World

ADDRESS = "https://forum.example/1"


class Scene:
    """A case that listens, another one with the same content that does not, and a platform."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.content: ContentSignals = world.picture()
        self.owner: Owner = world.open(self.content)
        self.other: Owner = world.open(self.content)
        self.platform: Actor = world.actor()
        world.work()
        listening.listen(world, self.owner)

    @property
    def causes(self) -> list[Cause]:
        assert listening.causes(self.world, self.other) == []
        return listening.causes(self.world, self.owner)

    def respond(self, value: Feedback, content: ContentSignals | None = None) -> None:
        reference = self.world.reference(self.platform, content or self.content)
        responses = [Response(reference, value)]
        respond.respond(self.world.context, self.platform, responses, self.world.day)


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


@pytest.mark.stores("sqlite", "postgresql")
def test_a_sighting_is_news_once_a_day_for_each_platform(scene: Scene) -> None:
    scene.world.ask(scene.platform, scene.content)
    assert scene.causes == [Cause.SIGHTING]
    scene.world.ask(scene.platform, scene.content)
    assert scene.causes == [Cause.SIGHTING]
    scene.world.ask(scene.world.actor("Elsewhere"), scene.content)
    assert scene.causes == [Cause.SIGHTING] * 2
    scene.world.day += timedelta(days=1)
    scene.world.ask(scene.platform, scene.content)
    assert scene.causes == [Cause.SIGHTING] * 3


@pytest.mark.stores("sqlite", "postgresql")
def test_what_is_near_is_news_once_it_is_blocked(scene: Scene) -> None:
    near = scene.world.near_picture(scene.content, 40)
    scene.world.ask(scene.platform, near)
    assert scene.causes == []
    scene.respond(Feedback.PENDING_REVIEW, near)
    scene.respond(Feedback.NOT_BLOCKED, near)
    assert scene.causes == []
    scene.respond(Feedback.BLOCKED, near)
    assert scene.causes == [Cause.DECISION]
    scene.world.day += timedelta(days=1)
    scene.world.ask(scene.platform, near)
    assert scene.causes == [Cause.DECISION, Cause.SIGHTING]


def test_a_decision_is_news_when_it_changes(scene: Scene) -> None:
    scene.respond(Feedback.PENDING_REVIEW)
    assert scene.causes == [Cause.SIGHTING]
    for value, number in (
        (Feedback.BLOCKED, 1),
        (Feedback.BLOCKED, 1),
        (Feedback.NOT_BLOCKED, 2),
        (Feedback.PENDING_REVIEW, 2),
    ):
        scene.respond(value)
        assert scene.causes == [Cause.SIGHTING, *[Cause.DECISION] * number]


def test_an_observation_is_news_once_it_is_compared(scene: Scene) -> None:
    claims = [Claim(scene.content, ADDRESS)]
    observe.observe(scene.world.context, scene.platform, claims, scene.world.day)
    assert scene.causes == []
    scene.world.work()
    assert scene.causes == [Cause.SIGHTING]


@pytest.mark.stores("sqlite", "postgresql")
def test_sightings_of_the_journal_are_news(scene: Scene) -> None:
    world = scene.world
    with world.context.database.write():  # somebody holds the store, so that it waits
        if world.context.database.engine.dialect.name == "sqlite":
            world.ask(scene.platform, scene.content)
    if world.context.database.engine.dialect.name == "postgresql":
        entry_id = world.entry_id(scene.owner)
        seen = [
            Sighting(
                entry_id,
                scene.platform.id,
                world.day,
                Source.LOOKUP,
                Verdict.MATCH,
                "a" * 24,
            )
        ]
        world.context.journal.append(seen)
    assert scene.causes == []
    drain.drain(world.context, world.day)
    assert scene.causes == [Cause.SIGHTING]


def test_holding_and_releasing_are_news(scene: Scene) -> None:
    context, day = scene.world.context, scene.world.day
    entry_id = scene.world.entry_id(scene.owner)
    review.hold(context, entry_id, day)
    review.release(context, entry_id, day)
    assert scene.causes == [Cause.HELD, Cause.RELEASED]


def test_what_an_exclusion_holds_and_releases_is_news(scene: Scene) -> None:
    context, day = scene.world.context, scene.world.day
    exclude.exclude(context, [scene.content], day)
    scene.world.work()
    assert scene.causes == [Cause.HELD]
    (exclusion,) = exclude.listed(context)
    exclude.remove(context, exclusion.id, day)
    assert scene.causes == [Cause.HELD, Cause.RELEASED]


def test_a_withdrawal_is_news_and_its_repetition_is_not(scene: Scene) -> None:
    context, day = scene.world.context, scene.world.day
    for _ in range(2):
        withdraw.withdraw_entry(context, scene.owner, 1, day)
        assert scene.causes == [Cause.WITHDRAWAL]
    for _ in range(2):
        withdraw.withdraw_case(context, scene.owner, day)
        assert scene.causes == [Cause.WITHDRAWAL] * 2


@pytest.mark.stores("sqlite", "postgresql")
def test_erasing_leaves_nothing_of_how_to_tell_anybody(scene: Scene) -> None:
    scene.world.ask(scene.platform, scene.content)
    listening.gathered(scene.world)
    scene.world.ask(scene.world.actor("Elsewhere"), scene.content)
    withdraw.erase_case(scene.world.context, scene.owner, scene.world.day)
    with scene.world.context.database.read() as tx:
        for table in ("contacts", "channels", "alerts", "deliveries"):
            assert tx.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608


class Crawled:
    """An address of a case, and a crawler that looks there."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.second = scene, 0
        world = scene.world
        self.crawler = world.actor("Crawler", Role.CRAWLER)
        watching.add(world.context, scene.owner, target(ADDRESS), world.day)

    def look(self, outcome: Outcome, *, found: bool = False, reconciled: bool = True) -> None:
        world = self.scene.world
        self.second += 8 * 86_400
        now = Clock(world.day, self.second)
        (leased,) = crawl.lease(world.context, self.crawler, 1, now)
        if found:
            visit = LeasedVisit(leased.watch, leased.lease)
            claims = [Claim(self.scene.content, ADDRESS, visit)]
            observe.observe(world.context, self.crawler, claims, world.day)
        report = VisitReport(leased.watch, leased.lease, outcome)
        crawl.report(world.context, self.crawler, [report], now)
        if reconciled:
            world.work()


@pytest.mark.stores("sqlite", "postgresql")
def test_what_is_gone_or_came_back_is_news_once_the_worker_has_compared(scene: Scene) -> None:
    """A look that found it must not be taken for one that did not, because that comes first."""
    crawled, world = Crawled(scene), scene.world
    crawled.look(Outcome.SEEN, found=True)
    assert scene.causes == [Cause.LOOK, Cause.SIGHTING]
    assert len(listening.gathered(world)) == 1
    crawled.look(Outcome.SEEN, found=True, reconciled=False)
    listening.gathered(world)
    assert scene.causes == [Cause.LOOK]  # nobody knows yet
    world.work()
    assert _told(scene) == 1  # it is still there
    assert scene.causes == []
    for outcome, found, told in (
        (Outcome.GONE, False, 2),
        (Outcome.UNCHANGED, False, 2),
        (Outcome.FAULT, False, 2),
        (Outcome.SEEN, True, 3),
        (Outcome.SEEN, False, 4),
    ):
        crawled.look(outcome, found=found)
        assert _told(scene) == told, outcome


def _told(scene: Scene) -> int:
    """How many messages were made, if each was sent before the next."""
    world = scene.world
    with world.context.database.write() as tx:
        tx.execute(sa.text("UPDATE deliveries SET state = 'sent', due_at = NULL"))
    return len(listening.gathered(world))


@contextmanager
def rolled_back(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have every write fail at its very end."""
    database = world.context.database
    whole = database.write

    @contextmanager
    def failing(**more: Any) -> Iterator[Any]:
        with whole(**more) as tx:
            yield tx
            raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(database, "write", failing)
        with pytest.raises(OSError):  # noqa: PT011 (the one above)
            yield


ACTS: dict[str, Callable[[Scene], object]] = {
    "lookup": lambda scene: lookup.lookup(
        scene.world.context, scene.platform, [scene.content], scene.world.day
    ),
    "respond": lambda scene: respond.respond(
        scene.world.context,
        scene.platform,
        [Response(scene.world.reference(scene.platform, scene.content), Feedback.BLOCKED)],
        scene.world.day,
    ),
    "hold": lambda scene: review.hold(
        scene.world.context, scene.world.entry_id(scene.owner), scene.world.day
    ),
    "withdraw": lambda scene: withdraw.withdraw_case(
        scene.world.context, scene.owner, scene.world.day
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_without_its_cause_there_is_no_alert(
    scene: Scene, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rolled_back(scene.world, monkeypatch):
        ACTS[act](scene)
    assert scene.causes == []


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    engine = world.context.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield said
    sa.event.remove(engine, "before_cursor_execute", note)


@pytest.mark.stores("sqlite", "postgresql")
def test_a_lookup_costs_nothing_more_where_nobody_listens(world: World) -> None:
    """Counted in statements: each is a way to the store and back. There were as many before."""
    content, platform = world.picture(), world.actor()
    owner = world.open(content)
    world.ask(platform, content)
    with statements(world) as quiet:
        world.ask(platform, content)
    assert len(quiet) == 8
    listening.listen(world, owner)
    with statements(world) as heard:
        world.ask(platform, content)
    assert len(heard) > len(quiet)


def test_an_owner_without_a_contact_is_told_nothing(world: World) -> None:
    content = world.picture()
    owner = world.open(content)
    world.ask(world.actor(), content)
    withdraw.withdraw_case(world.context, owner, world.day)
    assert listening.causes(world, owner) == []
    assert listening.gathered(world) == []


def test_a_case_that_is_withdrawn_is_told_that_and_nothing_else(scene: Scene) -> None:
    world = scene.world
    world.ask(scene.platform, scene.content)
    with world.context.database.write() as tx:
        tx.execute(sa.text("UPDATE cases SET withdrawn_on = opened_on"))
    assert listening.gathered(world) == []
    with world.context.database.write() as tx:
        tx.execute(sa.text("UPDATE cases SET withdrawn_on = NULL"))
    withdraw.withdraw_case(world.context, scene.owner, world.day)
    assert len(listening.gathered(world)) == 1


def test_a_channel_that_is_muted_is_told_nothing(scene: Scene) -> None:
    world = scene.world
    muted = replace(listening.contact(world.day), muted_until=world.day + timedelta(days=3))
    safe_contact.choose(world.context, scene.owner, muted)
    world.ask(scene.platform, scene.content)
    assert listening.gathered(world) == []
    world.day += timedelta(days=3)
    world.ask(scene.platform, scene.content)
    assert len(listening.gathered(world)) == 1


def test_what_nobody_confirmed_and_what_is_old_is_forgotten(world: World) -> None:
    context, owner = world.context, world.open()
    listening.listen(world, owner)
    withdraw.withdraw_entry(context, owner, 1, world.day)
    (row,) = listening.gathered(world)
    deliver.deliver(context, lambda: Clock(world.day, row.due_at))
    chosen, now = listening.contact(world.day), listening.clock(world.day)
    kind, address = ChannelKind.WEBHOOK, "https://example.org/"
    safe_contact.set_up(context, owner, chosen, kind, address, now)
    for days, channels, sent in ((2, 2, 1), (3, 1, 1), (30, 1, 1), (31, 1, 0)):
        retention.purge_alerts(context, world.day + timedelta(days=days))
        assert len(safe_contact.of_case(context, owner).channels) == channels
        assert [one.state for one in listening.rows(context)].count("sent") == sent
