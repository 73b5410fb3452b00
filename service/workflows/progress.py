"""What the worker of this process is at: how large its next batch is, and what it only tries."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.store.set_aside import Subject

FIRST_SIGNALS = 25
"""Signals in the first batch of a process."""
LEAST_SIGNALS = 1
BATCH_SECONDS = 1.0
"""A batch should take no longer: it keeps others from writing while it records, and a process
from ending. What each signal costs depends on how many strangers' contents are near it."""


class Ending(Exception):
    """The process ends: what was begun is done again by the next one."""


class Progress:
    """In memory only. The store has how far the worker came, and what it tried when it died."""

    def __init__(self) -> None:
        self.signals = FIRST_SIGNALS
        """Signals to be reconciled in the next batch."""
        self.begun = -1
        """Position up to which this process has begun, as the store knows it. So it did not die."""
        self.tried: Subject | None = None
        """A content that is set aside until its attempt has ended."""
        self.failing: dict[str, str] = {}
        """The type of the error with which each job ended last, of those that failed."""
        self._ending = threading.Event()

    def end(self) -> None:
        """Have the worker stop before the next content."""
        self._ending.set()

    def require_going_on(self) -> None:
        """Raise Ending once the process is asked to end."""
        if self._ending.is_set():
            raise Ending

    def took(self, seconds: float, most_signals: int) -> None:
        """Choose the size of the next batch by what one has taken."""
        if seconds > BATCH_SECONDS:
            self.signals = max(LEAST_SIGNALS, self.signals // 2)
        elif seconds < BATCH_SECONDS / 4:
            self.signals = min(most_signals, 2 * self.signals)
