"""Who may see a case: codes for organisations, what they did, and what they wrote to the owner."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain.audit import Audited
from service.domain.errors import GrantsFull, InvalidRequest, NotFound
from service.domain.grant import GrantScope, Terms, terms
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import Today
from service.web import headers
from service.web.forms import INVALID, Fields
from service.web.headers import Kind
from service.web.owner.overview import AuthenticatedForm, OwnerForm
from service.web.pages import PageLanguage, PageRoute
from service.workflows import auditing, case_reading, granting
from service.workflows.auditing import Done

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)
DAYS = (30, 90, 180, 365)


@router.get("/shared")
@router.get("/shared/new")
@router.get("/shared/ended")
def redirect_to_sign_in(language: PageLanguage) -> RedirectResponse:
    """Redirect to the sign-in page: these pages only answer forms."""
    return RedirectResponse(f"/{language.tag}/overview", 303, headers=headers.of(Kind.PAGE))


@router.post("/shared")
def show(form: AuthenticatedForm, today: Today) -> HTMLResponse:
    """Show who may see the case, and what they did."""
    return _page(form, today)


@router.post("/shared/new")
def make(
    form: AuthenticatedForm, fields: Fields, budgets: CurrentBudgets, today: Today
) -> HTMLResponse:
    """Make a code, and show it once."""
    wanted = _terms(fields)
    budgets.charge_grant(form.owner.case_id)
    try:
        made = granting.offer(form.context, form.owner, wanted, today)
    except GrantsFull:
        return _page(form, today, fault="full")
    return _page(form, today, code=made.code)


@router.post("/shared/ended")
def end(form: AuthenticatedForm, today: Today) -> HTMLResponse:
    """End a grant. One that is not there any more is passed over."""
    if form.entry is None:
        raise InvalidRequest(INVALID)
    try:
        granting.revoke(form.context, form.owner, form.entry, today)
    except NotFound:
        return _page(form, today)
    return _page(form, today, done="ended")


def _terms(fields: Mapping[str, str]) -> Terms:
    days = fields.get("days", "")
    if days not in set(map(str, DAYS)):
        raise InvalidRequest(INVALID)
    return terms((one for one in GrantScope if fields.get(one) == "yes"), int(days))


def _is_shown(one: Done) -> bool:
    return one.organisation is not None or one.act == Audited.ENTRY_REVIEWED


def _page(
    form: OwnerForm, today: Today, *, done: str = "", fault: str = "", code: str = ""
) -> HTMLResponse:
    every = granting.of_case(form.context, form.owner)
    notes, found = case_reading.for_owner(form.context, form.owner.case_id, today)
    return form.pages.render(
        form.language,
        "owner/shared",
        status=422 if fault else 200,
        live=[one for one in every if one.is_live(today)],
        over=[one for one in every if not one.is_live(today)],
        today=today,
        acts=[one for one in auditing.of_case(form.context, form.owner) if _is_shown(one)],
        notes=notes,
        found=found,
        days=DAYS,
        scopes=list(GrantScope),
        hidden=form.hidden_fields,
        done=done,
        fault=fault,
        code=code,
    )
