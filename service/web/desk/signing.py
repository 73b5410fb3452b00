"""The pages on which a member signs in, or gives the code of her invitation."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from service.domain.errors import Unauthenticated
from service.edge.budgets import CurrentBudgets
from service.edge.sources import source_of
from service.proofs import ceremonies
from service.web.desk.visitors import (
    ARRIVAL,
    SESSION,
    Arriving,
    PostedByAnybody,
    Visit,
    forget,
    remember,
)
from service.web.forms import MemberFields
from service.web.headers import Kind
from service.web.pages import PageRoute
from service.workflows import enrolling, sign_in
from service.workflows.sign_in import Offered

router = APIRouter(prefix="/{language:tag}/desk", include_in_schema=False, route_class=PageRoute)


@router.get("/sign-in")
def ask(visit: Arriving) -> Response:
    """Ask for a passkey, or for name, password and code."""
    return _asking(visit)


@router.post("/sign-in")
def sign_in_with_password(
    visit: PostedByAnybody, fields: MemberFields, budgets: CurrentBudgets, request: Request
) -> Response:
    """Sign in. A source that failed too often waits: a password takes long to check."""
    budgets.require_guesses(source_of(request))
    given = Offered(*(fields.get(name, "") for name in ("name", "password", "code")))
    try:
        token = sign_in.with_password(
            visit.context, given, visit.now, may_guess=budgets.may_try_code
        )
    except Unauthenticated:
        return _asking(visit, failed=True)
    return _begun(visit, token)


@router.get("/sign-in/passkey")
def ask_again(visit: Arriving) -> Response:
    """Lead to the page that asks: this one only answers forms."""
    return visit.to("/sign-in")


@router.post("/sign-in/passkey")
def sign_in_with_passkey(visit: PostedByAnybody, fields: MemberFields) -> Response:
    """Sign in."""
    try:
        token = sign_in.with_passkey(
            visit.context,
            visit.token,
            fields.get("minute", ""),
            fields.get("answer", ""),
            visit.now,
        )
    except Unauthenticated:
        return _asking(visit, failed=True)
    return _begun(visit, token)


@router.get("/invitation")
def ask_for_code(visit: Arriving) -> Response:
    """Ask for the code of an invitation."""
    return _invited(visit)


@router.post("/invitation")
def accept(visit: PostedByAnybody, fields: MemberFields) -> Response:
    """Use up an invitation."""
    try:
        token = enrolling.accept(visit.context, fields.get("code", ""), visit.now)
    except Unauthenticated:
        return _invited(visit, failed=True)
    return _begun(visit, token, path="/enrol")


def _begun(visit: Visit, token: str, *, path: str = "") -> Response:
    answer = visit.to(path)
    remember(answer, SESSION, token)
    forget(answer, ARRIVAL)
    return answer


def _asking(visit: Visit, *, failed: bool = False) -> Response:
    origin, options = visit.context.settings.desk_origin, ""
    if origin:
        given = sign_in.challenge(visit.context, visit.token, visit.minute, sign_in.SIGN_IN)
        options = ceremonies.to_get(origin, given)
    return _page(visit, "desk/arrive", failed=failed, options=options, minute=visit.minute)


def _invited(visit: Visit, *, failed: bool = False) -> Response:
    return _page(visit, "desk/invitation", failed=failed)


def _page(visit: Visit, template: str, *, failed: bool, **values: object) -> HTMLResponse:
    page = visit.pages.render(
        visit.language,
        template,
        kind=Kind.DESK,
        script="passkey" if values.get("options") else None,
        status=401 if failed else 200,
        form=visit.form,
        failed=failed,
        **values,
    )
    remember(page, ARRIVAL, visit.token)
    return page
