"""How an owner may be told: by default not at all. Set up, test, mute, ask again, remove."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain import contact as safe
from service.domain import wording
from service.domain.alert import ChannelKind
from service.domain.contact import ASK_DAYS, Contact, Hours
from service.domain.errors import ChannelRefused, InvalidRequest, NotFound, WrongCode
from service.domain.wording import Wording
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentClock, Today
from service.edge.sources import source_of
from service.transports.webhook import MAX_ADDRESS
from service.web import headers
from service.web.forms import INVALID, Fields
from service.web.headers import Kind
from service.web.owner.overview import AuthenticatedForm, OwnerForm
from service.web.pages import PageLanguage, PageRoute
from service.workflows import safe_contact
from service.workflows.safe_contact import Shown

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)
MUTE_DAYS = (7, 14, 30)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What an owner typed and ticked, to be shown again when it cannot be used."""

    kind: str = ""
    address: str = ""
    wording: str = Wording.NEWS
    begin: str = ""
    end: str = "17"
    zone: str = ""
    others: str = ""
    ask: str = "90"
    code: str = ""
    days: str = ""

    @property
    def channel(self) -> ChannelKind:
        """The kind of channel. Raises InvalidRequest."""
        if self.kind not in set(ChannelKind):
            raise InvalidRequest(INVALID)
        return ChannelKind(self.kind)

    def number_of_days(self, allowed: tuple[int, ...], text: str) -> int:
        """Return a number of days that the page offers. Raises InvalidRequest."""
        if text not in {str(one) for one in allowed}:
            raise InvalidRequest(INVALID)
        return int(text)

    def contact(self, language: str, today: Today) -> Contact:
        """Return what was chosen. Raises InvalidRequest."""
        if self.wording not in set(Wording):
            raise InvalidRequest(INVALID)
        ask_on = today + timedelta(days=self.number_of_days(ASK_DAYS, self.ask))
        others = self.others != "no"
        return Contact(Wording(self.wording), language, self.hours(), others, ask_on)

    def hours(self) -> Hours | None:
        """Return the hours that were chosen; None means at any time. Raises InvalidRequest."""
        if not self.begin:
            return None
        if not (self.begin + self.end).isascii() or not (self.begin + self.end).isdigit():
            raise InvalidRequest(INVALID)
        return safe.hours(int(self.begin[:2]), int(self.end[:2]), self.zone)


async def _chosen(fields: Fields) -> _Chosen:
    known = {name: fields[name] for name in _Chosen.__slots__ if name in fields}
    return _Chosen(**known)


Chosen = Annotated[_Chosen, Depends(_chosen)]


@router.get("/alerts")
@router.get("/alerts/set")
@router.get("/alerts/code")
@router.get("/alerts/test")
@router.get("/alerts/same")
@router.get("/alerts/muted")
@router.get("/alerts/kept")
@router.get("/alerts/removed")
def redirect_to_sign_in(language: PageLanguage) -> RedirectResponse:
    """Redirect to the sign-in page: these pages only answer forms."""
    return RedirectResponse(f"/{language.tag}/overview", 303, headers=headers.of(Kind.PAGE))


@router.post("/alerts")
def show(form: AuthenticatedForm, today: Today) -> HTMLResponse:
    """Show how the owner is told, and what can be chosen."""
    return _page(form, today)


@router.post("/alerts/set")
def set_up(
    form: AuthenticatedForm,
    chosen: Chosen,
    budgets: CurrentBudgets,
    now: CurrentClock,
    today: Today,
    request: Request,
) -> HTMLResponse:
    """Set up a channel, or say why not and show what was typed."""
    if not chosen.kind or chosen.others not in {"yes", "no"}:
        return _page(form, today, fault="unanswered", chosen=chosen)
    kind = chosen.channel
    try:
        contact = chosen.contact(form.language.tag, today)
    except InvalidRequest:
        return _page(form, today, fault="hours", chosen=chosen)
    budgets.charge_test(form.owner.case_id, source_of(request))
    try:
        shown = safe_contact.set_up(
            form.context, form.owner, contact, kind, chosen.address.strip(), now
        )
    except InvalidRequest:
        return _page(form, today, fault=f"address-{kind}", chosen=chosen)
    except ChannelRefused:
        return _page(form, today, fault="others", chosen=chosen)
    return _page(form, today, done=f"set-{kind}", shown=shown, origin=_origin(request))


@router.post("/alerts/code")
def confirm(
    form: AuthenticatedForm, chosen: Chosen, budgets: CurrentBudgets, today: Today
) -> HTMLResponse:
    """Begin to use a mail address, by the code that was sent there."""
    budgets.charge_guess(form.owner.case_id)
    try:
        safe_contact.confirm(form.context, form.owner, chosen.code)
    except WrongCode:
        return _page(form, today, fault="code")
    except NotFound:
        return _page(form, today)
    return _page(form, today, done="confirmed")


@router.post("/alerts/test")
def test(
    form: AuthenticatedForm,
    chosen: Chosen,
    budgets: CurrentBudgets,
    now: CurrentClock,
    request: Request,
) -> HTMLResponse:
    """Have a test sent."""
    budgets.charge_test(form.owner.case_id, source_of(request))
    try:
        safe_contact.test(form.context, form.owner, chosen.channel, now)
    except NotFound:
        return _page(form, now.day)
    return _page(form, now.day, done="tested")


@router.post("/alerts/same")
def is_same(
    form: AuthenticatedForm, chosen: Chosen, budgets: CurrentBudgets, today: Today
) -> HTMLResponse:
    """Say whether a channel leads to an address, which is never shown."""
    budgets.charge_guess(form.owner.case_id)
    try:
        same = safe_contact.is_address(form.context, form.owner, chosen.channel, chosen.address)
    except NotFound:
        return _page(form, today)
    return _page(form, today, done="same" if same else "another")


@router.post("/alerts/muted")
def mute(form: AuthenticatedForm, chosen: Chosen, today: Today) -> HTMLResponse:
    """Send nothing for some days; or end that, if no number is given."""
    until = None
    if chosen.days:
        until = today + timedelta(days=chosen.number_of_days(MUTE_DAYS, chosen.days))
    try:
        safe_contact.mute(form.context, form.owner, until, today)
    except NotFound:
        return _page(form, today)
    return _page(form, today, done="muted" if until else "unmuted")


@router.post("/alerts/kept")
def keep(form: AuthenticatedForm, chosen: Chosen, today: Today) -> HTMLResponse:
    """Go on as it is, and ask again later."""
    days = chosen.number_of_days(ASK_DAYS, chosen.ask)
    safe_contact.ask_again(form.context, form.owner, today + timedelta(days=days))
    return _page(form, today, done="kept")


@router.post("/alerts/removed")
def remove(form: AuthenticatedForm, chosen: Chosen, today: Today) -> HTMLResponse:
    """Remove a channel, or all of them. One that is not there any more is passed over."""
    try:
        safe_contact.remove(form.context, form.owner, chosen.channel if chosen.kind else None)
    except NotFound:
        return _page(form, today)
    return _page(form, today, done="removed")


def _page(  # noqa: PLR0913 (what the page shows)
    form: OwnerForm,
    today: Today,
    *,
    done: str = "",
    fault: str = "",
    chosen: _Chosen | None = None,
    shown: Shown | None = None,
    origin: str = "",
) -> HTMLResponse:
    told = safe_contact.of_case(form.context, form.owner)
    tag = form.language.tag
    return form.pages.render(
        form.language,
        "owner/alerts",
        told=told,
        asks=told.asks(today),
        is_muted=bool(told.contact and told.contact.is_muted(today)),
        messages=[(each, wording.message(each, tag)) for each in Wording],
        zones=safe.zones(),
        mute_days=MUTE_DAYS,
        longest=MAX_ADDRESS,
        chosen=chosen or _of(told.contact),
        shown=shown or Shown(),
        feed_address=f"{origin}/feed/{shown.feed_token}" if shown else "",
        hidden=form.hidden_fields,
        done=done,
        fault=fault,
        status=422 if fault else 200,
    )


def _of(contact: Contact | None) -> _Chosen:
    """What the form shows first: what was chosen before, but who reads it, and no address."""
    if contact is None:
        return _Chosen()
    if contact.hours is None:
        return _Chosen(wording=contact.wording)
    begin, end, zone = contact.hours
    return _Chosen(wording=contact.wording, begin=str(begin), end=str(end), zone=zone)


def _origin(request: Request) -> str:
    """How whoever asks reaches us, to write the address of her feed: she alone reads it."""
    host = request.url.hostname or ""
    local = host in {"localhost", "testserver"} or host.startswith("127.")
    return f"{request.url.scheme if local else 'https'}://{request.url.netloc}"
