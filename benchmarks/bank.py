"""A bank in a folder of its own: the real store, indexes, intake and matcher, without HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from benchmarks import sets
from hashing.signals import (
    ContentKind,
    ContentSignals,
    Signal,
    SignalType,
    Window,
    WindowSignal,
)
from service.domain.actor import Role
from service.domain.admission import SET_BITS
from service.domain.sighting import Verdict
from service.search import matcher
from service.settings import Settings
from service.store import entries as stored_entries
from service.store import schema
from service.workflows import authenticate, intake, keyring, observe, reconcile
from service.workflows.context import Context
from service.workflows.context import create as create_context
from service.workflows.intake import NewCase
from service.workflows.observe import Claim

TODAY = date(2026, 11, 21)
_CASE = 50
DISTRACTOR = "distractor"


class Found(NamedTuple):
    """One entry that an item is found to match, or to be near; and where in a video, in ms."""

    name: str
    verdict: Verdict
    span: tuple[int, int] | None


class Bank:
    """Entries by name, to be looked up as a platform does."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.signals = 0
        self._names: dict[int, str] = {}
        self._cases = 0

    def add(self, entries: Mapping[str, ContentSignals]) -> None:
        """Open as many cases as these entries need."""
        names = list(entries)
        for start in range(0, len(names), _CASE):
            part = names[start : start + _CASE]
            self._cases += 1
            key = self._cases.to_bytes(32)
            intake.open_case(
                self.context, NewCase(key, "self", None, tuple(entries[n] for n in part)), TODAY
            )
            with self.context.database.read() as tx:
                found = stored_entries.of_case(tx, self._cases)
            if len(found) != len(part):
                raise ValueError("Two entries of one case have the same signals.")
            for entry, name in zip(found, part, strict=True):
                self._names[entry.id] = name
        self.signals = sum(each.signals for each in self.context.replica.searcher.statistics())

    def observed(self, seen: Iterable[Claim]) -> list[tuple[str, str]]:
        """Return (entry, address) of each claim that matches an entry, as often as one does.

        They are handed in as a crawler does, and compared as the worker of a service does.
        """
        key = keyring.create(self.context, Role.CRAWLER, "Crawler", TODAY)
        crawler = authenticate.key_holder(self.context, key, TODAY)
        addresses: dict[int, str] = {}
        last = sa.select(sa.func.max(schema.observations.c.id))
        for claim in seen:
            observe.observe(self.context, crawler, [claim], TODAY)
            with self.context.database.read() as tx:
                addresses[tx.scalars(last).one()] = claim.address
        while reconcile.reconcile(self.context, TODAY):
            pass
        return [
            (self._names[one.verdict.entry_id], addresses[one.observation_id])
            for one in matcher.match_observations(self.context.replica, addresses)
            if one.verdict.verdict is Verdict.MATCH
        ]

    def ask(self, items: Sequence[ContentSignals]) -> list[list[Found]]:
        """Return what is found for each item, the best first.

        As whoever asks for the first time is answered: a platform that asks edit after edit of one
        picture is answered more (docs/adr/0017-veils.md), which is not what is measured here.
        """
        verdicts = matcher.match(self.context.replica, items)
        return [
            [Found(self._names[one.entry_id], one.verdict, one.span) for one in of_item]
            for of_item in verdicts
        ]


@contextmanager
def opened() -> Iterator[Bank]:
    """A new bank, which is gone afterwards. Nothing is held for matching often: all of it does."""
    with TemporaryDirectory(prefix="takeback-bank-") as name:
        settings = Settings(state=Path(name), cases_per_signal=10**9, matches_per_day=10**9)
        context = create_context(settings)
        try:
            context.database.migrate()
            context.replica.load()
            yield Bank(context)
        finally:
            context.database.close()


def distractors(count: int, windows: Sequence[Window]) -> dict[str, ContentSignals]:
    """Return pictures that nobody asks for, with codes as skewed as those of real pictures."""
    each = 1 + len(windows)
    different = dict.fromkeys(map(bytes, sets.skewed(2 * count * each)))
    codes = np.frombuffer(b"".join(different), np.uint8).reshape(-1, 32)
    weight = np.bitwise_count(codes).sum(axis=1)
    fit = codes[(weight >= min(SET_BITS)) & (weight <= max(SET_BITS))]  # as algorithms make them
    codes = fit[: count * each].reshape(count, each, 32)
    return {
        f"{DISTRACTOR}-{n}": ContentSignals(
            ContentKind.PICTURE,
            (_pdq(of_one[0]),),
            windows=tuple(
                WindowSignal(window, _pdq(code))
                for window, code in zip(windows, of_one[1:], strict=True)
            ),
        )
        for n, of_one in enumerate(codes)
    }


def _pdq(code: sets.Codes) -> Signal:
    return Signal(SignalType.PDQ, code.tobytes(), 100)
