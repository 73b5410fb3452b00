"""The addresses that an owner knows: what happened there, one more, one less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain.errors import InvalidRequest, NotEligible, NotFound, WatchesFull
from service.domain.watch import MAX_ADDRESS, MAX_OF_CASE, Scope, Target, target
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import Today
from service.web import headers
from service.web.forms import INVALID, Fields
from service.web.headers import Kind
from service.web.owner.overview import AuthenticatedForm, OwnerForm
from service.web.pages import PageLanguage, PageRoute
from service.workflows import watching

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)
_SCOPES = {Scope.PAGE, Scope.THREAD}
"""A whole site is for the command line and for platforms: few owners know what they ask for."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """What an owner typed, to be shown again when it cannot be used."""

    address: str = ""
    scope: str = Scope.PAGE
    shows_minor: str = ""


async def _typed(fields: Fields) -> _Typed:
    return _Typed(fields.get("address", ""), fields.get("scope", ""), fields.get("shows_minor", ""))


TypedAddress = Annotated[_Typed, Depends(_typed)]


@router.get("/addresses")
@router.get("/addresses/added")
@router.get("/addresses/removed")
def redirect_to_sign_in(language: PageLanguage) -> RedirectResponse:
    """Redirect to the sign-in page: these pages only answer forms."""
    return RedirectResponse(f"/{language.tag}/overview", 303, headers=headers.of(Kind.PAGE))


@router.post("/addresses")
def show(form: AuthenticatedForm) -> HTMLResponse:
    """Show the addresses, and what happened there."""
    return _page(form)


@router.post("/addresses/added")
def add(
    form: AuthenticatedForm, typed: TypedAddress, budgets: CurrentBudgets, today: Today
) -> HTMLResponse:
    """Have an address looked at, or say why not and show what was typed."""
    if typed.scope not in _SCOPES:
        raise InvalidRequest(INVALID)
    if typed.shows_minor not in {"yes", "no"}:
        return _page(form, fault="unanswered", typed=typed)
    try:
        loopback = form.context.settings.watch_loopback
        wanted = target(typed.address, Scope(typed.scope), loopback=loopback)
    except InvalidRequest:
        return _page(form, fault="address", typed=typed)
    budgets.charge_watch(form.owner.case_id)
    if typed.shows_minor == "yes":
        return _withheld(form, wanted, today)
    try:
        watching.add(form.context, form.owner, wanted, today)
    except WatchesFull:
        return _page(form, fault="full", typed=typed)
    return _page(form, done="added")


def _withheld(form: OwnerForm, wanted: Target, today: Today) -> HTMLResponse:
    try:
        watching.withhold(form.context, wanted, today)
    except NotEligible:
        return _page(form, done="withheld")


@router.post("/addresses/removed")
def remove(form: AuthenticatedForm) -> HTMLResponse:
    """Look at an address no more. One that is not there any more is passed over."""
    if form.entry is None:
        raise InvalidRequest(INVALID)
    try:
        watching.remove(form.context, form.owner, form.entry)
    except NotFound:
        return _page(form)
    return _page(form, done="removed")


def _page(
    form: OwnerForm, *, done: str = "", fault: str = "", typed: _Typed | None = None
) -> HTMLResponse:
    watches = watching.of_case(form.context, form.owner)
    return form.pages.render(
        form.language,
        "owner/addresses",
        watches=watches,
        is_full=len(watches) >= MAX_OF_CASE,
        longest=MAX_ADDRESS,
        hidden=form.hidden_fields,
        typed=typed or _Typed(),
        done=done,
        fault=fault,
        status=422 if fault else 200,
    )
