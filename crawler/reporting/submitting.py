"""Observations of the outbox to the service. What it has not acknowledged stays there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial

from crawler.frontier import outbox
from crawler.frontier.outbox import Waiting
from crawler.frontier.transactions import Frontier
from hashing.errors import InvalidKey, Refused, Unreachable
from hashing.transport import Address, call, parsed_address

AT_ONCE = 100
"""Observations of one request. The service takes 1,000, and 8 MB."""
REQUEST_BYTES = 4 * 2**20
FIRST_WAIT = 5.0
LONGEST_WAIT = 600.0
_LATER = {408, 425, 429, 500, 502, 503, 504}
_TOO_LARGE = 413
KEYS_REFUSED = {401, 403}


class KeyRefused(Exception):
    """The service does not know this key, or it is no crawler's: set TAKEBACK_KEY to another."""


@dataclass(frozen=True, slots=True)
class Service:
    """Where observations go. The credential is hidden from `repr`."""

    address: Address
    credential: str

    def __repr__(self) -> str:
        return "Service(…)"


def service(server: str, key: str) -> Service:
    """Return a service from its address and key. Raises the errors of hashing.transport."""
    if not re.fullmatch(r"[\x21-\x7e]+", key.strip()):
        raise InvalidKey
    return Service(parsed_address(server), f"Bearer {key.strip()}")


class Reporter:
    """Submits what waits, and says how long to wait after a failure."""

    def __init__(self, store: Frontier, to: Service) -> None:
        self._store = store
        self._to = to
        self._failures = 0
        self.acknowledged = 0
        self.refused = 0

    def submit(self) -> float:
        """Submit one batch. Returns the seconds until the next: 0 if more waits, -1 if nothing.

        It may be repeated: the service keeps what is submitted twice on a day once.
        Raises KeyRefused, and Lost and Away of a frontier that is shared.
        """
        if self._store.answer(outbox.is_empty):
            return -1.0
        batch = _fitting(self._store.take(lambda tx: outbox.waiting(tx, AT_ONCE)))
        if not batch:
            return -1.0
        try:
            self._send(batch)
        except Unreachable:
            return self._wait(None)
        except Refused as err:
            if err.status in KEYS_REFUSED:
                raise KeyRefused from err
            if err.status in _LATER:
                return self._wait(err.retry_after)
            self._one_by_one(batch)
        self._failures = 0
        return 0.0

    def _wait(self, asked: int | None) -> float:
        self._failures += 1
        self._store.change(outbox.later)
        waited = FIRST_WAIT * float(1 << min(self._failures - 1, 10))
        return max(min(waited, LONGEST_WAIT), float(asked or 0))

    def _send(self, batch: list[Waiting]) -> None:
        body = {"observations": [json.loads(each.document) for each in batch]}
        call(self._to.address, "POST", "/v1/observations", body, self._to.credential)
        self._store.change(lambda tx: outbox.acknowledged(tx, [each.id for each in batch]))
        self.acknowledged += len(batch)

    def _one_by_one(self, batch: list[Waiting]) -> None:
        """Find what the service will not take: all others of the batch are kept."""
        for each in batch:
            try:
                self._send([each])
            except Unreachable:
                return
            except Refused as err:
                if err.status in _LATER:
                    return
                self._store.change(partial(outbox.refused, number=each.id))
                self.refused += 1


def _fitting(waiting: list[Waiting]) -> list[Waiting]:
    """Return as many of the first as one request may have; always one."""
    size = 0
    fitting: list[Waiting] = []
    for each in waiting:
        size += len(each.document)
        if fitting and size > REQUEST_BYTES:
            break
        fitting.append(each)
    return fitting
