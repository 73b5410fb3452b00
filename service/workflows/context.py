"""What a workflow gets that searches: settings, store, seals, replica and journal."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from service.journal import Journal
from service.replica.follower import Replica
from service.replica.veiled import VeiledSignals
from service.settings import Settings
from service.workflows import store_context
from service.workflows.progress import Progress
from service.workflows.store_context import StoreContext, Today

__all__ = ["Context", "Today", "create"]


@dataclass
class Context(StoreContext):
    """What one process has, once."""

    replica: Replica
    journal: Journal
    work_waits: threading.Event = field(default_factory=threading.Event)
    """Set when the worker has something to do at once."""
    progress: Progress = field(default_factory=Progress)
    veiled: VeiledSignals = field(init=False)

    def __post_init__(self) -> None:
        self.veiled = VeiledSignals(self.database)


def create(settings: Settings) -> Context:
    """Return a context that is not loaded yet."""
    base = store_context.create(settings)
    replica = Replica(base.database, settings.index)
    return Context(settings, base.database, base.seals, replica, Journal(settings.journal))
