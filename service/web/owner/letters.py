"""Letters that ask for removal: choose a law, write, read, send, and see the clock.

Each page answers a form. What is typed is stored only once the owner says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain import notice
from service.domain.errors import (
    IllegalTransition,
    InvalidRequest,
    NotFound,
    NoticeIncomplete,
    NoticesFull,
)
from service.domain.notice import NoticeState
from service.domain.regime import may_apply
from service.domain.watch import Clock, Presence
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentClock
from service.web import headers, letter_forms
from service.web.forms import INVALID, Fields
from service.web.headers import Kind
from service.web.owner.overview import AuthenticatedForm, OwnerForm
from service.web.pages import PageLanguage, PageRoute
from service.workflows import case_reading, noticing, safe_contact, watching
from service.workflows.noticing import Composed, Sent

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)
_GONE = Presence.GONE
_STEPS = (
    NoticeState.SENT,
    NoticeState.RECEIVED,
    NoticeState.ORDERED,
    NoticeState.REMOVED,
    NoticeState.REFUSED,
)


@router.get("/notices")
@router.get("/notices/where")
@router.get("/notices/write")
@router.get("/notices/read")
@router.get("/notices/kept")
@router.get("/notices/one")
@router.get("/notices/said")
@router.get("/notices/offered")
@router.get("/notices/erased")
def redirect_to_sign_in(language: PageLanguage) -> RedirectResponse:
    """Redirect to the sign-in page: these pages only answer forms."""
    return RedirectResponse(f"/{language.tag}/overview", 303, headers=headers.of(Kind.PAGE))


@router.post("/notices")
def show(form: AuthenticatedForm, now: CurrentClock) -> HTMLResponse:
    """Show the letters of the case, with their clocks."""
    return _list(form, now)


@router.post("/notices/where")
def choose(form: AuthenticatedForm, fields: Fields, now: CurrentClock) -> HTMLResponse:
    """Ask where it is, and show the laws that may apply there."""
    home, there = (form.language.known_country(fields.get(one, "")) for one in ("home", "there"))
    minor = fields.get("shows_minor", "")
    is_answered = minor in {"yes", "no"}
    near, others = may_apply(form.context.law, [home, there]) if is_answered else (None, None)
    codes = {code for one in form.context.law.regimes.values() for code in one.countries}
    countries = sorted(
        ((code, form.language.country(code)) for code in codes), key=lambda pair: pair[1].casefold()
    )
    fault = bool(fields.get("asked")) and not is_answered
    return _render(
        form,
        "notice_where",
        now,
        status=422 if fault else 200,
        near=near,
        others=others,
        minor=minor == "yes",
        countries=countries,
        home=home,
        there=there,
        fault=fault,
    )


@router.post("/notices/write")
def write(form: AuthenticatedForm, fields: Fields, now: CurrentClock) -> HTMLResponse:
    """Show the form of a law, with the addresses that the case knows."""
    regime = noticing.regime_of(form.context, fields.get("regime", ""))
    typed = letter_forms.typed(fields)
    if "addresses" not in typed:
        typed["addresses"] = notice.address_lines(_known_addresses(form, now))
        typed["zone"] = _zone(form)
    shown = letter_forms.shown_form(form.language, regime, typed, regime.filers)
    return _render(form, "notice_write", now, **shown)


@router.post("/notices/read")
def read(form: AuthenticatedForm, fields: Fields, now: CurrentClock) -> HTMLResponse:
    """Show the letter as it will be read, or the form again with each thing that is missing."""
    typed = letter_forms.typed(fields)
    composed = letter_forms.composed(form.context, fields)
    if missing := noticing.missing(composed):
        return _form(form, composed, typed, now, missing)
    return _render(
        form,
        "notice_read",
        now,
        made=noticing.draft(form.context, composed),
        regime=composed.regime,
        typed={**typed, "regime": composed.regime.id},
        takers=noticing.takers(form.context, now.day),
        for_owner=False,
    )


@router.post("/notices/kept")
def keep(
    form: AuthenticatedForm, fields: Fields, budgets: CurrentBudgets, now: CurrentClock
) -> HTMLResponse:
    """Keep a letter as a draft; or, of one that was sent, as much as the owner chose."""
    composed = letter_forms.composed(form.context, fields)
    if fields.get("act") not in {"sent", "draft"}:
        raise InvalidRequest(INVALID)
    budgets.charge_notice(form.owner.case_id)
    context, owner, is_sent = form.context, form.owner, fields["act"] == "sent"
    try:
        if is_sent:
            sent = Sent(letter_forms.ago(fields), fields.get("keep") == "text")
            n = noticing.keep_sent(context, owner, composed, sent, now)
        else:
            n = noticing.keep(context, owner, composed, now)
    except NoticeIncomplete as err:
        return _form(form, composed, letter_forms.typed(fields), now, err.fields)
    except NoticesFull:
        return _list(form, now, fault="full")
    return _one(form, n, now, done="sent" if is_sent else "kept")


@router.post("/notices/one")
def show_one(form: AuthenticatedForm, now: CurrentClock) -> HTMLResponse:
    """Show a letter, and its clock."""
    return _one(form, _entry(form), now)


@router.post("/notices/said")
def say(
    form: AuthenticatedForm, fields: Fields, budgets: CurrentBudgets, now: CurrentClock
) -> HTMLResponse:
    """Note what happened to a letter, or take it back."""
    if fields.get("state") not in {NoticeState.DRAFT, *_STEPS}:
        raise InvalidRequest(INVALID)
    n, after, ago = _entry(form), NoticeState(fields["state"]), letter_forms.ago(fields)
    budgets.charge_notice(form.owner.case_id)
    try:
        noticing.say(form.context, form.owner, n, after, now, ago=ago)
    except IllegalTransition:
        return _one(form, n, now, fault=True)
    return _one(form, n, now, done="said")


@router.post("/notices/offered")
def offer(
    form: AuthenticatedForm, fields: Fields, budgets: CurrentBudgets, now: CurrentClock
) -> HTMLResponse:
    """Let a platform fetch a letter, which the owner has just read."""
    n = _entry(form)
    platform, pressed = fields.get("platform", ""), fields.get("token", "")
    budgets.charge_offer(form.owner.case_id)
    try:
        noticing.offer(form.context, form.owner, n, platform, pressed, now)
    except (IllegalTransition, InvalidRequest):
        return _one(form, n, now, fault=True)
    return _one(form, n, now, done="offered")


@router.post("/notices/erased")
def erase(form: AuthenticatedForm, now: CurrentClock) -> HTMLResponse:
    """Erase a letter. One that is not there any more is passed over."""
    try:
        noticing.remove(form.context, form.owner, _entry(form))
    except NotFound:
        return _list(form, now)
    return _list(form, now, done="erased")


def _entry(form: OwnerForm) -> int:
    if form.entry is None:
        raise InvalidRequest(INVALID)
    return form.entry


def _known_addresses(form: OwnerForm, now: Clock) -> list[str]:
    """Return what the case knows: its addresses but for what is gone, and confirmed sightings."""
    watches = watching.of_case(form.context, form.owner)
    withheld = {one.address for one in watches if one.withheld}
    gone = {one.address for one in watches if one.history.presence is _GONE}
    _, found = case_reading.for_owner(form.context, form.owner.case_id, now.day)
    known = [*(one.address for one in watches), *(one.address for one in found)]
    return [one for one in dict.fromkeys(known) if one not in withheld | gone]


def _zone(form: OwnerForm) -> str:
    chosen = safe_contact.of_case(form.context, form.owner).contact
    return "UTC" if chosen is None or chosen.hours is None else chosen.hours.zone


def _form(
    form: OwnerForm,
    composed: Composed,
    typed: Mapping[str, str],
    now: Clock,
    missing: tuple[str, ...],
) -> HTMLResponse:
    """Show the form again, with what is missing."""
    regime, wrong = composed.regime, composed.written.wrong_lines
    shown = letter_forms.shown_form(form.language, regime, typed, regime.filers, missing, wrong)
    return _render(form, "notice_write", now, status=422, **shown)


def _list(form: OwnerForm, now: Clock, *, done: str = "", fault: str = "") -> HTMLResponse:
    every = noticing.of_case(form.context, form.owner, now)
    notices = [letter_forms.shown(one) for one in every]
    status = 422 if fault else 200
    return _render(form, "notices", now, status=status, notices=notices, done=done, fault=fault)


def _one(
    form: OwnerForm, n: int, now: Clock, *, done: str = "", fault: bool = False
) -> HTMLResponse:
    found = noticing.one(form.context, form.owner, n, now)
    made, offers = None, []
    if found.written is not None and found.regime is not None:
        composed = Composed(found.regime, found.written, found.about)
        made = noticing.draft(form.context, composed)
        if found.may_become(NoticeState.OFFERED) and not found.regime.addressee_name:
            offers = [
                (name, noticing.token(form.context, form.owner, n, name, now))
                for name in noticing.takers(form.context, now.day)
            ]
    steps = [after for after in _STEPS if found.may_become(after)]
    if found.platform is not None:
        steps = [one for one in steps if one is not NoticeState.RECEIVED]
    return _render(
        form,
        "notice",
        now,
        status=422 if fault else 200,
        one=letter_forms.shown(found),
        made=made,
        offers=offers,
        steps=steps,
        done=done,
        fault=fault,
    )


def _render(form: OwnerForm, template: str, now: Clock, **values: Any) -> HTMLResponse:  # noqa: ANN401 (whatever the template shows)
    return form.pages.render(
        form.language,
        f"owner/{template}",
        hidden=form.hidden_fields,
        today=now.day,
        agos=letter_forms.AGOS,
        base=f"/{form.language.tag}/notices",
        parent="layout.html",
        **values,
    )
