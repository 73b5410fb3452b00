"""Authorities are asked to time-stamp the newest link of each case that has something new.

Each authority is asked for itself: one that does not answer is asked again later, and nobody waits
for it. What is stamped is the newest link there is when it is asked; so nothing is lost if that
takes days: its stamp holds for all before it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from service.domain import time_stamping
from service.domain.time_stamping import CLAIM_SECONDS, Authority
from service.domain.watch import Clock
from service.store import link_stamps
from service.store.database import Tx
from service.store.link_stamps import Due
from service.workflows.store_context import StoreContext

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from service.transports.authorities import Trouble

log = logging.getLogger(__name__)

AT_ONCE = 20
"""Cases that each authority is asked about in a batch."""


def stamp(context: StoreContext, clock: Callable[[], Clock], draw: Random | None = None) -> int:
    """Ask for some stamps that are due; return how many were asked for. 0: none is due."""
    draw = draw or SystemRandom()
    authorities = [Authority(*pair) for pair in context.settings.authorities]
    with context.database.read() as tx:
        if not link_stamps.is_any_due(tx, clock().second):
            return 0  # nobody is kept from writing, each time, for nothing
    roots = _roots(context)  # before anything is claimed, as it may raise
    names = [one.name for one in authorities]
    with context.database.write() as tx:
        now = clock().second
        link_stamps.forget_others(tx, names)
        planned = link_stamps.plan(tx, now, names, AT_ONCE)
        due = link_stamps.claim(tx, now, now + CLAIM_SECONDS, AT_ONCE * max(1, len(names)))
    draw.shuffle(due)  # so that their order says nothing
    for one, answer in zip(due, _asked(context, authorities, due, roots), strict=True):
        with context.database.write() as tx:
            _record(tx, one, answer, clock().second, draw)
    return planned + len(due)


def _roots(context: StoreContext) -> list[Certificate]:
    from service.transports import authorities  # noqa: PLC0415 (see there)

    named = context.settings.timestamp_certificates
    return authorities.certificates(Path(named)) if named else []


def _asked(
    context: StoreContext, of: list[Authority], due: list[Due], roots: list[Certificate]
) -> list[bytes | Trouble]:
    from service.transports import authorities  # noqa: PLC0415 (see there)

    if not due:
        return []
    addresses = {one.name: one.address for one in of}
    questions = [authorities.Question(addresses[one.authority], one.link) for one in due]
    loopback = context.settings.timestamp_loopback
    return asyncio.run(authorities.ask(questions, roots, loopback=loopback))


def _record(tx: Tx, one: Due, answer: bytes | Trouble, now: int, draw: Random) -> None:
    again = time_stamping.due_again(now, one.attempts, draw)
    if isinstance(answer, bytes):
        link_stamps.keep(tx, one, answer, again)
        return
    link_stamps.put_off(tx, one, again)
    if one.attempts == WORTH_A_LINE:
        log.warning(
            "an authority has given no time stamp for some time", extra={"error": answer.value}
        )


WORTH_A_LINE = 5
"""Attempts without a stamp after which the log says so, once: half an hour."""
