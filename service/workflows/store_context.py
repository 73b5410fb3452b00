"""What a workflow gets that searches nothing: settings, store and seals. It loads no index."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from service import law
from service.domain.regime import Law
from service.proofs.passwords import Passwords
from service.sealing import Seals
from service.settings import Settings, secret_of
from service.store.database import Database


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


class Failures:
    """How many sign-ins failed here that are not in the audit yet. Whose, nobody counts."""

    def __init__(self) -> None:
        self._number = 0
        self._lock = threading.Lock()

    def count(self) -> None:
        """Count one more."""
        with self._lock:
            self._number += 1

    def take(self) -> int:
        """Return how many, and begin anew."""
        with self._lock:
            number, self._number = self._number, 0
            return number


@dataclass
class StoreContext:
    """What one process has, once. `Context` has the replica too."""

    settings: Settings
    database: Database
    seals: Seals
    key_uses: KeyUses = field(init=False, default_factory=KeyUses)
    sign_in_failures: Failures = field(init=False, default_factory=Failures)
    law: Law = field(init=False, repr=False, default_factory=law.read)
    passwords: Passwords = field(init=False, default_factory=Passwords)


Today = date
"""The `now` of a workflow: a day, because nothing finer is stored about anyone."""


def create(settings: Settings) -> StoreContext:
    """Return a context without a replica."""
    return StoreContext(settings, Database(settings.database), Seals(secret_of(settings)))
