"""What every workflow gets as its first argument: settings, store, replica and seals."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from service.journal import Journal
from service.replica.follower import Replica
from service.replica.veiled import VeiledSignals
from service.sealing import Seals
from service.settings import Settings
from service.store.database import Database
from service.workflows.progress import Progress


class KeyUses:
    """On which day each key was last used here, and what of it is not in the store yet.

    A request only notes it, in memory: the store is written once a day for each key, by a thread
    that no request waits for. What a process notes and does not write before it ends is lost.
    """

    def __init__(self) -> None:
        self._used: dict[str, date] = {}
        self._written: dict[str, date] = {}

    def note(self, key_id: str, day: date) -> None:
        """Note that a key, which exists, was used on a day."""
        self._used[key_id] = day

    def unwritten(self) -> dict[str, date]:
        """Return the day of each key that is not in the store yet."""
        used = self._used.copy()
        return {key_id: day for key_id, day in used.items() if self._written.get(key_id) != day}

    def mark_written(self, used: Mapping[str, date]) -> None:
        """Note what is in the store now."""
        self._written.update(used)


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
    key_uses: KeyUses = field(default_factory=KeyUses)
    progress: Progress = field(default_factory=Progress)
    veiled: VeiledSignals = field(init=False)

    def __post_init__(self) -> None:
        self.veiled = VeiledSignals(self.database)


Today = date
"""The `now` of a workflow: a day, because nothing finer is stored about anyone."""
