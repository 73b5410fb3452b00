"""What looks came to, in the frontier: each with all that it leads to, in one transaction."""

from __future__ import annotations

import json
import time
from typing import Any, NamedTuple

from crawler import limits, reaching, told
from crawler.fetching.fetcher import Answer, Validators
from crawler.finding import documents
from crawler.finding.collecting import References
from crawler.frontier import known, outbox, reports, said, visits, watches
from crawler.frontier.commits import Commits
from crawler.frontier.known import Known
from crawler.frontier.schedule import interval_after
from crawler.frontier.transactions import Frontier, Tx
from crawler.frontier.visits import Kind, New, Step
from crawler.frontier.watches import Watch
from crawler.inspecting.answers import NotInspected
from crawler.inspecting.inspector import CRASHED
from crawler.judging import Judged, judged, report_of
from crawler.outcomes import Outcome
from crawler.told import Told
from hashing.signals import ContentSignals, SignalType
from hashing.submission import content_document

_CRASHED_DOCUMENT = {"failed": CRASHED.code}
Results = dict[tuple[Kind, str], int]


class Medium(NamedTuple):
    """A medium that a visit looks at, with what its page says of it."""

    watch: Watch
    visit: int
    step: Step
    told: Told


class Notes:
    """Of one event loop. Each returns once it is on the disk, in the order in which they came."""

    def __init__(self, store: Frontier, *, loopback: bool = False) -> None:
        self._commits = Commits(store)
        self._loopback = loopback

    async def begun(self, watch: Watch, first: New) -> int:
        """Note that a visit begins, or goes on. Returns its number."""
        return await self._commits.write(lambda tx: visits.opened(tx, watch.id, first, _now()))

    async def done(self, step: Step, result: str) -> None:
        """Note how a step ended that leads to nothing."""
        await self._commits.write(lambda tx: visits.done(tx, step.id, result))

    async def instead(self, visit: int, step: Step, kind: Kind, result: str) -> None:
        """Note that an address is to be looked at as the other kind."""

        def change(tx: Tx) -> None:
            visits.add(tx, visit, [New(kind, step.address, step.page, step.depth)])
            visits.done(tx, step.id, result)

        await self._commits.write(change)

    async def page(
        self,
        watch: Watch,
        visit: int,
        step: Step,
        found: References,
        result: str,
        answer: Answer | None = None,
    ) -> None:
        """Note a page, its media, and the pages that this watch reaches from it.

        Without an answer, the server said that it is as it was.
        """
        reached = reaching.pages(watch, step, found, loopback=self._loopback)

        def change(tx: Tx) -> None:
            room = limits.MEDIA_PER_VISIT - visits.count(tx, visit, Kind.MEDIUM)
            visits.add(tx, visit, reaching.media(step, found, room=room))
            said.add(tx, visit, told.said(found))
            for new in reached:
                if visits.count(tx, visit, Kind.PAGE) >= limits.PAGES_PER_VISIT:
                    break
                visits.add(tx, visit, [new])
            if answer is not None:
                document = json.dumps(documents.document(found))
                held = Known(answer.validators.etag, answer.validators.modified, document)
                known.put(tx, step.address, Kind.PAGE, held, now=_now())
            else:
                known.used(tx, step.address, Kind.PAGE, now=_now())
            visits.done(tx, step.id, "cut" if found.cut and result == "seen" else result)

        await self._commits.write(change)

    async def inspected(
        self, medium: Medium, document: dict[str, Any], validators: Validators
    ) -> None:
        """Note a medium with its observation, or why it has none; and what its bytes were."""

        def change(tx: Tx) -> None:
            if document != _CRASHED_DOCUMENT:  # which may have been ours
                held = Known(validators.etag, validators.modified, json.dumps(document))
                holds = told.holds(medium.told, document)
                address = medium.step.address
                known.put(tx, address, Kind.MEDIUM, held, now=_now(), declared=holds)
            _inspected(tx, medium, document)

        await self._commits.write(change)

    async def known(self, medium: Medium, old: Known, *, asked: bool) -> None:
        """Note a medium that is as we know it, as its server said if it was `asked`."""

        def change(tx: Tx) -> None:
            known.used(tx, medium.step.address, Kind.MEDIUM, now=_now(), asked=asked)
            _inspected(tx, medium, json.loads(old.document))

        await self._commits.write(change)

    async def unseen(self, medium: Medium, result: str) -> None:
        """Note a medium that could not be hashed, and what its page declares of it."""
        await self._commits.write(lambda tx: _unseen(tx, medium, result))

    async def dropped(self, watch: int) -> None:
        """Forget a leased watch, with all that was noted of its visit."""
        await self._commits.write(lambda tx: watches.lapsed(tx, watch))

    async def settled(self) -> None:
        """Wait until nothing is to be noted any more, of visits that nobody goes on with."""
        await self._commits.settled()

    async def ended(
        self, watch: Watch, visit: int, retry_after: int | None
    ) -> tuple[Judged, Results]:
        """End a visit by what its steps came to, and say when the next one is due."""
        return await self._commits.write(lambda tx: _end(tx, watch, visit, retry_after))


def document_of(inspected: ContentSignals | NotInspected) -> dict[str, Any]:
    """Return what is kept and submitted of a medium."""
    if isinstance(inspected, NotInspected):
        return {"failed": inspected.code}
    return content_document(inspected)


def _inspected(tx: Tx, medium: Medium, document: dict[str, Any]) -> None:
    if "failed" in document:
        _unseen(tx, medium, f"not_hashed {document['failed']}")
        return
    _observe(tx, medium, document)
    visits.done(tx, medium.step.id, "seen", _sha256(document))


def _unseen(tx: Tx, medium: Medium, result: str) -> None:
    """A watch whose address only ends like a picture is a page: many sites do that."""
    step = medium.step
    if claim := told.claim(medium.told, step.address, result):
        _observe(tx, medium, claim)
    if result == "no_medium" and step.page == step.address:
        visits.add(tx, medium.visit, [New(Kind.PAGE, step.address, step.page, step.depth)])
    visits.done(tx, step.id, result)


def _observe(tx: Tx, medium: Medium, document: dict[str, Any]) -> None:
    watch, page = medium.watch, medium.step.page
    of = {"watch": watch.name, "lease": watch.lease} if watch.name else {}
    observation = json.dumps({"address": page, **of, **document}, sort_keys=True)
    outbox.add(tx, medium.visit, page, observation, now=_now())


def _end(tx: Tx, watch: Watch, visit: int, retry_after: int | None) -> tuple[Judged, Results]:
    now = _now()
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
    return verdict, results


def _now() -> int:
    return int(time.time())


def _sha256(document: dict[str, Any]) -> str:
    """What tells one medium from another: its SHA-256, which every medium has."""
    return next(
        str(each["value"])
        for each in document["signals"]
        if each["type"] == SignalType.SHA256.value
    )
