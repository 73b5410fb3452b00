"""The composition root of time: what must happen without being asked for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from service.domain.errors import NotReady
from service.workflows import reconcile, retention
from service.workflows.context import Context

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5
"""Between looks at the store: another process's changes show within a second."""
PURGE_EVERY = 1200
"""Looks between two purges: so that what was erased, or is due, is off the disk in ten minutes."""


def run(context: Context, stop: threading.Event) -> None:
    """Follow the store, record sightings, purge and erase, until `stop` is set."""
    with _flushing(context, stop):
        _work(context, stop)


def _work(context: Context, stop: threading.Event) -> None:
    looks = 0
    while not stop.is_set():
        with _surviving():
            look(context, purging=looks % PURGE_EVERY == 0)
        looks += 1
        context.work_waits.wait(PAUSE_SECONDS)
        context.work_waits.clear()


def look(context: Context, *, purging: bool) -> None:
    """Do everything that is due now."""
    while reconcile.reconcile(context):
        pass
    today = datetime.now(UTC).date()
    while purging and retention.purge_observations(context, today):
        pass
    while purging and retention.erase_withdrawn(context, today):
        pass
    if purging:
        retention.overwrite_erased(context)


def follow(context: Context, stop: threading.Event) -> None:
    """For a process that leaves the work to another: show its changes within a second."""
    with _flushing(context, stop):
        while not stop.wait(PAUSE_SECONDS):
            with _surviving():
                context.replica.catch_up()


@contextmanager
def _flushing(context: Context, stop: threading.Event) -> Iterator[None]:
    """Write segments in a thread of its own: nothing else waits for the seconds that it takes."""

    def flush() -> None:
        while not stop.wait(PAUSE_SECONDS):
            with _surviving():
                context.replica.flush()

    thread = threading.Thread(target=flush, name="flushing")
    thread.start()
    try:
        yield
    finally:
        thread.join()


@contextmanager
def _surviving() -> Iterator[None]:
    """A worker that dies silently loses sightings, and leaves its process blind to changes."""
    try:
        yield
    except NotReady:
        log.warning("store unreachable")
    except Exception as err:  # noqa: BLE001 (whatever it is, the next look may succeed)
        log.error("work failed", extra={"error": type(err).__name__})  # noqa: TRY400 (no text)
