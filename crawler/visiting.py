"""One visit of a watch: its pages, their media, and how it ended.

Each step is looked at, and then noted in one transaction with what it led to: further steps, an
observation. So a visit that is interrupted anywhere goes on where it was.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from crawler import limits, reaching
from crawler.egress.addresses import Address, parsed
from crawler.fetching.fetcher import Answer, Validators
from crawler.finding.collecting import References
from crawler.finding.hints import is_media
from crawler.frontier import known, outbox, reports, visits, watches
from crawler.frontier.known import Known
from crawler.frontier.schedule import interval_after
from crawler.frontier.store import Store
from crawler.frontier.visits import Kind, New, Step
from crawler.frontier.watches import Watch
from crawler.inspecting.answers import NotInspected
from crawler.inspecting.inspector import CRASHED
from crawler.inspecting.memory import MemoryFile, NoMedium
from crawler.judging import Judged, judged, report_of, result_of_status
from crawler.outcomes import Disallowed, FetchError, Outcome
from crawler.readers.page import Page
from hashing.signals import ContentSignals, SignalType
from hashing.submission import content_document

CRASHED_DOCUMENT = {"failed": CRASHED.code}
_LISTS = ("media", "parts", "following", "links")
_MEDIA_AT_ONCE = 8
_PAGES_AT_ONCE = 2
"""Media and pages of one visit that are looked at at once; the slots of hosts bound it further."""


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

    async def inspect(self, medium: MemoryFile) -> ContentSignals | NotInspected:
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
    results: dict[tuple[Kind, str], int]


class Visitor:
    """Visits watches with one fetcher, one inspector and one frontier."""

    def __init__(
        self, fetcher: Fetches, inspector: Inspects, store: Store, *, loopback: bool = False
    ) -> None:
        self._fetcher = fetcher
        self._inspector = inspector
        self._store = store
        self._loopback = loopback
        self._room = asyncio.Semaphore(limits.MEDIA_AT_ONCE)
        self._large = asyncio.Lock()

    async def visit(self, watch: Watch) -> Visited:
        """Look at all that a watch reaches. Returns once the visit has ended in the frontier."""
        until = time.monotonic() + reaching.seconds(watch, now=_now())
        first = reaching.first(watch, is_medium=is_media(watch.address))
        with self._store.write() as tx:
            visit = visits.opened(tx, watch.id, first, _now())
        wait: dict[str, int] = {}
        running: dict[int, asyncio.Task[None]] = {}
        try:
            while time.monotonic() < until:
                for step in self._steps(visit, running):
                    looked = self._look_at(watch, visit, step, wait)
                    running[step.id] = asyncio.create_task(looked)
                if not running:
                    break
                await asyncio.wait(running.values(), return_when=asyncio.FIRST_COMPLETED)
                for number in [each for each, task in running.items() if task.done()]:
                    running.pop(number).result()
        finally:
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)
        return self._end(watch, visit, wait.get("retry_after"))

    def _steps(self, visit: int, running: Mapping[int, object]) -> list[Step]:
        """Return what is to be looked at beside what is being looked at."""
        most = len(running)
        with self._store.read() as tx:
            media = visits.waiting(tx, visit, Kind.MEDIUM, _MEDIA_AT_ONCE + most)
            pages = visits.waiting(tx, visit, Kind.PAGE, _PAGES_AT_ONCE + most)
        chosen = [*media[:_MEDIA_AT_ONCE], *pages[:_PAGES_AT_ONCE]]
        return [step for step in chosen if step.id not in running]

    async def _look_at(self, watch: Watch, visit: int, step: Step, wait: dict[str, int]) -> None:
        if step.kind is Kind.PAGE:
            await self._page(watch, visit, step, wait)
            return
        async with self._room:
            await self._medium(watch, visit, step)

    def _end(self, watch: Watch, visit: int, retry_after: int | None) -> Visited:
        now = _now()
        with self._store.write() as tx:
            results = visits.results(tx, visit)
            ended = visits.summed(tx, visit)
            verdict = judged(watch, visits.first_result(tx, visit), results, ended)
            faults = watch.faults + 1 if verdict.outcome is Outcome.FAULT else 0
            interval = interval_after(
                verdict.outcome,
                changed=verdict.changed,
                interval=watch.interval,
                faults=faults,
                retry_after=retry_after,
            )
            watches.looked(
                tx,
                watch,
                verdict.outcome,
                now=now,
                interval=interval,
                faults=faults,
                media=ended.media,
                digest=verdict.digest,
                moved_to=verdict.moved_to,
            )
            if watch.name:
                reports.add(tx, visit, json.dumps(report_of(watch, verdict, ended.media)))
            visits.end(tx, visit, verdict.outcome, fault=verdict.fault, media=ended.media, now=now)
        return Visited(watch, visit, verdict, results)

    # --- a page ---

    async def _page(self, watch: Watch, visit: int, step: Step, wait: dict[str, int]) -> None:
        with self._store.read() as tx:
            old = None if reaching.anew(watch) else known.get(tx, step.address, Kind.PAGE)
        if old is not None and not _found(old.document).media:
            old = None  # that its bytes are the same does not say what scripts show now
        try:
            address = parsed(step.address, loopback=self._loopback)
            answer = await self._fetcher.page(address, _validators(old))
        except (FetchError, Disallowed) as err:
            if isinstance(err, FetchError) and err.retry_after:
                wait["retry_after"] = err.retry_after
            self._done(step, _failure(err))
            return
        if answer.status == 304 and old is not None:  # noqa: PLR2004 (RFC 9110)
            self._read(watch, visit, step, _found(old.document), "unchanged")
            return
        if 200 <= answer.status < 300 and _is_medium(answer):  # noqa: PLR2004
            with self._store.write() as tx:
                visits.add(tx, visit, [New(Kind.MEDIUM, step.address, step.page, step.depth)])
                visits.done(tx, step.id, _seen(step, answer))
            return
        page = Page(
            answer.address.url, answer.body, answer.content_type, self._loopback, answer.status
        )
        says_more = answer.body and (200 <= answer.status < 300 or answer.status == 403)  # noqa: PLR2004
        try:
            found = await self._inspector.read(page) if says_more else References()
        except (FetchError, Disallowed) as err:
            self._done(step, _failure(err))
            return
        if found.by_scripts:
            answer = replace(answer, validators=Validators())
        result = result_of_status(answer.status, login=found.login, empty=not found.media)
        if result != "seen":
            self._done(step, result)
            return
        self._read(watch, visit, step, found, _seen(step, answer), answer)

    def _read(
        self,
        watch: Watch,
        visit: int,
        step: Step,
        found: References,
        result: str,
        answer: Answer | None = None,
    ) -> None:
        """Note a page, its media, and the pages that this watch reaches from it."""
        reached = reaching.pages(watch, step, found, loopback=self._loopback)
        with self._store.write() as tx:
            room = limits.MEDIA_PER_VISIT - visits.count(tx, visit, Kind.MEDIUM)
            visits.add(tx, visit, reaching.media(step, found, room=room))
            for new in reached:
                if visits.count(tx, visit, Kind.PAGE) >= limits.PAGES_PER_VISIT:
                    break
                visits.add(tx, visit, [new])
            if answer is not None:
                document = json.dumps(_references_document(found))
                held = Known(answer.validators.etag, answer.validators.modified, document)
                known.put(tx, step.address, Kind.PAGE, held, now=_now())
            else:
                known.used(tx, step.address, Kind.PAGE, now=_now())
            visits.done(tx, step.id, "cut" if found.cut and result == "seen" else result)

    # --- a medium ---

    async def _medium(self, watch: Watch, visit: int, step: Step) -> None:
        with self._store.read() as tx:
            old = None if reaching.anew(watch) else known.get(tx, step.address, Kind.MEDIUM)
        try:
            with MemoryFile(self._large) as medium:
                address = parsed(step.address, loopback=self._loopback)
                answer = await self._fetcher.medium(address, medium, _validators(old))
                if answer.status == 304 and old is not None:  # noqa: PLR2004 (RFC 9110)
                    self._inspected(watch, visit, step, json.loads(old.document))
                    return
                if answer.status != 200:  # noqa: PLR2004
                    self._done(step, result_of_status(answer.status, login=False, empty=True))
                    return
                medium.end()
                inspected = await self._inspector.inspect(medium)
        except NoMedium:
            self._no_medium(visit, step)
            return
        except (FetchError, Disallowed) as err:
            self._done(step, _failure(err))
            return
        self._inspected(watch, visit, step, _document(inspected), answer.validators)

    def _no_medium(self, visit: int, step: Step) -> None:
        """Note it. A watch whose address only ends like a picture is a page: many sites do that."""
        with self._store.write() as tx:
            if step.page == step.address:
                visits.add(tx, visit, [New(Kind.PAGE, step.address, step.page, step.depth)])
            visits.done(tx, step.id, "no_medium")

    def _inspected(
        self,
        watch: Watch,
        visit: int,
        step: Step,
        document: dict[str, Any],
        validators: Validators | None = None,
    ) -> None:
        """Note a medium with its observation, or why it has none."""
        text = json.dumps(document, sort_keys=True)
        with self._store.write() as tx:
            if validators is None:
                known.used(tx, step.address, Kind.MEDIUM, now=_now())
            elif document != CRASHED_DOCUMENT:  # which may have been ours
                held = Known(validators.etag, validators.modified, text)
                known.put(tx, step.address, Kind.MEDIUM, held, now=_now())
            if "failed" in document:
                visits.done(tx, step.id, f"not_hashed {document['failed']}")
                return
            of = {"watch": watch.name, "lease": watch.lease} if watch.name else {}
            observation = json.dumps({"address": step.page, **of, **document}, sort_keys=True)
            outbox.add(tx, visit, step.page, observation, now=_now())
            visits.done(tx, step.id, "seen", _sha256(document))

    def _done(self, step: Step, result: str) -> None:
        with self._store.write() as tx:
            visits.done(tx, step.id, result)


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


def _document(inspected: ContentSignals | NotInspected) -> dict[str, Any]:
    if isinstance(inspected, NotInspected):
        return {"failed": inspected.code}
    return content_document(inspected)


def _sha256(document: dict[str, Any]) -> str:
    """What tells one medium from another: its SHA-256, which every medium has."""
    return next(
        str(each["value"])
        for each in document["signals"]
        if each["type"] == SignalType.SHA256.value
    )


def _references_document(found: References) -> dict[str, Any]:
    return {name: list(getattr(found, name)) for name in _LISTS}


def _found(document: str) -> References:
    held = json.loads(document)
    media, parts, following, links = (tuple(held[name]) for name in _LISTS)
    return References(media, parts, following, links)
