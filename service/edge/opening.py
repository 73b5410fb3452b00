"""Opening cases, for the API and the pages: proof of work, then budgets, then the case.

Opening needs no credential, so it is the one act that anybody may repeat. The price of a case
rises with how many are opened, all together and from one network address, and falls again; the
price is that of the moment of opening, whenever the challenge was issued, so that hoarded
challenges are worth nothing. Nothing is stored: work is for one access key, which opens one case.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from service.domain import work
from service.domain.errors import WorkExpired, WorkNeeded
from service.edge.budgets import Budgets, budgets_of
from service.edge.dependencies import CurrentContext
from service.edge.sources import source_of
from service.edge.submission import SubmissionIn, WorkIn
from service.sealing import Seals
from service.workflows import intake
from service.workflows.context import Context

MINUTES = 120
"""How long a challenge is valid. Pages are open for longer; they do the work anew, in seconds.
Whoever works ahead opens at once what these minutes allow, and has paid for it."""
SKEW = 2
"""Minutes by which the clock of another machine of the service may be ahead."""


class Price(NamedTuple):
    """What opening a case takes now."""

    challenge: str
    """`MINUTE.SIGNATURE`: when it was issued, in minutes since 1970."""
    pieces: int
    """0 if no work is needed."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens cases for whoever sends a request."""

    context: Context
    budgets: Budgets
    source: bytes | None
    minute: int

    @property
    def price(self) -> Price:
        """What opening a case takes now, from here."""
        signature = self.context.seals.challenge(self.minute)
        return Price(f"{self.minute}.{signature}", self.budgets.pieces(self.source))

    def open(self, submission: SubmissionIn, today: date) -> tuple[str, bool]:
        """Open a case; return its number, and whether it is new.

        Repeating a submission opens nothing, needs no work and is charged to nobody, so that
        whoever lost an answer gets it again. Raises WorkNeeded, TooManyRequests, and what
        `intake.open_case` raises.
        """
        new = submission.new_case()
        if before := intake.number_before(self.context, new):
            return before, False
        self._require_work(submission.work, new.access_key)
        self.budgets.charge_case(new.entries)
        opened = False
        try:
            number, opened = intake.open_case(self.context, new, today)
        finally:
            if opened:
                self.budgets.count_case(self.source)
            else:
                self.budgets.return_case(new.entries)
        return number, opened

    def _require_work(self, done: WorkIn | None, access_key: bytes) -> None:
        price = self.price
        if not price.pieces:
            return
        if done and not _is_valid(self.context.seals, done.challenge, self.minute):
            raise WorkExpired(challenge=price.challenge, pieces=price.pieces)
        nonces: Sequence[int] = done.nonces if done else ()
        if not done or not work.is_done(done.challenge, access_key, nonces, price.pieces):
            raise WorkNeeded(challenge=price.challenge, pieces=price.pieces)


def _is_valid(seals: Seals, untrusted: str, now: int) -> bool:
    """Whether a challenge of the form that `WorkIn` has is genuine and has not expired."""
    issued, _, signature = untrusted.partition(".")
    return seals.is_challenge(int(issued), signature) and -SKEW <= now - int(issued) < MINUTES


async def minute() -> int:
    """Return the minutes since 1970, as a dependency."""
    return int(time.time() // 60)


async def _opening(
    request: Request, context: CurrentContext, now: Annotated[int, Depends(minute)]
) -> Opening:
    return Opening(context, budgets_of(request), source_of(request), now)


CurrentOpening = Annotated[Opening, Depends(_opening)]
