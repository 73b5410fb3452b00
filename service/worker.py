"""The composition root of time: runs the table of jobs, and keeps a process's index current."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from service.domain.errors import NotReady
from service.jobs import JOBS, Job
from service.workflows import keyring
from service.workflows.context import Context

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5
"""Between two checks for changes of other processes, which have to show within a second."""


class Schedule:
    """When each job of a table runs next. All of them are due at the start."""

    def __init__(
        self, jobs: Sequence[Job] = JOBS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs = jobs
        self._clock = clock
        self._next_start = dict.fromkeys((job.name for job in jobs), clock())

    def run_due(self, context: Context, stop: threading.Event, *, requested: bool = False) -> float:
        """Run each job that is due; return the seconds until the next one is.

        `requested`: also those that run on request. An error ends a job's run, and no other's;
        it runs again after its interval. Returns early, between two batches, once `stop` is set.
        """
        for job in self._jobs:
            now = self._clock()
            if self._next_start[job.name] > now and not (requested and job.on_request):
                continue
            self._next_start[job.name] = now + job.interval
            with _errors_logged(job.name):
                if not self._finish(job, context, stop):
                    self._next_start[job.name] = self._clock()
        return max(0.0, min(self._next_start.values()) - self._clock())

    def _finish(self, job: Job, context: Context, stop: threading.Event) -> bool:
        """Run batches; return whether nothing is left, or False when the budget is used up."""
        deadline = self._clock() + job.budget
        while not stop.is_set() and job.batch(context, datetime.now(UTC).date()):
            if self._clock() >= deadline:
                return False
        return True


def run(context: Context, stop: threading.Event) -> None:
    """Run all jobs and write index segments, until `stop` is set.

    `context.work_waits` ends a pause at once, also to stop.
    """
    with _flushing(context, stop):
        schedule = Schedule()
        requested = False
        while not stop.is_set():
            seconds = schedule.run_due(context, stop, requested=requested)
            requested = context.work_waits.wait(seconds)
            context.work_waits.clear()


def follow(context: Context, stop: threading.Event) -> None:
    """Show other processes' changes and write index segments; another process runs the jobs."""
    with _flushing(context, stop):
        while not stop.wait(PAUSE_SECONDS):
            with _errors_logged("follow"):
                context.replica.catch_up()


@contextmanager
def _flushing(context: Context, stop: threading.Event) -> Iterator[None]:
    """Write index segments, and days of keys, in a thread of its own.

    This takes seconds, and nothing waits for it.
    """

    def flush() -> None:
        while not stop.wait(PAUSE_SECONDS):
            with _errors_logged("flush"):
                context.replica.flush()
            with _errors_logged("record_key_uses"):
                keyring.record_uses(context)

    thread = threading.Thread(target=flush, name="flush", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@contextmanager
def _errors_logged(job: str) -> Iterator[None]:
    """Log any error and go on: a worker that ended would lose sightings and leave indexes stale."""
    try:
        yield
    except NotReady:
        log.warning("store unreachable", extra={"job": job})
    except Exception as err:  # noqa: BLE001 (whatever it is, the next run may succeed)
        log.error(  # noqa: TRY400 (the text of an error may hold anything)
            "work failed", extra={"error": type(err).__name__, "job": job}
        )
