"""Watches from the service, and how their visits ended to it."""

from __future__ import annotations

import json
import re
from typing import Any

from crawler.frontier import reports, watches
from crawler.frontier.transactions import Frontier, Tx
from crawler.frontier.watches import Scope, Watch
from crawler.limits import MAX_ADDRESS
from crawler.reporting.submitting import AT_ONCE, KEYS_REFUSED, KeyRefused, Service
from hashing.errors import NotTakeback, Refused, Unreachable
from hashing.transport import call

_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_LEASE = 24 * 3600
RENEWED_BEFORE = 600
"""Seconds before its end when a lease is renewed: time for several tries."""


def lease(store: Frontier, service: Service, most: int, *, now: int) -> int:
    """Take watches that are due; return how many: 0 also if the service does not answer.

    Raises KeyRefused.
    """
    store.change(lambda tx: watches.release(tx, now=now))
    try:
        answer = _call(service, "/v1/watches/lease", {"limit": min(most, AT_ONCE)})
        given = [_watch(each, now) for each in _listed(answer, "watches")]
    except (Unreachable, Refused):
        return 0

    def change(tx: Tx) -> None:
        for each in given:
            watches.leased(tx, each, now=now)

    store.change(change)
    return len(given)


def renew(store: Frontier, service: Service, *, now: int) -> list[int]:
    """Have more time for visits that go on. Returns the watches that are to be looked at no more.

    While the service does not answer, leases are as they were. Raises KeyRefused.
    """
    held = store.answer(lambda tx: watches.held(tx, ending=now + RENEWED_BEFORE))[:AT_ONCE]
    if not held:
        return []
    body = {"leases": [{"watch": each.name, "lease": each.lease} for each in held]}
    try:
        answer = _call(service, "/v1/watches/renew", body)
        seconds = [_seconds(each) for each in _listed(answer, "leases")]
    except (Unreachable, Refused):
        return []
    given = list(zip(held, seconds, strict=False))

    def change(tx: Tx) -> None:
        for watch, more in given:
            if more:
                watches.renewed(tx, watch.id, until=now + more)

    store.change(change)
    return [watch.id for watch, more in given if not more]


def report(store: Frontier, service: Service) -> bool:
    """Report visits whose observations have arrived. Whether there were any, and they arrived.

    It may be repeated: the service counts a visit once. Raises KeyRefused.
    """
    if store.answer(reports.are_none):
        return False
    ready = store.take(lambda tx: reports.ready(tx, AT_ONCE))
    if not ready:
        return False
    body = {"visits": [json.loads(each.document) for each in ready]}
    try:
        _call(service, "/v1/watches/visits", body)
    except (Unreachable, Refused):  # the lease ends, and somebody else looks
        store.change(reports.later)
        return False
    store.change(lambda tx: reports.acknowledged(tx, ready))
    return True


def _call(service: Service, path: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        return call(service.address, "POST", path, body, service.credential)
    except Refused as err:
        if err.status in KEYS_REFUSED:
            raise KeyRefused from err
        raise


def _listed(answer: dict[str, Any], name: str) -> list[Any]:
    listed = answer.get(name)
    if not isinstance(listed, list) or len(listed) > AT_ONCE:
        raise NotTakeback
    return listed


def _seconds(given: Any) -> int:  # noqa: ANN401 (JSON of a service)
    try:
        return max(0, min(int(given["lease_seconds"]), _LONGEST_LEASE))
    except (KeyError, TypeError, ValueError) as err:
        raise NotTakeback from err


def _watch(given: Any, now: int) -> Watch:  # noqa: ANN401 (JSON of a service)
    """Return a leased watch. Its memory is a digest of what was there; any other is none."""
    try:
        scope, depth = Scope(given["scope"]), max(0, min(int(given["depth"]), 5))
        seconds = int(given["lease_seconds"])
        texts = (given["watch"], given["lease"])
        if not all(_TOKEN.fullmatch(each) for each in texts) or len(given["address"]) > MAX_ADDRESS:
            raise NotTakeback
        until = now + min(seconds, _LONGEST_LEASE)
        memory = given["memory"] or ""
        digest = memory if _DIGEST.fullmatch(memory) else None
    except (KeyError, TypeError, ValueError) as err:
        raise NotTakeback from err
    return Watch(
        0,
        str(given["address"]),
        scope,
        depth,
        digest=digest,
        name=texts[0],
        lease=texts[1],
        leased_until=until,
    )
