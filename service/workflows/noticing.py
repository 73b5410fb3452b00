"""An owner writes a notice, keeps or sends it, says what became of it, and reads its clock."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from service.domain import drafting, notice
from service.domain.actor import Owner
from service.domain.case import refusal
from service.domain.contact import zones
from service.domain.drafting import Draft
from service.domain.errors import (
    IllegalTransition,
    InvalidRequest,
    NotFound,
    NoticeIncomplete,
    NoticesFull,
)
from service.domain.notice import NoticeState, Reading, Reason, Written
from service.domain.regime import Addressee, Regime
from service.domain.watch import Clock
from service.store import cases, notices
from service.store.database import Tx
from service.store.notices import Notice
from service.workflows.store_context import StoreContext, Today
from service.workflows.targets import new_token

MAX_ADDRESSEE = 120
LONGEST_AGO = 60 * 24 * 30
"""Minutes: so long ago may be what an owner says happened."""
_PRESSED_LATE = "Read the notice again, then press once more: what you saw was changed, or is old."


class About(NamedTuple):
    """To whom a notice is, in which language, and in which zone its owner reads clocks."""

    addressee: str
    language: str
    zone: str


class Composed(NamedTuple):
    """A notice before it is kept: by which law, what was written, and to whom."""

    regime: Regime
    written: Written
    about: About


@dataclass(frozen=True, slots=True)
class OwnerNotice:
    """A notice as its owner reads it."""

    n: int
    regime_id: str
    regime: Regime | None
    """None if this version of the data does not have it any more."""
    state: NoticeState
    about: About = field(repr=False)
    written: Written | None = field(repr=False)
    """None if the owner keeps the text herself, or it was erased in time."""
    platform: str | None
    """That fetches it with its key, or has."""
    receipt: str | None
    made_on: date
    clock: Reading
    clock_from: int | None
    reason: Reason | None
    says: str = field(repr=False)

    def may_become(self, after: NoticeState) -> bool:
        """Whether it can take a step."""
        return notice.may_become(self.state, after, self.regime)


def regime_of(context: StoreContext, regime_id: str) -> Regime:
    """Return a regime. Raises InvalidRequest."""
    if regime_id not in context.law.regimes:
        raise InvalidRequest("There is no such regime.")
    return context.law.regimes[regime_id]


def about(regime: Regime, addressee: str, language: str, zone: str) -> About:
    """Return to whom a notice is. Raises InvalidRequest."""
    name = " ".join(addressee.split())
    if len(name) > MAX_ADDRESSEE or not name.isprintable():
        raise InvalidRequest(f"The name of a platform has at most {MAX_ADDRESSEE} signs.")
    if zone not in zones():
        raise InvalidRequest("There is no such time zone. They are like Europe/Madrid.")
    return About(regime.addressee_name or name, regime.language(language), zone)


def draft(context: StoreContext, composed: Composed) -> Draft:
    """Return the text of a notice; nothing is stored."""
    regime, written, to = composed
    return drafting.draft(context.law, regime, written, to.addressee, to.language)


def missing(composed: Composed) -> tuple[str, ...]:
    """Return the names of what is missing or wrong, in the order of the form."""
    regime, written, to = composed
    names = [] if to.addressee else ["addressee"]
    if not notice.may_file(regime, written):
        names.append("filer")
    if written.wrong_lines:
        names.append("wrong_lines")
    return (*names, *notice.missing(regime, written))


def keep(
    context: StoreContext,
    owner: Owner,
    composed: Composed,
    now: Clock,
    *,
    also: Callable[[Tx], None] | None = None,
) -> int:
    """Store a complete notice as a draft; return its number.

    Raises NoticeIncomplete, NoticesFull or Withdrawn. `also` is done last in the transaction.
    """
    with context.database.write() as tx:
        n = _add(context, tx, owner, composed, now)
        if also:
            also(tx)
    return n


def keep_sent(
    context: StoreContext,
    owner: Owner,
    composed: Composed,
    now: Clock,
    *,
    ago: int,
    keep_text: bool,
) -> int:
    """Store that an owner has sent a notice herself, some minutes ago; return its number.

    Without the text, only regime, addressee, days and clock are kept. Raises as `keep`.
    """
    with context.database.write() as tx:
        n = _add(context, tx, owner, composed, now)
        stored = _get(tx, owner, n)
        if not keep_text:
            notices.change(tx, stored, now.day, content=None)
        _step(context, tx, stored, NoticeState.SENT, now, ago)
    return n


def of_case(context: StoreContext, owner: Owner, now: Clock) -> list[OwnerNotice]:
    """Return the notices of a case, the newest first."""
    with context.database.read() as tx:
        return [_read(context, tx, one, now) for one in notices.of_case(tx, owner.case_id)]


def one(context: StoreContext, owner: Owner, n: int, now: Clock) -> OwnerNotice:
    """Return a notice of a case. Raises NotFound."""
    with context.database.read() as tx:
        return _read(context, tx, _get(tx, owner, n), now)


def say(
    context: StoreContext, owner: Owner, n: int, after: NoticeState, now: Clock, *, ago: int
) -> None:
    """Record what an owner says happened, some minutes ago: sent, received, ordered, and the end.

    To make it a draft takes it back from a platform that has not fetched it yet, which alone can
    say that it was received. Raises NotFound, IllegalTransition or Withdrawn.
    """
    with context.database.write() as tx:
        stored = _open(tx, owner, n)
        if after is NoticeState.OFFERED or (
            after is NoticeState.RECEIVED and stored.actor_id is not None
        ):
            raise IllegalTransition("Only a platform fetches, and only a press offers it a notice.")
        _step(context, tx, stored, after, now, ago)


def remove(context: StoreContext, owner: Owner, n: int) -> None:
    """Erase a notice. What a platform has fetched, it has. Raises NotFound."""
    with context.database.write() as tx:
        cases.lock(tx, owner.case_id)
        if not notices.remove(tx, owner.case_id, n):
            raise NotFound


def takers(context: StoreContext, now: Today) -> list[str]:
    """Return the names of the platforms that fetch notices with their keys."""
    with context.database.read() as tx:
        return list(notices.takers(tx, now - timedelta(days=notice.TAKER_DAYS)))


def token(context: StoreContext, owner: Owner, n: int, platform: str, now: Clock) -> str:
    """Return what an owner who sees a notice sends it to a platform with. Raises NotFound."""
    with context.database.read() as tx:
        stored = _get(tx, owner, n)
    shown = _shown(context, stored, platform)
    return context.seals.notice_token(owner.case_id, shown, now.second // 60)


def offer(
    context: StoreContext, owner: Owner, n: int, platform: str, pressed: str, now: Clock
) -> None:
    """Let a platform fetch a draft, by the press of an owner who has just seen it.

    Raises NotFound, InvalidRequest, IllegalTransition or Withdrawn.
    """
    with context.database.write() as tx:
        stored = _open(tx, owner, n)
        actor_id = notices.takers(tx, now.day - timedelta(days=notice.TAKER_DAYS)).get(platform)
        if actor_id is None:
            raise InvalidRequest("This platform does not fetch notices here. Send it yourself.")
        if regime_of(context, stored.regime).addressee is not Addressee.PLATFORM:
            raise InvalidRequest("This notice is for an authority. Send it yourself.")
        _require_step(context, stored, NoticeState.OFFERED)
        if not _is_pressed(context, stored, platform, pressed, now):
            raise InvalidRequest(_PRESSED_LATE)
        state = NoticeState.OFFERED
        notices.change(tx, stored, now.day, state=state, actor_id=actor_id)


def _add(context: StoreContext, tx: Tx, owner: Owner, composed: Composed, now: Clock) -> int:
    if names := missing(composed):
        words = ", ".join(notice.WORDS.get(one, one) for one in names)
        raise NoticeIncomplete(f"This notice is not complete. Missing: {words}.", fields=names)
    case = cases.lock(tx, owner.case_id)
    if case.withdrawn_on:
        raise refusal(case.erase_on)
    if notices.count_of_case(tx, case.id) >= notice.MAX_OF_CASE:
        raise NoticesFull
    values = {
        "reference": new_token(),
        "regime": composed.regime.id,
        "state": NoticeState.DRAFT,
        "about": context.seals.seal_notice(case.id, json.dumps(composed.about._asdict())),
        "content": context.seals.seal_notice(case.id, notice.stored(composed.written)),
        "made_on": now.day,
        "changed_on": now.day,
    }
    return notices.add(tx, case.id, values)


def _get(tx: Tx, owner: Owner, n: int) -> Notice:
    stored = notices.get(tx, owner.case_id, n)
    if stored is None:
        raise NotFound
    return stored


def _open(tx: Tx, owner: Owner, n: int) -> Notice:
    """Return a notice of a case that is open, and lock the case."""
    case = cases.lock(tx, owner.case_id)
    if case.withdrawn_on:
        raise refusal(case.erase_on)
    return _get(tx, owner, n)


def _require_step(context: StoreContext, stored: Notice, after: NoticeState) -> None:
    regime = context.law.regimes.get(stored.regime)
    if not notice.may_become(stored.state, after, regime):
        raise IllegalTransition("A notice in this state cannot take that step.")


def _step(
    context: StoreContext, tx: Tx, stored: Notice, after: NoticeState, now: Clock, ago: int
) -> None:
    if not 0 <= ago <= LONGEST_AGO:
        raise InvalidRequest("Say when it was, within the last 30 days.")
    _require_step(context, stored, after)
    at = notice.minute_of(now.second - 60 * ago)
    values: dict[str, object] = {"state": after}
    if after is NoticeState.DRAFT:
        values["actor_id"] = None
    if after is NoticeState.SENT:
        values["sent_at"] = at
    regime = context.law.regimes.get(stored.regime)
    if regime is not None and notice.starts_clock(regime, after):
        values["clock_from"] = max(at, stored.clock_from or 0)
    notices.change(tx, stored, now.day, **values)


def _shown(context: StoreContext, stored: Notice, platform: str) -> str:
    """Return all that an owner saw of a notice that she is about to send."""
    unseal, case_id = context.seals.unseal_notice, stored.case_id
    content = "" if stored.content is None else unseal(case_id, stored.content)
    return json.dumps([stored.n, platform, unseal(case_id, stored.about), content])


def _is_pressed(
    context: StoreContext, stored: Notice, platform: str, pressed: str, now: Clock
) -> bool:
    shown, minute = _shown(context, stored, platform), now.second // 60
    known = (
        context.seals.notice_token(stored.case_id, shown, minute - ago)
        for ago in range(notice.CONFIRM_MINUTES)
    )
    return any(hmac.compare_digest(one.encode(), pressed.encode()) for one in known)


def _read(context: StoreContext, tx: Tx, stored: Notice, now: Clock) -> OwnerNotice:
    unseal, case_id = context.seals.unseal_notice, stored.case_id
    regime = context.law.regimes.get(stored.regime)
    clock = Reading(notice.ClockState.NOT_STARTED, None, 0)
    if regime is not None:
        clock = notice.reading(regime, stored.state, stored.clock_from, now.second)
    return OwnerNotice(
        stored.n,
        stored.regime,
        regime,
        stored.state,
        About(**json.loads(unseal(case_id, stored.about))),
        None if stored.content is None else notice.restored(unseal(case_id, stored.content)),
        None if stored.actor_id is None else notices.name_of(tx, stored.actor_id),
        stored.receipt,
        stored.made_on,
        clock,
        stored.clock_from,
        None if stored.reason is None else Reason(stored.reason),
        "" if stored.says is None else unseal(case_id, stored.says),
    )
