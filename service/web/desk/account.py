"""A member's account: how she signs in, where she is signed in, and signing out."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from service.domain.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from service.proofs import one_time
from service.web.desk.visitors import (
    SESSION,
    Enrolling,
    MemberVisit,
    PostedByMember,
    SignedIn,
    forget,
    remember,
)
from service.web.forms import INVALID, MemberFields
from service.web.headers import Kind
from service.web.pages import PageRoute
from service.workflows import enrolling, session_keeping

router = APIRouter(prefix="/{language:tag}/desk", include_in_schema=False, route_class=PageRoute)
NONCE_BYTES = 16
MAX_NONCE = 64
MAX_DIGITS = 18
FAULTS = frozenset({"short", "common", "code", "last"})


@router.get("/enrol")
def enrol(visit: Enrolling) -> Response:
    """Ask whoever was invited how she wants to sign in."""
    return _choosing(visit) if visit.session.enrolling else visit.to("/account")


@router.get("/account")
def show(visit: SignedIn) -> Response:
    """Show how she signs in, and where she is signed in."""
    return _account(visit)


@router.get("/password")
@router.get("/passkeys")
@router.get("/passkeys/remove")
@router.get("/recovery-codes")
@router.get("/sign-out")
@router.get("/sign-out-everywhere")
def lead_back(visit: Enrolling) -> Response:
    """Lead to the account: these addresses only answer forms."""
    return visit.to("/account")


@router.post("/password")
def set_password(visit: PostedByMember, fields: MemberFields) -> Response:
    """Set password and one-time codes; show recovery codes, once."""
    nonce = fields.get("nonce", "")[:MAX_NONCE]
    given = fields.get("password", ""), nonce, fields.get("code", "")
    try:
        done = enrolling.set_password(visit.context, visit.session, *given, visit.now)
    except (Forbidden, InvalidRequest) as err:
        return _refused(visit, err)
    page = _codes(visit, done.token, done.codes)
    remember(page, SESSION, done.token)
    return page


@router.post("/recovery-codes")
def make_recovery_codes(visit: PostedByMember) -> Response:
    """Replace the recovery codes, and show them, once."""
    try:
        codes = enrolling.new_recovery_codes(visit.context, visit.session, visit.now)
    except Forbidden as err:
        return _refused(visit, err)
    return _codes(visit, visit.token, codes)


@router.post("/passkeys")
def add_passkey(visit: PostedByMember, fields: MemberFields) -> Response:
    """Add a passkey."""
    given = fields.get("minute", ""), fields.get("answer", "")
    try:
        token = enrolling.add_passkey(visit.context, visit.session, *given, visit.now)
    except (Forbidden, Unauthenticated) as err:
        return _refused(visit, err)
    answer = visit.to("/account")
    remember(answer, SESSION, token)
    return answer


@router.post("/passkeys/remove")
def remove_passkey(visit: PostedByMember, fields: MemberFields) -> Response:
    """Remove a passkey."""
    number = fields.get("passkey", "")
    if not number.isascii() or not number.isdigit() or len(number) > MAX_DIGITS:
        raise InvalidRequest(INVALID)
    try:
        enrolling.remove_passkey(visit.context, visit.session, int(number), visit.now)
    except (Forbidden, InvalidRequest) as err:
        return _refused(visit, err)
    except NotFound:
        pass  # removed before
    return visit.to("/account")


@router.post("/sign-out")
def sign_out(visit: PostedByMember) -> Response:
    """Sign out here."""
    session_keeping.end(visit.context, visit.session)
    return _signed_out(visit)


@router.post("/sign-out-everywhere")
def sign_out_everywhere(visit: PostedByMember) -> Response:
    """Sign out on every device."""
    session_keeping.end_all(visit.context, visit.session, visit.now)
    return _signed_out(visit)


def _signed_out(visit: MemberVisit) -> Response:
    answer = visit.to("/sign-in")
    forget(answer, SESSION)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _refused(visit: MemberVisit, err: Exception) -> Response:
    """Return the page again, with what was wrong."""
    reason = str(err) if isinstance(err, InvalidRequest) else ""
    fault = reason if reason in FAULTS else "stale" if isinstance(err, Forbidden) else "passkey"
    shown = _choosing if visit.session.enrolling else _account
    return shown(visit, fault=fault)


def _choosing(visit: MemberVisit, *, fault: str = "") -> HTMLResponse:
    return _page(visit, "desk/enrol", fault=fault, **_offer(visit))


def _account(visit: MemberVisit, *, fault: str = "") -> HTMLResponse:
    account = enrolling.account(visit.context, visit.session)
    sessions = session_keeping.days(visit.context, visit.session, visit.now)
    fresh = visit.session.is_fresh(visit.now)
    shown = {"account": account, "sessions": sessions, "fresh": fresh, "fault": fault}
    return _page(visit, "desk/account", **shown, **_offer(visit))


def _offer(visit: MemberVisit) -> dict[str, object]:
    """Return a new secret for one-time codes, and what a browser is asked for a passkey."""
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    secret = visit.context.seals.totp_secret(visit.token, nonce)
    options = enrolling.passkey_options(visit.context, visit.session, visit.minute)
    return {
        "nonce": nonce,
        "secret": one_time.shown(secret),
        "otpauth": one_time.address(secret, visit.session.member.name),
        "options": options,
        "minute": visit.minute,
    }


def _codes(visit: MemberVisit, token: str, codes: list[str]) -> HTMLResponse:
    form = visit.context.seals.form_token(token)
    return _page(visit, "desk/codes", codes=codes, form=form)


def _page(visit: MemberVisit, template: str, **values: object) -> HTMLResponse:
    given: dict[str, object] = {"form": visit.form, "member": visit.session.member, **values}
    return visit.pages.render(
        visit.language,
        template,
        kind=Kind.DESK,
        script="passkey" if values.get("options") else None,
        status=422 if values.get("fault") else 200,
        session_id=visit.session.id,
        **given,
    )
