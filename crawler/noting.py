"""What became of a medium, noted in one transaction with the end of its step."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from crawler import told
from crawler.fetching.fetcher import Validators
from crawler.frontier import known, outbox, visits
from crawler.frontier.known import Known
from crawler.frontier.said import Tx
from crawler.frontier.visits import Kind, New, Step
from crawler.frontier.watches import Watch
from crawler.inspecting.inspector import CRASHED
from crawler.told import Told
from hashing.signals import SignalType

CRASHED_DOCUMENT = {"failed": CRASHED.code}


class Medium(NamedTuple):
    """A medium that a visit looks at, with what its page says of it."""

    watch: Watch
    visit: int
    step: Step
    told: Told


def remember(
    tx: Tx, medium: Medium, document: dict[str, Any], validators: Validators, *, now: int
) -> None:
    """Keep what the bytes of an address were, for when it is asked for again."""
    if document == CRASHED_DOCUMENT:  # which may have been ours
        return
    held = Known(validators.etag, validators.modified, json.dumps(document, sort_keys=True))
    holds = told.holds(medium.told, document)
    known.put(tx, medium.step.address, Kind.MEDIUM, held, now=now, declared=holds)


def inspected(tx: Tx, medium: Medium, document: dict[str, Any], *, now: int) -> None:
    """Note a medium with its observation, or why it has none."""
    if "failed" in document:
        unseen(tx, medium, f"not_hashed {document['failed']}", now=now)
        return
    _observe(tx, medium, document, now=now)
    visits.done(tx, medium.step.id, "seen", _sha256(document))


def unseen(tx: Tx, medium: Medium, result: str, *, now: int) -> None:
    """Note a medium that could not be hashed, and what its page declares of it.

    A watch whose address only ends like a picture is a page: many sites do that.
    """
    step = medium.step
    if claim := told.claim(medium.told, step.address, result):
        _observe(tx, medium, claim, now=now)
    if result == "no_medium" and step.page == step.address:
        visits.add(tx, medium.visit, [New(Kind.PAGE, step.address, step.page, step.depth)])
    visits.done(tx, step.id, result)


def _observe(tx: Tx, medium: Medium, document: dict[str, Any], *, now: int) -> None:
    watch, page = medium.watch, medium.step.page
    of = {"watch": watch.name, "lease": watch.lease} if watch.name else {}
    observation = json.dumps({"address": page, **of, **document}, sort_keys=True)
    outbox.add(tx, medium.visit, page, observation, now=now)


def _sha256(document: dict[str, Any]) -> str:
    """What tells one medium from another: its SHA-256, which every medium has."""
    return next(
        str(each["value"])
        for each in document["signals"]
        if each["type"] == SignalType.SHA256.value
    )
