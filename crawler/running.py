"""The composition root: a crawl with its guard, fetcher, children, frontier and reporter."""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from crawler.egress.guard import Guard
from crawler.fetching.fetcher import Fetcher
from crawler.fetching.safe import scrapy_settings
from crawler.fetching.spider import Download, Slow, crawl
from crawler.fetching.streams import Streams
from crawler.frontier import known, outbox, visits, watches
from crawler.frontier.crawlers import KEEP_SECONDS
from crawler.frontier.transactions import Away, Frontier, Lost
from crawler.frontier.watches import Watch
from crawler.inspecting.inspector import Inspector
from crawler.inspecting.sandbox import CONFINED
from crawler.logs import log
from crawler.meters import Meters
from crawler.reporting.leasing import lease, renew, report
from crawler.reporting.submitting import KeyRefused, Reporter, Service
from crawler.settings import Settings
from crawler.switching import seen_by
from crawler.visiting import Visited, Visitor

IDLE_SECONDS = 5.0
"""How often a crawler that has nothing to do looks whether something is due."""
RENEW_SECONDS = 60.0
"""How often it is looked whether a lease ends soon."""
FAILED_SECONDS = 3600
"""A watch whose visit we made a mistake in is left alone so long."""
KEPT_SECONDS = 90 * 24 * 3600
"""What was known and done is forgotten after so long; also an outbox that nobody took."""
_PRUNE_EVERY = 3600.0

OnVisit = Callable[[Visited], None]


@dataclass(slots=True)
class Crawl:
    """What one process works with."""

    settings: Settings
    store: Frontier
    on_visit: OnVisit
    meters: Meters
    reporter: Reporter | None = None
    guard: Guard | None = None
    inspector: Inspector | None = None
    """That of whoever runs more than one crawl, and closes it. None: one of its own."""
    leases_from: Service | None = None
    """A service whose watches are looked at too."""
    problem: KeyRefused | None = None
    _lease_at: float = 0.0
    """When the service is asked for watches again."""
    _inspector: Inspector | None = None
    """The one that is used, until it has been warned of."""
    _running: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    """The visits that go on, by watch."""

    async def run(self, *, once: bool, stop: asyncio.Event | None = None) -> None:
        """Visit what is due; with `once` until nothing is, else until `stop`. Raises KeyRefused."""
        stop = stop or asyncio.Event()
        guard = self.guard or Guard(loopback=self.settings.loopback)

        async def work(download: Download, slow: Slow) -> None:
            await self._work(guard, download, slow, once=once, stop=stop)

        await crawl(_scrapy(self.settings), guard, work)
        if self.problem is not None:
            raise self.problem

    async def _work(
        self, guard: Guard, download: Download, slow: Slow, *, once: bool, stop: asyncio.Event
    ) -> None:
        settings = self.settings
        fetcher = Fetcher(
            download,
            slow,
            loopback=settings.loopback,
            overridden=settings.override_robots,
            avoided=settings.avoid,
            delay=settings.delay,
        )
        inspector = self.inspector or Inspector(settings.profile, settings.children)
        inspector.use_here()
        self._inspector = inspector
        seeing = await seen_by(settings, inspector, guard, fetcher.permitted)
        streams = Streams(fetcher, loopback=settings.loopback)
        visitor = Visitor(streams, seeing, self.store, loopback=settings.loopback)
        ended = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                for beside in (
                    self._report(ended, stop),
                    self._renew_all(visitor, ended),
                    self._keep(ended),
                ):
                    group.create_task(_unless_away(beside))
                hurrying = group.create_task(self._hurry(stop))
                await _unless_away(self._visit_all(visitor, once=once, stop=stop))
                hurrying.cancel()
                if stop.is_set():
                    self.store.hurry()
                ended.set()
        finally:
            self.store.hurry()
            if self.inspector is None:
                inspector.close()

    async def _visit_all(self, visitor: Visitor, *, once: bool, stop: asyncio.Event) -> None:
        running = self._running
        pruned = 0.0
        try:
            while not stop.is_set() and self.problem is None:
                if time.monotonic() - pruned > _PRUNE_EVERY:
                    await asyncio.to_thread(self._prune)
                    pruned = time.monotonic()
                if self.store.lost:
                    await self._begin_anew(visitor)
                await self._lease(self.settings.visits - len(running))
                for watch in await self._due():
                    running[watch.id] = asyncio.create_task(self._visit(visitor, watch))
                if not running and once and not self.store.lost:
                    return
                await _first(running, stop)
                for number in [each for each, task in running.items() if task.done()]:
                    if not (task := running.pop(number)).cancelled():
                        task.result()
        finally:
            await self._stop_all()

    async def _hurry(self, stop: asyncio.Event) -> None:
        """Wait no more for a frontier that is away, once it is to stop."""
        await stop.wait()
        self.store.hurry()

    async def _stop_all(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _begin_anew(self, visitor: Visitor) -> None:
        """Leave visits to the crawlers that have taken them over, and be a new one."""
        log.warning("silent for too long: others go on with what was begun here")
        await self._stop_all()
        self._running.clear()
        await visitor.settled()
        await asyncio.to_thread(self.store.claim)

    async def _keep(self, ended: asyncio.Event) -> None:
        """Say that we live, while something is done or to be submitted."""
        while not ended.is_set():
            await asyncio.to_thread(self.store.keep)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), KEEP_SECONDS)

    async def _lease(self, room: int) -> None:
        """Take watches of the service, if there is room for them."""
        if self.leases_from is None or room <= 0 or time.monotonic() < self._lease_at:
            return
        now = int(time.time())
        try:
            given = await asyncio.to_thread(lease, self.store, self.leases_from, room, now=now)
            if given < room:  # no more is due
                self._lease_at = time.monotonic() + IDLE_SECONDS
        except KeyRefused as err:
            self.problem = err

    async def _renew_all(self, visitor: Visitor, ended: asyncio.Event) -> None:
        """Keep the leases of visits that go on; end those of visits that are to go on no more."""
        while self.leases_from is not None and self.problem is None and not ended.is_set():
            try:
                now = int(time.time())
                lapsed = await asyncio.to_thread(renew, self.store, self.leases_from, now=now)
            except KeyRefused as err:
                self.problem = err
                return
            for watch in lapsed:
                if task := self._running.get(watch):
                    task.cancel()
                    await asyncio.wait([task])
                    log.info("watch=%d is not to be looked at any longer", watch)
                await visitor.drop(watch)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), RENEW_SECONDS)

    async def _due(self) -> list[Watch]:
        running = set(self._running)
        if (room := self.settings.visits - len(running)) <= 0:
            return []
        now = int(time.time())
        due = partial(watches.due, now=now, most=room, besides=running)
        try:
            return await asyncio.to_thread(self.store.take, due)
        except Lost:  # which `store.lost` says
            return []

    async def _visit(self, visitor: Visitor, watch: Watch) -> None:
        begun = time.monotonic()
        try:
            visited = await visitor.visit(watch)
        except (Lost, Away):
            log.info("watch=%d is left as it is", watch.id)
            return
        except Exception as err:  # noqa: BLE001 (one page must not end the crawl: ours is the mistake)
            await self._failed(watch, err)
            return
        seconds = time.monotonic() - begun
        judged = visited.judged
        log.info(
            "visit=%d outcome=%s fault=%s steps=%d seconds=%.1f",
            visited.visit,
            judged.outcome.value,
            judged.fault.value if judged.fault else "-",
            sum(visited.results.values()),
            seconds,
        )
        self._warn_of_children()
        self.meters.visited(visited, seconds)
        self.on_visit(visited)

    async def _failed(self, watch: Watch, err: Exception) -> None:
        """Leave a watch alone for a while, with its visit open: a mended crawler goes on."""
        at = traceback.extract_tb(err.__traceback__)[-1]
        log.error("watch=%d failed: %s at %s:%s", watch.id, type(err).__name__, at.name, at.lineno)
        self.meters.failed()
        until = int(time.time()) + FAILED_SECONDS
        later = partial(watches.postpone, watch=watch.id, until=until)
        await _unless_away(asyncio.to_thread(self.store.change, later))

    def _warn_of_children(self) -> None:
        """Say once if the system confines children less than it should."""
        for holds in self._inspector.holds if self._inspector else ():
            if missing := sorted(CONFINED - set(holds)):
                log.warning("children are not confined by: %s", ", ".join(missing))
                self._inspector = None
                return

    async def _report(self, ended: asyncio.Event, stop: asyncio.Event) -> None:
        """Submit what is observed, until the visits have ended and nothing waits."""
        if self.reporter is None:
            return
        while True:
            was_ended = ended.is_set()
            before = (self.reporter.acknowledged, self.reporter.refused)
            try:
                wait = await asyncio.to_thread(self.reporter.submit)
                if self.leases_from and wait <= 0:
                    while await asyncio.to_thread(report, self.store, self.leases_from):
                        pass
            except KeyRefused as err:  # what is observed would wait for ever
                self.problem = err
                stop.set()
                return
            except Lost:  # until `claim`
                wait = 1.0
            await self._count(before)
            if wait == 0:
                continue
            if was_ended:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), 0.5 if wait < 0 else wait)

    async def _count(self, before: tuple[int, int]) -> None:
        assert self.reporter is not None  # noqa: S101 (its only caller)
        self.meters.submitted(
            acknowledged=self.reporter.acknowledged - before[0],
            refused=self.reporter.refused - before[1],
        )
        waiting, _ = await self.store.ask(outbox.counts)
        self.meters.waiting.set(waiting)

    def _prune(self) -> None:
        before = int(time.time()) - KEPT_SECONDS
        for prune in (visits.prune, known.prune, outbox.prune):
            while self.store.change(partial(prune, before=before)) > 0:
                pass


async def _unless_away(work: Awaitable[object]) -> None:
    """What a crawler that ends does with a frontier that is away: nothing more."""
    with contextlib.suppress(Away):
        await work


async def _first(running: dict[int, asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Wait until a visit ends, or it is to stop, or a while has passed."""
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait(
            [*running.values(), stopped], timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        stopped.cancel()


def _scrapy(settings: Settings) -> dict[str, object]:
    return scrapy_settings(
        user_agent=settings.user_agent,
        concurrent=settings.requests,
        per_host=settings.requests_per_host,
        delay=settings.delay,
    )
