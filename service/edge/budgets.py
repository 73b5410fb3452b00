"""Budgets: how much anybody may ask in a time. What is used comes back evenly.

They are in the memory of one process: a restart forgets them, and each process has its own. The
algorithm is GCRA (ITU-T I.371, "virtual scheduling"): one number for each key. A library such as
`limits` counts in windows, which let twice as much pass at their edges, and its shared stores are
more than we need.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Annotated

from fastapi import Depends, Request

from hashing.signals import ContentSignals
from service import limits
from service.domain.errors import TooManyRequests
from service.settings import Settings

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
ALL = None
"""The key of a budget that all share."""


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

    def wait(self, key: Hashable, amount: float = 1) -> float:
        """Return in how many seconds an amount is there; 0 if it is now. Take nothing."""
        now = self._clock()
        whole_at = max(now, self._whole_at.get(key, now))
        return max(0.0, whole_at + amount * self._seconds_each - now - self._window)

    def _forget(self, now: float) -> None:
        """Forget whoever has a whole budget; if these are few, also half of those who are close."""
        kept = sorted((at, key) for key, at in self._whole_at.items() if at > now)
        self._whole_at = {key: at for at, key in kept[-limits.BUDGET_KEYS // 2 :]}


class Budgets:
    """All budgets of a process. `refused` is called with the name of one that is used up.

    A source is where a request comes from, None if that is not known: only what all share then
    applies.
    """

    def __init__(self, settings: Settings, refused: Callable[[str], None]) -> None:
        self._refused = refused
        self._values = Budget(settings.lookup_values_per_day, _DAY)
        self._bytes = Budget(settings.bytes_per_day, _DAY)
        self._rows = Budget(settings.observed_signals_per_day, _DAY)
        self._cases = Budget(settings.cases_per_hour, _HOUR)
        self._cases_of_source = Budget(settings.cases_per_hour_of_source, _HOUR)
        self._signals = Budget(settings.case_signals_per_hour, _HOUR)
        self._failures = Budget(limits.FAILURES_PER_MINUTE, _MINUTE)
        self._failures_of_source = Budget(settings.failures_per_minute_of_source, _MINUTE)

    def charge_bytes(self, actor_id: int, size: int) -> None:
        """Charge a key for a body. Raises TooManyRequests."""
        self._charge("bytes", self._bytes, actor_id, size)

    def charge_values(self, actor_id: int, values: int) -> None:
        """Charge a key for the values of a lookup. Raises TooManyRequests."""
        self._charge("values", self._values, actor_id, values)

    def charge_observations(self, actor_id: int, contents: Iterable[ContentSignals]) -> None:
        """Charge a key for the signals that observations store. Raises TooManyRequests."""
        self._charge("rows", self._rows, actor_id, sum(map(_rows, contents)))

    def charge_attempt(self, source: Hashable) -> None:
        """Charge a source for a submission, before its body is read. Raises TooManyRequests."""
        if source is not None:
            self._charge("cases_of_source", self._cases_of_source, source, 1)

    def charge_case(self, contents: Iterable[ContentSignals]) -> None:
        """Charge all for a new case. Raises TooManyRequests.

        Only opening cases is charged: status, withdrawal and undo go on when this is used up.
        """
        self._charge("signals", self._signals, ALL, sum(map(_rows, contents)))
        self._charge("cases", self._cases, ALL, 1)

    def require_guesses(self, source: Hashable) -> None:
        """Raise TooManyRequests if a source has failed to prove itself too often.

        Never because of which case or key it asks for: then anybody could lock its owner out.
        """
        if source is not None and (seconds := self._failures_of_source.wait(source)):
            self._refused("failures_of_source")
            raise TooManyRequests(seconds=seconds)

    def count_failure(self, source: Hashable) -> bool:
        """Count a failure to prove oneself; return whether all together fail too often."""
        if source is not None:
            self._failures_of_source.take(source)
        return self._failures.take(ALL) > 0

    def _charge(self, name: str, budget: Budget, key: Hashable, amount: float) -> None:
        if seconds := budget.take(key, amount):
            self._refused(name)
            raise TooManyRequests(_SAYS.get(name), seconds=seconds)


def _rows(content: ContentSignals) -> int:
    """Return how many signals are stored of content, at most."""
    of_frames = sum(1 + len(frame.views) for frame in content.frames)
    return len(content.signals) + len(content.windows) + len(content.views) + of_frames


_OF_KEY = (
    "This key has used up its {} for now. Wait as long as Retry-After says, or ask the operator "
    "for more."
)
_SAYS = {
    "bytes": _OF_KEY.format("bytes"),
    "values": _OF_KEY.format("values of lookups"),
    "rows": _OF_KEY.format("signals of observations"),
}


def budgets_of(request: Request) -> Budgets:
    """Return the budgets of this process."""
    budgets: Budgets = request.app.state.budgets
    return budgets


async def _budgets(request: Request) -> Budgets:
    return budgets_of(request)


CurrentBudgets = Annotated[Budgets, Depends(_budgets)]
