"""Each row of the table runs on its interval, whatever the others do."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from service.domain.errors import NotReady
from service.jobs import JOBS, Job
from service.worker import Schedule
from service.workflows import withdraw
from service.workflows.context import Context

if TYPE_CHECKING:
    from tests.server.conftest import World

each_job = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Batches:
    """A job's work: notes when each batch ran; the first `left` find something to do."""

    def __init__(self, clock: Clock, *, left: int = 0, seconds: float = 0.0) -> None:
        self.at: list[float] = []
        self._clock, self._left, self._seconds = clock, left, seconds

    def __call__(self, _context: Context, day: date) -> int:
        assert day == datetime.now(UTC).date()
        self.at.append(self._clock.now)
        self._clock.now += self._seconds
        self._left -= 1
        return max(self._left + 1, 0)


def fail(_context: Context, _day: date) -> int:
    raise RuntimeError("with a secret in it")


def rounds(schedule: Schedule, context: Context, clock: Clock, until: float) -> None:
    stop = threading.Event()
    while clock.now < until:
        clock.now += max(schedule.run_due(context, stop), 0.001)


@each_job
def test_a_job_runs_on_its_interval_while_all_others_fail(
    world: World, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    begun, batches = clock.now, Batches(clock)
    jobs = [one._replace(batch=batches if one is job else fail) for one in JOBS]
    rounds(Schedule(jobs, clock), world.context, clock, begun + 3.5 * job.interval)
    assert batches.at == pytest.approx([begun + n * job.interval for n in range(4)], abs=0.1)
    others = {one.name for one in JOBS if one is not job}
    assert {vars(record)["job"] for record in caplog.records} == others
    assert {vars(record)["error"] for record in caplog.records} == {"RuntimeError"}
    assert "secret" not in caplog.text
    assert {record.exc_info for record in caplog.records} == {None}


@each_job
def test_a_job_that_fails_is_tried_again(world: World, job: Job) -> None:
    clock = Clock()
    tried: list[float] = []

    def unreachable(_context: Context, _day: date) -> int:
        tried.append(clock.now)
        raise NotReady

    schedule = Schedule([job._replace(batch=unreachable)], clock)
    rounds(schedule, world.context, clock, clock.now + 1.5 * job.interval)
    assert tried == pytest.approx([1000, 1000 + job.interval], abs=0.1)


@each_job
def test_a_backlog_lets_the_others_run_and_goes_on_at_once(world: World, job: Job) -> None:
    """Of a job that is never done, a run takes its budget and one more batch at the most."""
    clock, stop = Clock(), threading.Event()
    batches = Batches(clock, left=1000, seconds=job.budget / 10)
    others = {one.name: Batches(clock) for one in JOBS if one is not job}
    jobs = [one._replace(batch=others.get(one.name, batches)) for one in JOBS]
    schedule = Schedule(jobs, clock)
    for turn in range(1, 4):
        begun = clock.now
        assert schedule.run_due(world.context, stop) == 0
        assert clock.now - begun <= 1.2 * job.budget
        assert len(batches.at) >= 10 * turn
        assert all(other.at for other in others.values())


def test_a_job_that_is_requested_runs_before_its_time(world: World) -> None:
    clock, stop = Clock(), threading.Event()
    done = {job.name: Batches(clock) for job in JOBS}
    schedule = Schedule([job._replace(batch=done[job.name]) for job in JOBS], clock)
    schedule.run_due(world.context, stop)
    schedule.run_due(world.context, stop)
    assert {len(batches.at) for batches in done.values()} == {1}
    schedule.run_due(world.context, stop, requested=True)
    assert [name for name, batches in done.items() if len(batches.at) == 2] == ["reconcile"]


def test_a_stop_is_noticed_between_two_batches(world: World) -> None:
    clock, stop = Clock(), threading.Event()
    done: list[str] = []

    def endless(_context: Context, _day: date) -> int:
        done.append("batch")
        stop.set()
        return int(len(done) < 100)

    Schedule([job._replace(batch=endless) for job in JOBS], clock).run_due(world.context, stop)
    assert done == ["batch"]


def test_what_was_erased_is_overwritten(world: World) -> None:
    """In SQLite's log, which holds it until it is copied back; PostgreSQL vacuums by itself."""
    owner = world.open()
    withdraw.erase_case(world.context, owner, world.day)
    log_file = world.context.settings.state / "takeback.db-wal"
    assert log_file.stat().st_size
    (job,) = [one for one in JOBS if one.name == "overwrite_erased"]
    Schedule([job]).run_due(world.context, threading.Event())
    assert not log_file.stat().st_size
