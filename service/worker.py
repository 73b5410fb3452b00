"""The composition root of time: runs the table of jobs, and keeps a process's index current."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from service.domain.errors import NotReady, StoreFull
from service.jobs import JOBS, Job, Thread
from service.workflows import drain, keyring, reconcile, sign_in
from service.workflows.context import Context

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5
"""Between two checks for changes of other processes, which have to show within a second."""

REPORT_SECONDS = 300
"""Between two reports of a process's position, behind which changes are deleted."""
REFRESH_SECONDS = 5
"""Between two looks for the veils that other processes have made."""
RELOAD_SECONDS = 3600
"""Between two times when all veils are read again, and those of erased signals forgotten."""
FAREWELL_SECONDS = 3.0
"""That a thread has to finish what it is at when the process is asked to end."""


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
            with _errors_logged(context, job.name):
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
    """Run all jobs, each in its thread, and write index segments, until `stop` is set.

    Returns at most FAREWELL_SECONDS later.
    """
    _until(
        stop,
        lambda end: _leave(context, end),
        flush=lambda: _flush(context, stop),
        drain=lambda: _drain(context, stop),
        reconciliation=lambda: _run_jobs(context, stop, Thread.RECONCILIATION),
        retention=lambda: _run_jobs(context, stop, Thread.RETENTION),
        alerts=lambda: _run_jobs(context, stop, Thread.ALERTS),
        stamps=lambda: _run_jobs(context, stop, Thread.STAMPS),
    )


def follow(context: Context, stop: threading.Event) -> None:
    """Show other processes' changes and write index segments; another process runs the jobs."""

    def catch_up() -> None:
        while not stop.wait(PAUSE_SECONDS):
            with _errors_logged(context, "follow"):
                context.replica.catch_up()

    _until(
        stop,
        flush=lambda: _flush(context, stop),
        drain=lambda: _drain(context, stop),
        follow=catch_up,
    )


def _run_jobs(context: Context, stop: threading.Event, thread: Thread) -> None:
    """Run the jobs of one thread. Those that run on request wait in pieces, to notice a stop."""
    schedule = Schedule([job for job in JOBS if job.thread is thread])
    requested = False
    while not stop.is_set():
        seconds = schedule.run_due(context, stop, requested=requested)
        if thread is Thread.RECONCILIATION:
            requested = context.work_waits.wait(min(seconds, PAUSE_SECONDS))
            context.work_waits.clear()
        else:
            stop.wait(seconds)


def _flush(context: Context, stop: threading.Event) -> None:
    """Write index segments: this takes seconds, and nothing waits for it.

    Also record when keys were used, share veils with other processes, and report how far this
    process has followed, now and then.
    """
    report_at = refresh_at = reload_at = 0.0
    while not stop.wait(PAUSE_SECONDS):
        with _errors_logged(context, "flush"):
            context.replica.flush()
        with _errors_logged(context, "record_key_uses"):
            keyring.record_uses(context)
        with _errors_logged(context, "share_veils"):
            context.veiled.save(datetime.now(UTC).date())
            if time.monotonic() >= refresh_at:
                refresh_at = time.monotonic() + REFRESH_SECONDS
                context.veiled.refresh(datetime.now(UTC).date() - timedelta(days=1))
            if time.monotonic() >= reload_at:
                reload_at = time.monotonic() + RELOAD_SECONDS
                context.veiled.refresh()
        if time.monotonic() >= report_at:
            report_at = time.monotonic() + REPORT_SECONDS
            with _errors_logged(context, "record_failures"):
                sign_in.record_failures(context, datetime.now(UTC).date())
            with _errors_logged(context, "report"):
                context.replica.report(datetime.now(UTC).date())


def _drain(context: Context, stop: threading.Event) -> None:
    """Copy the journals of this machine into the store, soon after the store can be written."""
    while True:
        with _errors_logged(context, "drain"):
            drain.drain(context, datetime.now(UTC).date())
        if stop.wait(PAUSE_SECONDS):
            return


def _leave(context: Context, end: float) -> None:
    """Have reconciliation stop. While it writes, nobody else can: try again until `end`."""
    while True:
        try:
            reconcile.leave(context)
        except (NotReady, StoreFull):
            if time.monotonic() >= end:
                log.warning("the worker ended in the middle of a batch")
                return
        else:
            return


def _until(
    stop: threading.Event,
    leave: Callable[[float], None] = lambda _end: None,
    **work: Callable[[], None],
) -> None:
    """Do several things, each in a thread of its own, until `stop` is set.

    Then `leave` is called with the time at which this returns, on the monotonic clock, and the
    threads have until then to finish. What takes longer is left alone and ends with the process:
    whatever it does survives `kill -9`.
    """
    threads = [
        threading.Thread(target=target, name=name, daemon=True) for name, target in work.items()
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    end = time.monotonic() + FAREWELL_SECONDS
    leave(end)
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


@contextmanager
def _errors_logged(context: Context, job: str) -> Iterator[None]:
    """Log any error and go on: a worker that ended would lose sightings and leave indexes stale.

    One that comes again is not logged again, so that a full disk is not filled by it; its end is.
    """
    failing = context.progress.failing
    try:
        yield
    except Exception as err:  # noqa: BLE001 (whatever it is, the next run may succeed)
        error = type(err).__name__
        if failing.get(job) == error:
            return
        failing[job] = error
        if isinstance(err, NotReady):
            log.warning("store unreachable", extra={"job": job})
        else:  # the text of an error may hold anything
            log.error("work failed", extra={"error": error, "job": job})  # noqa: TRY400
    else:
        if failing.pop(job, None):
            log.info("works again", extra={"job": job})
