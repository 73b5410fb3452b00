"""What every workflow gets as its first argument: settings, store, replica and seals."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date

from service.journal import Journal
from service.replica.follower import Replica
from service.sealing import Seals
from service.settings import Settings
from service.store.database import Database


@dataclass
class Context:
    """What one process has, once."""

    settings: Settings
    database: Database
    seals: Seals
    replica: Replica
    journal: Journal
    work_waits: threading.Event = field(default_factory=threading.Event)
    """Set when the worker has something to do at once."""


Today = date
"""The `now` of a workflow: a day, because nothing finer is stored about anyone."""
