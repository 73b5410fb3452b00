from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from service import worker
from service.domain.case import EntryStatus
from service.domain.errors import NotReady, StoreFull
from service.domain.sighting import Verdict
from service.jobs import JOBS
from service.replica.follower import Replica
from service.store.schema import observations
from service.workflows import drain, keyring, observe, reconcile, status, withdraw
from service.workflows.context import Context
from service.workflows.observe import Claim

if TYPE_CHECKING:
    from tests.server.conftest import World

WAIT = 10
"""Seconds that a machine under load may take for what takes none."""


@contextmanager
def running(
    work: Callable[[Context, threading.Event], None], context: Context
) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(context, stop))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        context.work_waits.set()
        thread.join(WAIT)
    assert not thread.is_alive()


def until(condition: Callable[[], object]) -> None:
    tick = threading.Event()
    for _ in range(100 * WAIT):
        if condition():
            return
        tick.wait(0.01)
    raise AssertionError("it never came about")


def run_jobs(context: Context, *names: str) -> None:
    schedule = worker.Schedule([job for job in JOBS if job.name in names])
    schedule.run_due(context, threading.Event())


def test_jobs_record_purge_and_erase(world: World) -> None:
    picture, actor = world.picture(), world.actor()
    owner = world.open(picture)
    over = world.day - timedelta(days=10_000)
    observe.observe(world.context, actor, [Claim(world.picture(), "https://a.example")], over)
    observe.observe(world.context, actor, [Claim(picture, "https://a.example")], world.day)
    run_jobs(world.context, "reconcile")
    assert len(status.of_case(world.context, owner).events) == 1
    query = sa.select(sa.func.count()).select_from(observations)
    with world.context.database.read() as tx:
        assert tx.scalar(query) == 2
    gone = world.open()
    withdraw.withdraw_case(world.context, gone, over)
    run_jobs(world.context, "reconcile")
    assert world.statuses(gone) == [EntryStatus.WITHDRAWING]
    run_jobs(world.context, "erase_withdrawn")
    assert world.statuses(gone) == [EntryStatus.WITHDRAWN]
    run_jobs(world.context, "purge_observations")
    with world.context.database.read() as tx:
        assert tx.scalar(query) == 1


def test_a_sighting_shows_while_the_worker_runs(world: World) -> None:
    picture, actor = world.picture(), world.actor()
    owner = world.open(picture)
    with running(worker.run, world.context):
        observe.observe(world.context, actor, [Claim(picture, "https://a.example")], world.day)
        until(lambda: status.of_case(world.context, owner).events)


def test_a_process_that_only_follows_shows_what_another_took(
    world: World, open_context: Callable[[], Context]
) -> None:
    picture, platform, there = world.picture(), world.actor(), open_context()
    with running(worker.follow, there):
        world.open(picture)
        until(lambda: there.replica.lag() == 0)
        world.context = there
        assert world.ask(platform, picture) == [Verdict.MATCH]


@pytest.mark.parametrize("name", ["run", "follow"])
@pytest.mark.parametrize("fault", [NotReady, RuntimeError("with a secret in it")])
def test_no_fault_ends_the_work_and_no_log_repeats_it(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    fault: Exception,
) -> None:
    monkeypatch.setattr(worker, "PAUSE_SECONDS", 0.01)
    failed = threading.Event()

    def fail(*_: object) -> int:
        failed.set()
        raise fault

    with caplog.at_level(logging.WARNING, "service"), running(getattr(worker, name), world.context):
        with monkeypatch.context() as patch:
            patch.setattr(reconcile if name == "run" else Replica, _called(name), fail)
            assert failed.wait(WAIT)
            until(lambda: caplog.records)
        world.open()
        until(lambda: world.context.replica.lag() == 0)
    assert "secret" not in caplog.text
    assert {record.exc_info for record in caplog.records} == {None}


def test_a_worker_that_ends_while_another_process_writes_tries_again_for_a_while(
    world: World,
    open_context: Callable[[], Context],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(worker, "FAREWELL_SECONDS", 0.3)
    there = open_context()
    with running(worker.run, world.context) as stop, there.database.write():
        stop.set()
        world.context.work_waits.set()
        until(lambda: "ended in the middle of a batch" in caplog.text)


def _called(name: str) -> str:
    return "reconcile" if name == "run" else "catch_up"


@pytest.mark.parametrize("work", [worker.run, worker.follow])
def test_every_process_writes_when_keys_were_used(
    world: World, work: Callable[[Context, threading.Event], None]
) -> None:
    world.actor()
    with running(work, world.context):
        until(lambda: keyring.listed(world.context)[0].used_on == world.day)


def test_a_fault_that_lasts_is_logged_once_and_so_is_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Before: a full disk was told twice a second, into a log that needs the same disk."""
    monkeypatch.setattr(worker, "PAUSE_SECONDS", 0.001)
    tries = 0

    def fail(*_: object) -> int:
        nonlocal tries
        tries += 1
        raise StoreFull

    with caplog.at_level(logging.INFO, "service"), running(worker.run, world.context):
        with monkeypatch.context() as patch:
            patch.setattr(drain, "drain", fail)
            until(lambda: tries > 5)
        until(lambda: "works again" in caplog.text)
    told = [
        (r.message, vars(r).get("error")) for r in caplog.records if vars(r).get("job") == "drain"
    ]
    assert told == [("work failed", "StoreFull"), ("works again", None)]
