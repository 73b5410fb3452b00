"""Letters that ask for removal: choose a law, write, read, send, and see the clock.

Each page answers a form. What is typed is stored only once the owner says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain import contact, notice
from service.domain.errors import (
    IllegalTransition,
    InvalidRequest,
    NotFound,
    NoticeIncomplete,
    NoticesFull,
)
from service.domain.notice import NoticeState
from service.domain.regime import ENGLISH, STATEMENTS, Field, Regime, may_apply
from service.domain.watch import Clock, Presence
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentClock
from service.web import headers
from service.web.forms import INVALID, Fields
from service.web.headers import Kind
from service.web.owner.overview import AuthenticatedForm, OwnerForm
from service.web.pages import PageLanguage, PageRoute
from service.workflows import case_reading, noticing, safe_contact, watching
from service.workflows.noticing import Composed, OwnerNotice

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)
AGOS = (15, 30, 60, 180, 360, 720, 1440, 2880, 10_080)
"""Minutes: how long ago something happened, as the pages offer it."""
_GONE = Presence.GONE
_TYPED = ("addressee", "filer", "language", "zone", *(str(one) for one in Field))
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
    typed = _typed(fields)
    if "addresses" not in typed:
        typed["addresses"] = notice.address_lines(_known_addresses(form, now))
        typed["zone"] = _zone(form)
    return _form(form, regime, typed, now)


@router.post("/notices/read")
def read(form: AuthenticatedForm, fields: Fields, now: CurrentClock) -> HTMLResponse:
    """Show the letter as it will be read, or the form again with each thing that is missing."""
    typed = _typed(fields)
    composed = _composed(form, fields)
    if missing := noticing.missing(composed):
        return _form(form, composed.regime, typed, now, missing, composed.written.wrong_lines)
    return _render(
        form,
        "notice_read",
        now,
        made=noticing.draft(form.context, composed),
        regime=composed.regime,
        typed={**typed, "regime": composed.regime.id},
        takers=noticing.takers(form.context, now.day),
    )


@router.post("/notices/kept")
def keep(
    form: AuthenticatedForm, fields: Fields, budgets: CurrentBudgets, now: CurrentClock
) -> HTMLResponse:
    """Keep a letter as a draft; or, of one that was sent, as much as the owner chose."""
    composed = _composed(form, fields)
    if fields.get("act") not in {"sent", "draft"}:
        raise InvalidRequest(INVALID)
    budgets.charge_notice(form.owner.case_id)
    context, owner, is_sent = form.context, form.owner, fields["act"] == "sent"
    try:
        if is_sent:
            ago, keep_text = _ago(fields), fields.get("keep") == "text"
            n = noticing.keep_sent(context, owner, composed, now, ago=ago, keep_text=keep_text)
        else:
            n = noticing.keep(context, owner, composed, now)
    except NoticeIncomplete as err:
        wrong = composed.written.wrong_lines
        return _form(form, composed.regime, _typed(fields), now, err.fields, wrong)
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
    n, after, ago = _entry(form), NoticeState(fields["state"]), _ago(fields)
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
    budgets.charge_notice(form.owner.case_id)
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


def _typed(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields[name] for name in _TYPED if name in fields}


def _composed(form: OwnerForm, fields: Mapping[str, str]) -> Composed:
    regime = noticing.regime_of(form.context, fields.get("regime", ""))
    loopback = form.context.settings.watch_loopback
    filer, lines = fields.get("filer", ""), fields.get("addresses", "")
    written = notice.written(filer, lines, fields, loopback=loopback)
    language, zone = fields.get("language", ""), fields.get("zone", "")
    return Composed(
        regime, written, noticing.about(regime, fields.get("addressee", ""), language, zone)
    )


def _ago(fields: Mapping[str, str]) -> int:
    if fields.get("ago") not in {"0", *map(str, AGOS)}:
        raise InvalidRequest(INVALID)
    return int(fields["ago"])


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
    regime: Regime,
    typed: Mapping[str, str],
    now: Clock,
    missing: tuple[str, ...] = (),
    wrong_lines: tuple[int, ...] = (),
) -> HTMLResponse:
    asked = {one.name for one in regime.fields}
    names, tag = form.language.locale.languages, form.language.tag
    read_in = tag if tag in regime.statements else ENGLISH
    return _render(
        form,
        "notice_write",
        now,
        status=422 if missing else 200,
        regime=regime,
        typed={"language": regime.language(), **typed},
        missing=missing,
        wrong_lines=wrong_lines,
        required={"addressee", "authority", *regime.required},
        fields=[one for one in Field if one in asked],
        statements=STATEMENTS,
        sentences=[
            (one, regime.statements[read_in][one])
            for one in STATEMENTS
            if one in regime.statements[read_in]
        ],
        read_in=read_in,
        spoken=[(tag, names.get(tag, tag)) for tag in regime.statements],
        is_fallback=regime.language() not in regime.languages,
        zones=contact.zones(),
    )


def _list(form: OwnerForm, now: Clock, *, done: str = "", fault: str = "") -> HTMLResponse:
    every = noticing.of_case(form.context, form.owner, now)
    notices = [_shown(one) for one in every]
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
        one=_shown(found),
        made=made,
        offers=offers,
        steps=steps,
        done=done,
        fault=fault,
    )


def _shown(one: OwnerNotice) -> dict[str, Any]:
    """Return a letter as templates read it, its time as clocks show it where the owner is."""
    due_at = one.clock.due_at
    due = None if due_at is None else notice.local(due_at, one.about.zone)
    return {name: getattr(one, name) for name in OwnerNotice.__slots__} | {"due": due}


def _render(form: OwnerForm, template: str, now: Clock, **values: Any) -> HTMLResponse:  # noqa: ANN401 (whatever the template shows)
    return form.pages.render(
        form.language,
        f"owner/{template}",
        hidden=form.hidden_fields,
        today=now.day,
        agos=AGOS,
        **values,
    )
