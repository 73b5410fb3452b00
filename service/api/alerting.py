"""Routes for owners: whether, how and when they are told that there is news."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from service.api import alert_wire as wire
from service.api.watch_wire import NothingOut
from service.domain import errors
from service.domain.actor import Owner
from service.domain.alert import ChannelKind
from service.edge import credentials
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentClock, CurrentContext, Today
from service.edge.document import StrictRoute
from service.edge.problems import responses
from service.edge.sources import source_of
from service.workflows import safe_contact
from service.workflows.context import Context

router = APIRouter(prefix="/v1/case/alerts", tags=["owner"], route_class=StrictRoute)

ThisOwner = Annotated[Owner, Depends(credentials.owner)]
_owned = responses(errors.Unauthenticated)
_changed = responses(errors.Unauthenticated, errors.Withdrawn, errors.NotFound)


async def _source(request: Request) -> bytes | None:
    return source_of(request)


Source = Annotated[bytes | None, Depends(_source)]


@router.get("", responses=_owned)
def read_alerts(owner: ThisOwner, context: CurrentContext, today: Today) -> wire.AlertsOut:
    """Tell how the owner is told: by default not at all."""
    return _shown(context, owner, today)


@router.put("/contact", responses=_changed)
def choose_contact(
    body: wire.ContactIn, owner: ThisOwner, context: CurrentContext, today: Today
) -> wire.AlertsOut:
    """Replace how and when the owner may be told. If somebody else may read it, mail ends."""
    safe_contact.choose(context, owner, body.value(today))
    return _shown(context, owner, today)


@router.post(
    "/channels",
    responses=responses(errors.Unauthenticated, errors.Withdrawn, errors.ChannelRefused),
)
def set_channel(
    body: wire.ChannelIn,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
    source: Source,
) -> wire.SetOut:
    """Set up a channel, in place of the one of its kind. It begins once its test is confirmed.

    A feed is confirmed by reading it, a webhook by answering, a mail address by the code.
    """
    kind, chosen = ChannelKind(body.kind), body.value(now.day)
    budgets.charge_test(owner.case_id, source)
    shown = safe_contact.set_up(context, owner, chosen, kind, body.address or "", now)
    path = None if shown.feed_token is None else f"/feed/{shown.feed_token}"
    return wire.SetOut(kind=kind, feed=path, secret=shown.secret)


@router.post("/channels/{kind}/test", responses=_changed)
def test_channel(
    kind: ChannelKind,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
    source: Source,
) -> NothingOut:
    """Have a test sent: if the channel is not confirmed yet, a new one that confirms it."""
    budgets.charge_test(owner.case_id, source)
    safe_contact.test(context, owner, kind, now)
    return NothingOut()


@router.post(
    "/channels/mail/code",
    responses=responses(
        errors.Unauthenticated, errors.Withdrawn, errors.NotFound, errors.WrongCode
    ),
)
def confirm_mail(
    body: wire.CodeIn, owner: ThisOwner, context: CurrentContext, budgets: CurrentBudgets
) -> NothingOut:
    """Begin to use a mail address, by the code that was sent there."""
    budgets.charge_guess(owner.case_id)
    safe_contact.confirm(context, owner, body.code)
    return NothingOut()


@router.post("/channels/{kind}/check", responses=responses(errors.Unauthenticated, errors.NotFound))
def check_address(
    kind: ChannelKind,
    body: wire.AddressIn,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
) -> wire.SameOut:
    """Tell whether a channel leads to this address, which is never shown."""
    budgets.charge_guess(owner.case_id)
    return wire.SameOut(same=safe_contact.is_address(context, owner, kind, body.address))


@router.put("/mute", responses=_changed)
def mute_alerts(
    body: wire.MuteIn, owner: ThisOwner, context: CurrentContext, today: Today
) -> wire.AlertsOut:
    """Send nothing for some days. What happens meanwhile is told by no channel."""
    until = None if body.days is None else today + timedelta(days=body.days)
    safe_contact.mute(context, owner, until, today)
    return _shown(context, owner, today)


@router.put("/ask", responses=_changed)
def ask_later(
    body: wire.AskIn, owner: ThisOwner, context: CurrentContext, today: Today
) -> wire.AlertsOut:
    """Answer that all of this is still safe, and say when to ask again."""
    safe_contact.ask_again(context, owner, today + timedelta(days=body.after_days))
    return _shown(context, owner, today)


@router.delete("/channels/{kind}", responses=responses(errors.Unauthenticated, errors.NotFound))
def remove_channel(kind: ChannelKind, owner: ThisOwner, context: CurrentContext) -> NothingOut:
    """Remove a channel, with what waits for it."""
    safe_contact.remove(context, owner, kind)
    return NothingOut()


@router.delete("", responses=_owned)
def remove_alerts(owner: ThisOwner, context: CurrentContext) -> NothingOut:
    """Remove every channel, and forget how the owner might be told: she comes back by herself."""
    safe_contact.remove(context, owner)
    return NothingOut()


def _shown(context: Context, owner: Owner, today: Today) -> wire.AlertsOut:
    told = safe_contact.of_case(context, owner)
    chosen = told.contact
    return wire.AlertsOut(
        contact=None
        if chosen is None
        else wire.ContactOut(
            wording=chosen.wording,
            language=chosen.language,
            hours=wire.hours_out(chosen.hours),
            read_by_others=chosen.read_by_others,
            ask_on=chosen.ask_on,
            muted_until=chosen.muted_until if chosen.is_muted(today) else None,
        ),
        channels=[wire.ChannelOut(**one._asdict()) for one in told.channels],
        offered=told.offered,
        asks=told.asks(today),
    )
