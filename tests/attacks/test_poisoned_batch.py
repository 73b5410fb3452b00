"""One content that cannot be reconciled keeps neither the others nor erasure from their turn."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hashing.signals import ContentSignals
from service import worker
from service.domain import match_policy
from service.domain.case import EntryStatus
from service.domain.errors import NotReady, StoreFull
from service.domain.match_policy import Candidate, EntryVerdict
from service.jobs import JOBS
from service.replica.follower import Replica
from service.search import matcher
from service.search.matcher import ObservationVerdict
from service.search.queries import MOST_REPEATS
from service.store import changes, set_aside
from service.workflows import observe, reconcile, second_try, status, withdraw
from service.workflows.observe import Claim
from service.workflows.progress import Progress
from tests.server.test_worker import running, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.domain.actor import Owner
    from tests.server.conftest import World

REAL = matcher.match_observations


def poison(
    world: World, monkeypatch: pytest.MonkeyPatch, error: type[BaseException] = MemoryError
) -> tuple[list[Owner], list[ContentSignals]]:
    """Nine cases, and nine observations of their content; the fifth is too much for the worker."""
    pictures = [world.picture() for _ in range(9)]
    owners = [world.open(picture) for picture in pictures]
    world.work()
    actor = world.actor()
    for picture in pictures:
        observe.observe(world.context, actor, [Claim(picture, "https://a.example")], world.day)

    def too_much(replica: Replica, ids: Sequence[int]) -> list[ObservationVerdict]:
        if 5 in ids:
            raise error
        return REAL(replica, ids)

    monkeypatch.setattr(matcher, "match_observations", too_much)
    return owners, pictures


def told(world: World, owners: Sequence[Owner]) -> list[int]:
    return [len(status.of_case(world.context, owner).events) for owner in owners]


@pytest.mark.stores("sqlite", "postgresql")
def test_a_poisoned_content_is_set_aside_and_the_others_are_reconciled(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owners, _ = poison(world, monkeypatch)
    with caplog.at_level(logging.ERROR, "service"):
        world.work()
    assert told(world, owners) == [1, 1, 1, 1, 0, 1, 1, 1, 1]
    (left,) = second_try.listed(world.context)
    assert (left.subject, left.error) == (("observed", 5), "MemoryError")
    (record,) = caplog.records
    assert vars(record)["error"] == "MemoryError"
    with world.context.database.read() as tx:
        assert changes.reached(tx, changes.WORKER) == changes.last(tx)


@pytest.mark.parametrize("error", [NotReady, StoreFull])
def test_a_store_that_cannot_be_used_is_no_fault_of_a_content(
    world: World, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    owners, _ = poison(world, monkeypatch, error)
    with pytest.raises(error):
        world.work()
    assert second_try.number(world.context) == 0
    monkeypatch.setattr(matcher, "match_observations", REAL)
    world.work()
    assert told(world, owners) == [1] * 9


@pytest.mark.stores("sqlite", "postgresql")
def test_what_was_set_aside_is_tried_again_and_nothing_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners, _ = poison(world, monkeypatch)
    world.work()
    assert reconcile.retry_set_aside(world.context, world.day) == 0
    for attempts in range(2, reconcile.MOST_ATTEMPTS + 1):  # once a day
        world.day += timedelta(days=1)
        assert reconcile.retry_set_aside(world.context, world.day) == 1
        assert second_try.listed(world.context)[0].attempts == attempts
    assert reconcile.retry_set_aside(world.context, world.day + timedelta(days=1)) == 0
    monkeypatch.setattr(matcher, "match_observations", REAL)
    assert second_try.request(world.context, world.day) == 1
    assert reconcile.retry_set_aside(world.context, world.day) == 1
    assert told(world, owners) == [1] * 9
    assert second_try.number(world.context) == 0


def test_what_was_set_aside_is_not_tried_by_a_worker_that_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(world, monkeypatch)
    world.work()
    world.context.progress.end()
    tomorrow = world.day + timedelta(days=1)
    assert reconcile.retry_set_aside(world.context, tomorrow) == 0
    (left,) = second_try.listed(world.context)
    assert (left.attempts, left.day, left.error) == (1, world.day, "MemoryError")


def test_a_content_that_kills_the_process_is_not_tried_at_every_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KeyboardInterrupt stands for the kernel, which ends a process that takes all memory."""
    owners, _ = poison(world, monkeypatch, KeyboardInterrupt)
    starts = 0
    while True:
        world.context.progress = Progress()  # a process that died remembers nothing
        try:
            world.work()
        except KeyboardInterrupt:
            starts += 1
            assert starts < 4
            continue
        break
    assert told(world, owners) == [1, 1, 1, 1, 0, 1, 1, 1, 1]
    assert [one.error for one in second_try.listed(world.context)] == [set_aside.DIED]


@pytest.mark.stores("sqlite", "postgresql")
def test_what_is_erased_is_set_aside_no_more(world: World) -> None:
    owner = world.open()
    subject = set_aside.Subject(changes.Space.BANK, world.entry_id(owner))
    with world.context.database.write() as tx:
        set_aside.begin(tx, subject, world.day)
    withdraw.erase_case(world.context, owner, world.day)
    assert second_try.number(world.context) == 0


def test_what_is_due_is_erased_while_reconciliation_takes_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, stuck, released = world.open(), threading.Event(), threading.Event()
    withdraw.withdraw_case(world.context, gone, world.day - timedelta(days=10_000))

    def slow(*_: object) -> int:
        stuck.set()
        released.wait()
        return 0

    jobs = [j._replace(batch=slow) if j.name == "reconcile" else j for j in JOBS]
    monkeypatch.setattr(worker, "JOBS", jobs)
    monkeypatch.setattr(worker, "FAREWELL_SECONDS", 0.1)
    with running(worker.run, world.context):
        until(stuck.is_set)
        until(lambda: world.statuses(gone) == [EntryStatus.WITHDRAWN])
        assert not released.is_set()
    released.set()  # and the worker had ended all the same


@pytest.mark.parametrize("first", ["case", "observations"])
def test_a_value_that_recurs_in_a_video_is_compared_a_few_times(
    world: World, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Counted: the pairs that are judged, which the frames of one value must not multiply."""
    judged = 0
    real = match_policy.judge

    def count(found: Sequence[Candidate], **about: Any) -> list[EntryVerdict]:
        nonlocal judged
        judged += len(found)
        return real(found, **about)

    value, actor = world.value(), world.actor()

    def seen() -> None:
        claims = [Claim(world.picture(world.pdq(value)), f"https://{n}.example") for n in range(20)]
        observe.observe(world.context, actor, claims, world.day)

    def submitted() -> None:
        world.open(*(world.video([value] * 300, world.sha256()) for _ in range(2)))

    steps = [submitted, seen] if first == "case" else [seen, submitted]
    monkeypatch.setattr(match_policy, "judge", count)
    for step in steps:
        step()
        world.work()
    assert 0 < judged <= 20 * 2 * MOST_REPEATS


def test_a_store_that_fails_in_the_middle_leaves_nothing_set_aside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before: what was tried alone just then was set aside as if the process had died of it."""
    owners, _ = poison(world, monkeypatch)
    poisoned, asked = matcher.match_observations, []

    def fail_where_it_is_alone(replica: Replica, ids: Sequence[int]) -> list[ObservationVerdict]:
        asked.append(list(ids))
        if asked.count([5]) == 2:  # first as half of a batch of two
            raise NotReady
        return poisoned(replica, ids)

    monkeypatch.setattr(matcher, "match_observations", fail_where_it_is_alone)
    with pytest.raises(NotReady):
        world.work()
    monkeypatch.setattr(matcher, "match_observations", REAL)
    world.work()
    assert told(world, owners) == [1] * 9
    assert second_try.number(world.context) == 0


@pytest.mark.stores("sqlite", "postgresql")
def test_a_process_that_ends_in_the_middle_leaves_nothing_set_aside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners, _ = poison(world, monkeypatch)
    poisoned, asked = matcher.match_observations, []

    def end_meanwhile(replica: Replica, ids: Sequence[int]) -> list[ObservationVerdict]:
        asked.append(list(ids))
        if asked.count([5]) == 2:
            reconcile.leave(world.context)
        return poisoned(replica, ids)

    monkeypatch.setattr(matcher, "match_observations", end_meanwhile)
    world.work()
    assert second_try.number(world.context) == 0
    with world.context.database.read() as tx:
        assert changes.reached(tx, changes.TRYING) <= changes.reached(tx, changes.WORKER)
    monkeypatch.setattr(matcher, "match_observations", REAL)
    world.context.progress = Progress()  # of the next process
    world.work()
    assert told(world, owners) == [1] * 9


def test_a_second_try_that_the_store_ends_is_made_again_on_the_same_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners, _ = poison(world, monkeypatch)
    world.work()
    world.day += timedelta(days=1)

    def fail(*_: object) -> list[ObservationVerdict]:
        raise NotReady

    monkeypatch.setattr(matcher, "match_observations", fail)
    with pytest.raises(NotReady):
        reconcile.retry_set_aside(world.context, world.day)
    monkeypatch.setattr(matcher, "match_observations", REAL)
    assert reconcile.retry_set_aside(world.context, world.day) == 1
    assert told(world, owners) == [1] * 9
