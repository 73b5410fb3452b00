"""The table of periodic work. `service.worker` runs each row apart from the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from service.workflows import reconcile, retention
from service.workflows.context import Context


class Job(NamedTuple):
    """Work that is done in batches, at an interval."""

    name: str
    interval: float
    """Seconds from the start of one run to the start of the next."""
    batch: Callable[[Context, date], int]
    """Does one batch on a day in UTC. Returns how much it did; 0 means that nothing is left."""
    budget: float
    """Seconds after which a run starts no further batch and lets the other jobs run first."""
    on_request: bool = False
    """Whether the job also runs as soon as a workflow sets `Context.work_waits`."""


def _overwrite(context: Context, _today: date) -> int:
    retention.overwrite_erased(context)
    return 0


_TEN_MINUTES = 600

JOBS = (
    Job(
        "reconcile",
        0.5,  # also updates this process's index, which has to show changes within a second
        lambda context, _today: reconcile.reconcile(context),
        budget=5,
        on_request=True,
    ),
    # Small budgets, because the index of this process is not updated meanwhile.
    Job("purge_observations", _TEN_MINUTES, retention.purge_observations, budget=1),
    Job("erase_withdrawn", _TEN_MINUTES, retention.erase_withdrawn, budget=1),
    Job("overwrite_erased", _TEN_MINUTES, _overwrite, budget=1),  # last: of what these two erased
)
"""Every job, in the order in which those that are due at the same time run."""
