"""Routes about notices of removal: for owners who write them, and platforms that fetch them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from service.api import notice_wire as wire
from service.api.watch_wire import NothingOut
from service.domain import errors
from service.domain.actor import Actor, Owner
from service.domain.notice import NoticeState, Reading, Reason
from service.edge import credentials
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentClock, CurrentContext, Today
from service.edge.document import StrictRoute
from service.edge.problems import responses
from service.workflows import noticing, taking_notices
from service.workflows.context import Context
from service.workflows.noticing import Composed, OwnerNotice
from service.workflows.taking_notices import Decision, Fetched

router = APIRouter(prefix="/v1", route_class=StrictRoute)

ThisOwner = Annotated[Owner, Depends(credentials.owner)]
Platform = Annotated[Actor, Depends(credentials.may_take_notices)]
NoticeNumber = Annotated[int, Path(ge=1, le=100_000)]
_owned = responses(errors.Unauthenticated)
_changed = responses(
    errors.Unauthenticated, errors.NotFound, errors.Withdrawn, errors.IllegalTransition
)
_fetched = responses(errors.Unauthenticated, errors.Forbidden, errors.NotFound)


@router.get("/regimes", tags=["owner"], responses=responses())
def read_regimes(context: CurrentContext, today: Today) -> wire.RegimesOut:
    """Tell by which laws somebody can ask for removal, and what of them is not confirmed."""
    regimes = context.law.regimes.values()
    return wire.RegimesOut(regimes=[wire.regime_out(one, today) for one in regimes])


@router.post("/case/notices/draft", tags=["owner"], responses=_owned)
def draft_notice(body: wire.DraftIn, _owner: ThisOwner, context: CurrentContext) -> wire.DraftOut:
    """Tell how a notice would read, and what is missing of it. Nothing is stored."""
    composed = _composed(context, body)
    made = noticing.draft(context, composed)
    return wire.DraftOut(
        missing=list(noticing.missing(composed)),
        language=made.language,
        is_fallback=made.is_fallback,
        subject=made.subject,
        text=made.text,
    )


@router.post(
    "/case/notices",
    tags=["owner"],
    responses=responses(
        errors.Unauthenticated, errors.Withdrawn, errors.NoticesFull, errors.NoticeIncomplete
    ),
)
def keep_notice(
    body: wire.NoticeIn,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
) -> wire.NoticeOut:
    """Keep a complete notice, as a draft or as one that its owner has sent herself."""
    composed = _composed(context, body)
    budgets.charge_notice(owner.case_id)
    ago, keep_text = body.sent_minutes_ago, body.keep_text
    if ago is None:
        n = noticing.keep(context, owner, composed, now)
    else:
        n = noticing.keep_sent(context, owner, composed, now, ago=ago, keep_text=keep_text)
    return _notice(context, noticing.one(context, owner, n, now))


@router.get("/case/notices", tags=["owner"], responses=_owned)
def read_notices(
    owner: ThisOwner, context: CurrentContext, now: CurrentClock, response: Response
) -> wire.NoticesOut:
    """Tell what became of the notices of a case, and how their clocks stand."""
    response.headers["Cache-Control"] = "no-store"
    return wire.NoticesOut(
        notices=[_notice(context, one) for one in noticing.of_case(context, owner, now)],
        platforms=noticing.takers(context, now.day),
    )


@router.post("/case/notices/{n}/said", tags=["owner"], responses=_changed)
def say_what_happened(
    n: NoticeNumber,
    body: wire.SaidIn,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
) -> wire.NoticeOut:
    """Record that a notice was sent, received, ordered or answered, some minutes ago.

    `draft` takes back what was offered to a platform that has not fetched it yet.
    """
    budgets.charge_notice(owner.case_id)
    noticing.say(context, owner, n, NoticeState(body.state), now, ago=body.minutes_ago)
    return _notice(context, noticing.one(context, owner, n, now))


@router.post(
    "/case/notices/{n}/confirmation",
    tags=["owner"],
    responses=responses(errors.Unauthenticated, errors.NotFound),
)
def confirm_notice(
    n: NoticeNumber,
    body: wire.ToIn,
    owner: ThisOwner,
    context: CurrentContext,
    now: CurrentClock,
) -> wire.TokenOut:
    """Tell what would be sent to a platform; only with this token it can be, for 15 minutes."""
    shown = _notice(context, noticing.one(context, owner, n, now))
    token = noticing.token(context, owner, n, body.platform, now)
    return wire.TokenOut(text=shown.text or "", token=token)


@router.post("/case/notices/{n}/offer", tags=["owner"], responses=_changed)
def offer_notice(
    n: NoticeNumber,
    body: wire.OfferIn,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
) -> wire.NoticeOut:
    """Let a platform fetch a notice. Its time runs once it has; until then it can be taken back."""
    budgets.charge_notice(owner.case_id)
    noticing.offer(context, owner, n, body.platform, body.token, now)
    return _notice(context, noticing.one(context, owner, n, now))


@router.delete(
    "/case/notices/{n}",
    tags=["owner"],
    responses=responses(errors.Unauthenticated, errors.NotFound),
)
def remove_notice(n: NoticeNumber, owner: ThisOwner, context: CurrentContext) -> NothingOut:
    """Erase a notice here. What a platform has fetched, it has."""
    noticing.remove(context, owner, n)
    return NothingOut()


@router.get(
    "/notices", tags=["platform"], responses=responses(errors.Unauthenticated, errors.Forbidden)
)
def list_notices(actor: Platform, context: CurrentContext, now: CurrentClock) -> wire.WaitingsOut:
    """Tell which notices wait. Whoever asks is offered to owners by name, for 14 days."""
    return wire.WaitingsOut(
        notices=[
            wire.WaitingOut(
                reference=one.reference, regime=one.regime, state=one.state, due_at=_at(one.due_at)
            )
            for one in taking_notices.listed(context, actor, now)
        ]
    )


@router.post("/notices/fetch", tags=["platform"], responses=_fetched)
def fetch_notice(
    body: wire.FetchIn, actor: Platform, context: CurrentContext, now: CurrentClock
) -> wire.FetchedOut:
    """Fetch a notice, with a receipt; its time runs from now on. Repeating it changes nothing."""
    return _as_fetched(taking_notices.fetch(context, actor, body.reference, now))


@router.post(
    "/notices/decision",
    tags=["platform"],
    responses=responses(
        errors.Unauthenticated, errors.Forbidden, errors.NotFound, errors.IllegalTransition
    ),
)
def decide_notice(
    body: wire.DecisionIn, actor: Platform, context: CurrentContext, now: CurrentClock
) -> NothingOut:
    """Say what was done about a notice that was fetched, and why. The owner reads it."""
    decision = Decision(body.removed, Reason(body.reason), body.says)
    taking_notices.decide(context, actor, body.reference, decision, now)
    return NothingOut()


def _composed(context: Context, body: wire.DraftIn) -> Composed:
    regime = noticing.regime_of(context, body.regime)
    written = body.value(loopback=context.settings.watch_loopback)
    to = noticing.about(regime, body.addressee, body.language, body.zone)
    return Composed(regime, written, to)


def _notice(context: Context, one: OwnerNotice) -> wire.NoticeOut:
    text = None
    if one.written is not None and one.regime is not None:
        text = noticing.draft(context, Composed(one.regime, one.written, one.about)).text
    return wire.NoticeOut(
        n=one.n,
        regime=one.regime_id,
        state=one.state,
        addressee=one.about.addressee,
        platform=one.platform,
        receipt=one.receipt,
        made_on=one.made_on,
        clock=_clock(one.clock),
        reason=one.reason,
        says=one.says,
        text=text,
    )


def _clock(clock: Reading) -> wire.ClockOut:
    return wire.ClockOut(state=clock.state, due_at=_at(clock.due_at), seconds=clock.seconds)


def _at(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)


def _as_fetched(one: Fetched) -> wire.FetchedOut:
    received = datetime.fromtimestamp(one.received_at, UTC)
    return wire.FetchedOut(
        reference=one.reference,
        receipt=one.receipt,
        regime=one.regime,
        received_at=received,
        due_at=_at(one.due_at),
        language=one.language,
        text=one.text,
        filer=one.written.filer,
        addresses=list(one.written.addresses),
        fields=dict(one.written.values),
        statements=sorted(one.written.statements),
    )
