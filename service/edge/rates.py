"""How much each of many keys used in a time, and how often something happened for it lately.

The algorithm of `Budget` is GCRA (ITU-T I.371, "virtual scheduling"): one number for each key. A
library such as `limits` counts in windows, which let twice as much pass at their edges, and its
shared stores are more than we need.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable

from service import limits


class Budget:
    """An amount in a time, for each key. All of it may be used at once; then it comes back."""

    def __init__(
        self, amount: float, seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds_each = seconds / amount
        self._window = seconds
        self._clock = clock
        self._whole_at: dict[Hashable, float] = {}
        """When a key's budget is whole again. Keys whose budget is whole are left out in time."""
        self._lock = threading.Lock()

    def take(self, key: Hashable, amount: float = 1) -> float:
        """Take an amount; return 0. If it is not there, take nothing; return in how many seconds.

        More than the whole budget is there once the budget is whole.
        """
        with self._lock:
            now = self._clock()
            whole_at = max(now, self._whole_at.get(key, now))
            cost = min(amount * self._seconds_each, self._window)
            wait = whole_at + cost - now - self._window
            if wait > 0:
                return wait
            self._whole_at[key] = whole_at + cost
            if len(self._whole_at) > limits.BUDGET_KEYS:
                self._forget(now)
            return 0

    def give_back(self, key: Hashable, amount: float = 1) -> None:
        """Give back what was taken and not used."""
        with self._lock:
            cost = min(amount * self._seconds_each, self._window)
            self._whole_at[key] = self._whole_at.get(key, self._clock()) - cost

    def wait(self, key: Hashable, amount: float = 1) -> float:
        """Return in how many seconds an amount is there; 0 if it is now. Take nothing."""
        now = self._clock()
        whole_at = max(now, self._whole_at.get(key, now))
        return max(0.0, whole_at + amount * self._seconds_each - now - self._window)

    def _forget(self, now: float) -> None:
        """Forget whoever has a whole budget; if these are few, also half of those who are close."""
        kept = sorted((at, key) for key, at in self._whole_at.items() if at > now)
        self._whole_at = {key: at for at, key in kept[-limits.BUDGET_KEYS // 2 :]}


class Recent:
    """How often something happened lately, for each key: counts that decay.

    An event counts as 1 when it happens and as 1/e after `seconds`.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._counts: dict[Hashable, tuple[float, float]] = {}
        """A count, and when it was right."""
        self._lock = threading.Lock()

    def add(self, key: Hashable) -> None:
        """Count an event. If too many keys are remembered, those of lowest counts are forgotten."""
        with self._lock:
            self._counts[key] = (self.count(key) + 1, self._clock())
            if len(self._counts) > limits.BUDGET_KEYS:
                kept = sorted(self._counts, key=self.count)[-limits.BUDGET_KEYS // 2 :]
                self._counts = {key: self._counts[key] for key in kept}

    def count(self, key: Hashable) -> float:
        """Return the count now."""
        count, at = self._counts.get(key, (0.0, 0.0))
        return count * math.exp((at - self._clock()) / self._seconds)
