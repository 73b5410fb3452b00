"""Crawls within the test's process, over real sockets, with real children."""

from __future__ import annotations

import asyncio
import atexit
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from crawler.egress.guard import Guard
from crawler.frontier import outbox, watches
from crawler.frontier.store import MEMORY, Store
from crawler.frontier.transactions import Frontier
from crawler.frontier.watches import Scope
from crawler.inspecting.inspector import Inspector
from crawler.meters import Meters
from crawler.outcomes import ErrorKind, Outcome
from crawler.reporting.submitting import Reporter, Service
from crawler.running import Crawl
from crawler.settings import Settings
from crawler.visiting import Visited
from hashing.views.profile import Profile

QUICK = Settings(loopback=True, delay=0.0, profile=Profile.PLAIN, requests_per_host=8)

GUARD = Guard(loopback=True)
INSPECTORS: dict[Profile, Inspector] = {}
"""One for each profile, for all tests of this process: its children need a second to start."""


@atexit.register
def end() -> None:
    for inspector in INSPECTORS.values():
        inspector.close()


@dataclass
class Look:
    """What a crawl came to, by address."""

    visited: dict[str, Visited] = field(default_factory=dict)
    seen: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    meters: Meters = field(default_factory=Meters)

    def outcome(self, address: str) -> tuple[Outcome, ErrorKind | None]:
        judged = self.visited[address].judged
        return judged.outcome, judged.fault

    def results(self, address: str) -> dict[str, int]:
        found = self.visited[address].results
        return {f"{kind} {result}": count for (kind, result), count in found.items()}


def look(  # noqa: PLR0913 (each is what one test is about)
    addresses: Iterable[str] = (),
    *,
    scope: Scope = Scope.PAGE,
    depth: int = 1,
    store: Frontier | None = None,
    settings: Settings = QUICK,
    guard: Guard | None = None,
    service: Service | None = None,
) -> Look:
    """Look at addresses now, and at whatever is due in the store."""
    ours = store is None
    store = store or Store(MEMORY)
    with store.write() as tx:
        for address in addresses:
            watches.add(tx, address, scope, depth, now=0)
        tx.execute("UPDATE watches SET due_at = 0")
    found = Look()

    def tell(visited: Visited) -> None:
        found.visited[visited.watch.address] = visited
        with store.read() as tx:
            rows = outbox.of_visit(tx, visited.visit)
        found.seen[visited.watch.address] = [json.loads(document) for _, document in rows]

    inspector = INSPECTORS.setdefault(settings.profile, Inspector(settings.profile))
    reporter = Reporter(store, service) if service else None
    crawl = Crawl(settings, store, tell, found.meters, reporter, guard or GUARD, inspector, service)
    asyncio.run(crawl.run(once=True))
    if ours:
        store.close()
    return found
