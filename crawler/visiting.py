"""One visit of a watch: its pages, their media, and how it ended.

Each step is looked at, and then noted in one transaction with what it led to: further steps, an
observation. So a visit that is interrupted anywhere goes on where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from crawler import limits, reaching, told
from crawler.egress.addresses import Address, parsed
from crawler.fetching.fetcher import Answer, Validators
from crawler.finding import documents
from crawler.finding.collecting import References, Tile
from crawler.finding.hints import is_media
from crawler.frontier import known, said, watches
from crawler.frontier.known import Known
from crawler.frontier.transactions import Frontier, Tx
from crawler.frontier.visits import Kind, Step
from crawler.frontier.waiting import Waiting
from crawler.frontier.watches import Watch
from crawler.inspecting.answers import NotInspected
from crawler.inspecting.memory import MemoryFile, NoMedium
from crawler.judging import Judged, result_of_status
from crawler.noting import Medium, Notes, Results, document_of
from crawler.outcomes import Disallowed, FetchError
from crawler.readers.page import Page
from hashing.signals import ContentSignals

_AT_ONCE = {Kind.MEDIUM: 8, Kind.PAGE: 2}
"""How many of one visit are looked at at once; the slots of hosts bound it further."""


class Fetches(Protocol):
    """Fetcher, or what stands for it in a test."""

    async def page(self, address: Address, known: Validators | None = None) -> Answer:
        """Return a page. Raises FetchError and Disallowed."""
        ...

    async def medium(
        self, address: Address, sink: MemoryFile, known: Validators | None = None
    ) -> Answer:
        """Fetch a medium into a sink. Raises the same, and NoMedium."""
        ...


class Inspects(Protocol):
    """Inspector, or what stands for it in a test."""

    async def inspect(
        self, medium: MemoryFile, tiles: Sequence[Tile] = ()
    ) -> ContentSignals | NotInspected:
        """Return a medium's signals, or why it has none."""
        ...

    async def read(self, page: Page) -> References:
        """Return what a page shows. Raises FetchError and Disallowed."""
        ...


@dataclass(frozen=True, slots=True)
class Visited:
    """What a visit came to."""

    watch: Watch
    visit: int
    judged: Judged
    results: Results


class Visitor:
    """Visits watches with one fetcher, one inspector and one frontier."""

    def __init__(
        self, fetcher: Fetches, inspector: Inspects, store: Frontier, *, loopback: bool = False
    ) -> None:
        self._fetcher = fetcher
        self._inspector = inspector
        self._store = store
        self._notes = Notes(store, loopback=loopback)
        self._loopback = loopback
        self._room = asyncio.Semaphore(limits.MEDIA_AT_ONCE)
        self._large = asyncio.Lock()

    async def visit(self, watch: Watch) -> Visited:
        """Look at all that a watch reaches. Returns once the visit has ended in the frontier."""
        latest = time.monotonic() + limits.VISIT_SECONDS
        first = reaching.first(watch, is_medium=is_media(watch.address))
        visit = await self._notes.begun(watch, first)
        waiting = Waiting(self._store, visit, _AT_ONCE)
        wait: dict[str, int] = {}
        running: dict[asyncio.Task[None], Step] = {}
        ended = asyncio.Event()
        try:
            while (left := await self._left(watch, latest)) > 0:
                for step in await waiting.beside(running.values()):
                    task = asyncio.create_task(self._look_at(watch, visit, step, wait))
                    task.add_done_callback(lambda _: ended.set())
                    running[task] = step
                if not running:
                    break
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await ended.wait()
                ended.clear()
                for task in [each for each in running if each.done()]:
                    running.pop(task)
                    task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        verdict, results = await self._notes.ended(watch, visit, wait.get("retry_after"))
        return Visited(watch, visit, verdict, results)

    async def drop(self, watch: int) -> None:
        """Forget a leased watch whose visit was stopped: the service would not take what it saw."""
        await self._notes.dropped(watch)

    async def settled(self) -> None:
        """Wait until the frontier has all that was to be noted of visits that were stopped."""
        await self._notes.settled()

    async def _left(self, watch: Watch, latest: float) -> float:
        """Return the seconds that a visit may still take: a lease may have been renewed."""
        left = latest - time.monotonic()
        if not watch.name:
            return left
        end = await self._store.ask(lambda tx: watches.lease_end(tx, watch.id))
        return min(left, reaching.seconds(end, now=_now()))

    async def _look_at(self, watch: Watch, visit: int, step: Step, wait: dict[str, int]) -> None:
        if step.kind is Kind.PAGE:
            await self._page(watch, visit, step, wait)
            return
        async with self._room:
            await self._medium(watch, visit, step)

    # --- a page ---

    async def _page(self, watch: Watch, visit: int, step: Step, wait: dict[str, int]) -> None:
        old = None
        if not reaching.anew(watch):
            old = await self._store.ask(lambda tx: known.get(tx, step.address, Kind.PAGE))
        if old is not None and not json.loads(old.document)["media"]:
            old = None  # that its bytes are the same does not say what scripts show now
        try:
            address = parsed(step.address, loopback=self._loopback)
            answer = await self._fetcher.page(address, _validators(old))
        except (FetchError, Disallowed) as err:
            if isinstance(err, FetchError) and err.retry_after:
                wait["retry_after"] = err.retry_after
            await self._notes.done(step, _failure(err))
            return
        if answer.status == 304 and old is not None:  # noqa: PLR2004 (RFC 9110)
            found = documents.references(json.loads(old.document), loopback=self._loopback)
            await self._notes.page(watch, visit, step, found, "unchanged")
            return
        if 200 <= answer.status < 300 and _is_medium(answer):  # noqa: PLR2004
            await self._notes.instead(visit, step, Kind.MEDIUM, _seen(step, answer))
            return
        page = Page(
            answer.address.url, answer.body, answer.content_type, self._loopback, answer.status
        )
        says_more = answer.body and (200 <= answer.status < 300 or answer.status == 403)  # noqa: PLR2004
        try:
            found = await self._inspector.read(page) if says_more else References()
        except (FetchError, Disallowed) as err:
            await self._notes.done(step, _failure(err))
            return
        if found.by_scripts:
            answer = replace(answer, validators=Validators())
        result = result_of_status(answer.status, login=found.login, empty=not found.media)
        if result != "seen":
            await self._notes.done(step, result)
            return
        await self._notes.page(watch, visit, step, found, _seen(step, answer), answer)

    # --- a medium ---

    async def _medium(self, watch: Watch, visit: int, step: Step) -> None:
        def asked(tx: Tx) -> tuple[Known | None, str]:
            anew = reaching.anew(watch)
            old = None if anew else known.get(tx, step.address, Kind.MEDIUM)
            return old, said.get(tx, step.id)

        old, told_of = await self._store.ask(asked)
        of_page = told.parsed(told_of)
        of = Medium(watch, visit, step, of_page)
        if old is not None and told.saves(of_page, old, now=_now()):
            await self._notes.known(of, old, asked=False)
            return
        try:
            with MemoryFile(self._large) as medium:
                address = parsed(step.address, loopback=self._loopback)
                answer = await self._fetcher.medium(address, medium, _validators(old))
                if answer.status == 304 and old is not None:  # noqa: PLR2004 (RFC 9110)
                    await self._notes.known(of, old, asked=True)
                    return
                if answer.status != 200:  # noqa: PLR2004
                    result = result_of_status(answer.status, login=False, empty=True)
                    await self._notes.unseen(of, result)
                    return
                medium.end()
                inspected = await self._inspector.inspect(medium, of_page.tiles)
        except NoMedium:
            await self._notes.unseen(of, "no_medium")
            return
        except (FetchError, Disallowed) as err:
            await self._notes.unseen(of, _failure(err))
            return
        await self._notes.inspected(of, document_of(inspected), answer.validators)


def _now() -> int:
    return int(time.time())


def _validators(old: Known | None) -> Validators | None:
    return Validators(old.etag, old.modified) if old else None


def _failure(err: FetchError | Disallowed) -> str:
    if isinstance(err, FetchError):
        return f"fault {err.kind.value}"
    return "refused"


def _seen(step: Step, answer: Answer) -> str:
    """The result of a page that is there: moved, if for good, and not only to https or www."""
    moved = answer.moved and _place(step.address) != _place(answer.address.url)
    return f"moved {answer.address.url}" if moved else "seen"


def _place(url: str) -> str:
    return url.partition("://")[2].removeprefix("www.").rstrip("/")


def _is_medium(answer: Answer) -> bool:
    return not answer.body and answer.content_type.startswith(("image/", "video/"))
