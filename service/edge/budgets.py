"""Budgets: how much anybody may ask in a time. What is used comes back evenly.

They are in the memory of one process: a restart forgets them, and each process has its own. The
algorithm is GCRA (ITU-T I.371, "virtual scheduling"): one number for each key. A library such as
`limits` counts in windows, which let twice as much pass at their edges, and its shared stores are
more than we need.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from random import Random, SystemRandom
from typing import Annotated

from fastapi import Depends, Request

from hashing.signals import ContentSignals
from service import limits
from service.domain import work
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


class Load:
    """How many times the least work a case costs, because of all that are opened.

    In the price of one's own next case nobody may see that somebody else has just opened one. So
    it is looked at once a minute, and where it rises is drawn anew each time; in between it rises
    only with a burst, of a size that is drawn too.
    """

    def __init__(
        self,
        cases_per_hour: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Random | None = None,
    ) -> None:
        self._cases_per_hour = cases_per_hour
        self._clock = clock
        self._random = random or SystemRandom()
        self._times = 1
        self._until = self._burst = 0.0
        self._lock = threading.Lock()

    def times(self, lately: float) -> int:
        """Return it, if so many cases were opened lately."""
        with self._lock:
            now = self._clock()
            if now >= self._until or lately >= self._burst:
                shift = self._random.uniform(-0.5, 0.5)
                self._times = work.times_asked(lately, self._cases_per_hour, shift)
                self._until = now + _MINUTE
                least = work.unpriced(self._cases_per_hour)
                self._burst = max(lately, least) * self._random.uniform(2, 4)
            return self._times


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
        self._added = Budget(settings.case_signals_per_hour, _HOUR)
        self._added_of_case = Budget(limits.ADDED_SIGNALS_PER_HOUR, _HOUR)
        self._watches = Budget(limits.WATCHES_PER_DAY, _DAY)
        self._notices = Budget(limits.NOTICES_PER_DAY, _DAY)
        self._labels = Budget(limits.LABELS_PER_DAY, _DAY)
        self._tests = Budget(limits.TESTS_PER_HOUR, _HOUR)
        self._tests_of_case = Budget(limits.TESTS_PER_DAY, _DAY)
        self._tests_of_source = Budget(limits.TESTS_PER_HOUR_OF_SOURCE, _HOUR)
        self._reported = Budget(limits.REPORTED_PER_DAY, _DAY)
        self._added_always = Budget(limits.ADDED_ALWAYS, _HOUR)
        self._codes = Budget(limits.CODES_PER_HOUR, _HOUR)
        self._grants = Budget(limits.GRANTS_PER_DAY, _DAY)
        self._grant_codes = Budget(limits.GRANT_CODES_PER_HOUR, _HOUR)
        self._checks = Budget(limits.CHECKS_PER_DAY, _DAY)
        self._links = Budget(limits.LINKS_PER_DAY, _DAY)
        self._settings = settings
        self._opened, self._opened_of_source = (Recent(work.LATELY_SECONDS) for _ in range(2))
        self._load = Load(settings.cases_per_hour)
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
        """Charge all for a new case. Raises TooManyRequests, and then has charged nothing.

        Only opening cases is charged: status, withdrawal and undo go on when this is used up, and
        adding to a case has a budget of its own.
        """
        self._charge("cases", self._cases, ALL, 1)
        try:
            self._charge("signals", self._signals, ALL, sum(map(_rows, contents)))
        except TooManyRequests:
            self._cases.give_back(ALL)
            raise

    def return_case(self, contents: Iterable[ContentSignals]) -> None:
        """Give back what was charged for a case that was not opened."""
        self._cases.give_back(ALL)
        self._signals.give_back(ALL, sum(map(_rows, contents)))

    def count_case(self, source: Hashable) -> None:
        """Count a case that was opened: the price of the next one rises."""
        self._opened.add(ALL)
        if source is not None:
            self._opened_of_source.add(source)

    def pieces(self, source: Hashable) -> int:
        """Return how many pieces of work opening a case takes a source now."""
        return work.pieces_asked(
            self._settings.work_pieces,
            times=self._load.times(self._opened.count(ALL)),
            lately_of_source=0 if source is None else self._opened_of_source.count(source),
        )

    def charge_addition(self, case_id: int, contents: Iterable[ContentSignals]) -> None:
        """Charge a case, and all, for content that is added to it. Raises TooManyRequests.

        What the case has already is charged, too, because it is searched like the rest. The first
        content of a case in an hour is not charged to all: no other cases can use that up.
        """
        rows = limits.ADDITION_ROWS + sum(map(_rows, contents))
        self._charge("added_of_case", self._added_of_case, case_id, rows)
        if rows > limits.ADDED_ALWAYS or self._added_always.take(case_id, rows):
            self._charge("added", self._added, ALL, rows)

    def charge_watch(self, case_id: int) -> None:
        """Charge a case for an address that is to be looked at. Raises TooManyRequests."""
        self._charge("watches", self._watches, case_id, 1)

    def charge_notice(self, case_id: int) -> None:
        """Charge a case for a notice that is kept, sent or changed. Raises TooManyRequests."""
        self._charge("notices", self._notices, case_id, 1)

    def charge_label(self, case_id: int) -> None:
        """Charge a case for a label that is set or taken away. Raises TooManyRequests."""
        self._charge("labels", self._labels, case_id, 1)

    def charge_test(self, case_id: int, source: Hashable) -> None:
        """Charge a case, its source and all for a message that tests a channel.

        Raises TooManyRequests.
        """
        self._charge("tests_of_case", self._tests_of_case, case_id, 1)
        if source is not None:
            self._charge("tests_of_source", self._tests_of_source, source, 1)
        self._charge("tests", self._tests, ALL, 1)

    def charge_guess(self, case_id: int) -> None:
        """Charge a case for a question about its channel. Raises TooManyRequests."""
        self._charge("tests_of_case", self._tests_of_case, case_id, 1)

    def charge_report(self, actor_id: int) -> None:
        """Charge a platform for an address that it reports. Raises TooManyRequests."""
        self._charge("reported", self._reported, actor_id, 1)

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

    def may_try_code(self, member_id: int) -> bool:
        """Whether a member, or whoever has her password, may try another one-time code."""
        if self._codes.take(member_id):
            self._refused("codes")
            return False
        return True

    def charge_grant(self, case_id: int) -> None:
        """Charge a case for a code for an organisation. Raises TooManyRequests."""
        self._charge("grants", self._grants, case_id, 1)

    def charge_grant_code(self, member_id: int) -> None:
        """Charge a member for a code of an owner that she tries. Raises TooManyRequests."""
        self._charge("grant_codes", self._grant_codes, member_id, 1)

    def charge_check(self, member_id: int) -> None:
        """Charge a member for a file or an address that she has checked. Raises TooManyRequests."""
        self._charge("checks", self._checks, member_id, 1)

    def charge_link(self, member_id: int) -> None:
        """Charge a member for an intake link. Raises TooManyRequests."""
        self._charge("links", self._links, member_id, 1)

    def _charge(self, name: str, budget: Budget, key: Hashable, amount: float) -> None:
        if seconds := budget.take(key, amount):
            self._refused(name)
            says = _SAYS.get(name, "").format(minutes=math.ceil(seconds / _MINUTE))
            raise TooManyRequests(says or None, seconds=seconds)


def _rows(content: ContentSignals) -> int:
    """Return how many signals are stored of content, at most."""
    of_frames = sum(1 + len(frame.views) for frame in content.frames)
    return len(content.signals) + len(content.windows) + len(content.views) + of_frames


_OF_KEY = (
    "This key has used up its {} for now. Wait as long as Retry-After says, or ask the operator "
    "for more."
)
_SAYS = {
    "cases_of_source": (
        "Too many submissions came from this network address lately, whoever sent them. Try again"
        " in {minutes} min, or now from another network, such as mobile data."
    ),
    "bytes": _OF_KEY.format("bytes"),
    "values": _OF_KEY.format("values of lookups"),
    "reported": _OF_KEY.format("addresses"),
    "rows": _OF_KEY.format("signals of observations"),
}


def budgets_of(request: Request) -> Budgets:
    """Return the budgets of this process."""
    budgets: Budgets = request.app.state.budgets
    return budgets


async def _budgets(request: Request) -> Budgets:
    return budgets_of(request)


CurrentBudgets = Annotated[Budgets, Depends(_budgets)]
