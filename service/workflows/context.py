"""What every workflow is given: settings, the store, its replica, and the seals."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date

from service.replica.follower import Replica
from service.sealing import Seals
from service.settings import Settings
from service.store.database import Database


@dataclass
class Context:
    """What one process has."""

    settings: Settings
    database: Database
    seals: Seals
    replica: Replica
    work_waits: threading.Event = field(default_factory=threading.Event)
    """Set when there is something for the worker to do at once."""


Today = date
"""`now` of a workflow: a day, because nothing finer is kept about anyone."""
