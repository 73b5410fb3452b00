"""The steps of one visit that have not begun, read from the frontier a few at a time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from functools import partial

from crawler.frontier import visits
from crawler.frontier.transactions import Frontier
from crawler.frontier.visits import Kind, Step

_READ = 100
"""Steps read at once."""


class Waiting:
    """Gives each step once, in the order in which they were found, as many at once as may be."""

    def __init__(self, store: Frontier, visit: int, at_once: Mapping[Kind, int]) -> None:
        self._store = store
        self._visit = visit
        self._at_once = at_once
        self._read: dict[Kind, deque[Step]] = {kind: deque() for kind in at_once}
        self._last = dict.fromkeys(at_once, 0)

    async def beside(self, running: Iterable[Step]) -> list[Step]:
        """Return what may begin beside what is being looked at."""
        busy = Counter(step.kind for step in running)
        begun: list[Step] = []
        for kind, most in self._at_once.items():
            for _ in range(most - busy[kind]):
                if (step := await self._next(kind)) is None:
                    break
                begun.append(step)
        return begun

    async def _next(self, kind: Kind) -> Step | None:
        known = self._read[kind]
        if not known:
            more = partial(
                visits.waiting, visit=self._visit, kind=kind, most=_READ, after=self._last[kind]
            )
            known.extend(await self._store.ask(more))
        if not known:
            return None
        step = known.popleft()
        self._last[kind] = step.id
        return step
