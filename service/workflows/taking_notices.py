"""A platform asks for the notices that owners send it, fetches them, and says what it did."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import NamedTuple

from service.domain import drafting, notice
from service.domain.actor import Actor
from service.domain.errors import IllegalTransition, NotFound
from service.domain.notice import NoticeState, Reason, Written
from service.domain.watch import Clock
from service.store import cases, notices
from service.store.database import Tx
from service.store.notices import Notice
from service.workflows.store_context import StoreContext
from service.workflows.targets import new_token


class Waiting(NamedTuple):
    """A notice for a platform, before it is read."""

    reference: str
    regime: str
    state: NoticeState
    due_at: int | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A notice as a platform reads it. Hidden from `repr`."""

    reference: str
    receipt: str
    regime: str
    received_at: int
    due_at: int | None
    language: str
    text: str = field(repr=False)
    written: Written = field(repr=False)


class Decision(NamedTuple):
    """What a platform says that it did."""

    removed: bool
    reason: Reason
    says: str = ""


def listed(context: StoreContext, actor: Actor, now: Clock) -> list[Waiting]:
    """Return what waits for a platform, or for its decision; owners may send to it from now on."""
    with context.database.write() as tx:
        if notices.asked_on(tx, actor.id) != now.day:
            notices.note_taker(tx, actor.id, now.day)
        some = notices.of_actor(tx, actor.id, notice.MOST_LISTED)
    return [Waiting(one.reference, one.regime, one.state, _due(context, one, now)) for one in some]


def fetch(context: StoreContext, actor: Actor, reference: str, now: Clock) -> Fetched:
    """Give a platform a notice, with a receipt: from then on its time runs.

    Fetched again, all of it is the same. Raises NotFound.
    """
    with context.database.write() as tx:
        stored = _locked(tx, actor, reference)
        if stored.state is NoticeState.OFFERED:
            at = notice.minute_of(now.second)
            values = {"receipt": new_token(), "sent_at": at, "clock_from": at}
            notices.change(tx, stored, now.day, state=NoticeState.RECEIVED, **values)
            stored = _locked(tx, actor, reference)
    return _fetched(context, stored, now)


def decide(
    context: StoreContext, actor: Actor, reference: str, decision: Decision, now: Clock
) -> None:
    """Record what a platform did, for the owner to read. The same again changes nothing.

    Raises NotFound, or IllegalTransition for what was not fetched, or was decided otherwise.
    """
    after = NoticeState.REMOVED if decision.removed else NoticeState.REFUSED
    with context.database.write() as tx:
        stored = _locked(tx, actor, reference)
        if stored.state is after and stored.reason == decision.reason:
            return
        if not notice.may_become(stored.state, after, None):
            raise IllegalTransition("Fetch the notice first. Removed is final.")
        says = None
        if decision.says:
            says = context.seals.seal_notice(stored.case_id, decision.says)
        notices.change(tx, stored, now.day, state=after, reason=decision.reason, says=says)


def _locked(tx: Tx, actor: Actor, reference: str) -> Notice:
    """Return a notice for a platform, its case locked: an owner may be taking it back."""
    case_id = notices.case_of(tx, actor.id, reference)
    if case_id is None:
        raise NotFound
    cases.lock(tx, case_id)
    stored = notices.for_actor(tx, actor.id, reference)
    if stored is None:
        raise NotFound
    return stored


def _due(context: StoreContext, stored: Notice, now: Clock) -> int | None:
    regime = context.law.regimes.get(stored.regime)
    if regime is None:
        return None
    return notice.reading(regime, stored.state, stored.clock_from, now.second).due_at


def _fetched(context: StoreContext, stored: Notice, now: Clock) -> Fetched:
    regime = context.law.regimes.get(stored.regime)
    if stored.content is None or stored.receipt is None or regime is None:
        raise NotFound  # its text was erased in time
    unseal = context.seals.unseal_notice
    written = notice.restored(unseal(stored.case_id, stored.content))
    about = json.loads(unseal(stored.case_id, stored.about))
    made = drafting.draft(context.law, regime, written, about["addressee"], about["language"])
    return Fetched(
        stored.reference,
        stored.receipt,
        stored.regime,
        stored.clock_from or stored.sent_at or 0,
        _due(context, stored, now),
        made.language,
        made.text,
        written,
    )
