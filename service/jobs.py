"""The table of periodic work. `service.worker` runs each row apart from the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NamedTuple

from service.domain.watch import Clock
from service.workflows import auditing, deliver, gather, granting, reconcile, retention
from service.workflows.context import Context


class Thread(StrEnum):
    """Which thread of the worker runs a job, so that none waits for what another thread does."""

    RECONCILIATION = "reconciliation"
    """Whatever searches: its batches take as long as strangers' contents make them."""
    RETENTION = "retention"
    """Whatever erases: it has a day to keep."""
    ALERTS = "alerts"
    """Whatever goes out: a receiver that does not answer keeps nobody else waiting."""


class Job(NamedTuple):
    """Work that is done in batches, at an interval."""

    name: str
    thread: Thread
    interval: float
    """Seconds from the start of one run to the start of the next."""
    batch: Callable[[Context, date], int]
    """Does one batch on a day in UTC. Returns how much it did; 0 means that nothing is left."""
    budget: float
    """Seconds after which a run starts no further batch and lets the others of its thread run."""
    on_request: bool = False
    """Whether the job also runs as soon as a workflow sets `Context.work_waits`."""


def _overwrite(context: Context, _today: date) -> int:
    retention.overwrite_erased(context)
    return 0


def _reconcile(context: Context, today: date) -> int:
    return reconcile.reconcile(context, today)


def _gather(context: Context, _today: date) -> int:
    return gather.gather(context, _clock())


def _deliver(context: Context, _today: date) -> int:
    return deliver.deliver(context, _clock)


def _clock() -> Clock:
    """Return day and second, which what is on its way needs."""
    now = datetime.now(UTC)
    return Clock(now.date(), int(now.timestamp()))


_TEN_MINUTES = 600

JOBS = (
    Job("erase_withdrawn", Thread.RETENTION, _TEN_MINUTES, retention.erase_withdrawn, budget=1),
    Job(
        "purge_observations", Thread.RETENTION, _TEN_MINUTES, retention.purge_observations, budget=1
    ),
    Job("prune_changes", Thread.RETENTION, _TEN_MINUTES, retention.prune_changes, budget=1),
    Job("prune_veils", Thread.RETENTION, _TEN_MINUTES, retention.prune_veils, budget=1),
    Job("purge_alerts", Thread.RETENTION, _TEN_MINUTES, retention.purge_alerts, budget=1),
    Job("purge_watches", Thread.RETENTION, _TEN_MINUTES, retention.purge_watches, budget=1),
    Job("purge_notices", Thread.RETENTION, _TEN_MINUTES, retention.purge_notices, budget=1),
    Job("prune_audit", Thread.RETENTION, _TEN_MINUTES, auditing.prune, budget=1),
    Job("prune_grants", Thread.RETENTION, _TEN_MINUTES, granting.prune, budget=1),
    Job("purge_sessions", Thread.RETENTION, _TEN_MINUTES, retention.purge_sessions, budget=1),
    # Last: of what the others erased.
    Job("overwrite_erased", Thread.RETENTION, _TEN_MINUTES, _overwrite, budget=1),
    Job(
        "reconcile",
        Thread.RECONCILIATION,
        0.5,  # also updates this process's index, which has to show changes within a second
        _reconcile,
        budget=5,
        on_request=True,
    ),
    Job("gather_alerts", Thread.ALERTS, 1, _gather, budget=5),
    Job("deliver_alerts", Thread.ALERTS, 1, _deliver, budget=60),
    Job(
        "retry_set_aside",
        Thread.RECONCILIATION,
        _TEN_MINUTES,
        reconcile.retry_set_aside,
        budget=1,
    ),
)
"""Every job. Those of a thread that are due at the same time run in this order."""
