"""`python -m service serve`, `work`, `migrate` and `reindex`: the processes, and their tables."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from contextlib import closing

from service import server, worker
from service.app import create_app
from service.commands import stores
from service.settings import VERSION, Settings

log = logging.getLogger(__name__)


def serve(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Answer HTTP requests."""
    with stores.unloaded(settings):
        pass  # reports a wrong or unreachable store before the server starts
    server.serve(create_app(settings), settings)


def work(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Do the worker's work, where `serve` does not."""
    context, stop = stores.recognised(settings), threading.Event()

    def end(*_: object) -> None:
        server.end_soon()
        stop.set()
        context.work_waits.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with closing(context.database):
        context.replica.load()
        log.info("working", extra={"version": VERSION})
        worker.run(context, stop)
        log.info("ended", extra={"version": VERSION})


def migrate(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Bring the tables to this version."""
    stores.migrate(settings)
    with stores.unloaded(settings):
        pass  # makes the secret of a new store, or reports a wrong one
    print("The tables are current.")


def reindex(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Rebuild the index from the store, and print its size. Running servers load the new one."""
    with stores.searching(settings) as context:
        context.replica.load(anew=True)
        for each in context.replica.searcher.statistics():
            print(f"{each.space:9} {each.signal_type:6} {each.signals:12,} signals")
