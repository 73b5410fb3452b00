"""A case as its owner reads it, and its forms: add entries, withdraw, undo, erase.

Case number and access key are posted with each form and stored nowhere. The browser derives the
key from the passphrase, which never leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain.actor import Owner
from service.domain.case import UNDO_DAYS, EntryStatus
from service.domain.errors import InvalidRequest, Unauthenticated
from service.edge.dependencies import CurrentContext, Today
from service.web import hashing_page, headers
from service.web.forms import INVALID, Fields
from service.web.headers import Kind
from service.web.languages import Language
from service.web.owner import stamps
from service.web.owner.stamps import CurrentMinute
from service.web.pages import AnswerWithPage, CurrentPages, PageLanguage, PageRoute, Pages
from service.workflows import authenticate, safe_contact, status, withdraw
from service.workflows.context import Context

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)
MAX_ENTRY_DIGITS = 4


@dataclass(frozen=True, slots=True)
class OwnerForm:
    """A posted form that opened a case, and what its answer needs."""

    context: Context
    pages: Pages
    language: Language
    owner: Owner
    access_key: str
    stamp: str
    """A new stamp, for the forms of the next page."""
    entry: int | None
    """Number of the entry that the form is about; None means the whole case."""
    day: Today

    @property
    def hidden_fields(self) -> dict[str, str]:
        """The hidden fields of every form on the next page."""
        return {
            "case": self.owner.case_number,
            "access_key": self.access_key,
            "stamp": self.stamp,
        }


def _owner_form(
    language: PageLanguage,
    pages: CurrentPages,
    context: CurrentContext,
    fields: Fields,
    minute: CurrentMinute,
    today: Today,
) -> OwnerForm:
    """Authenticate a form. Wrong credentials or an old stamp lead to the sign-in page."""
    stamp = stamps.new(context.seals, minute)
    if not stamps.is_fresh(context.seals, fields.get("stamp", ""), minute):
        raise AnswerWithPage(_sign_in(pages, language, stamp, reason="late"))
    access_key = fields.get("access_key", "")
    try:
        owner = authenticate.owner_of_form(context, fields.get("case", ""), access_key)
    except Unauthenticated:
        raise AnswerWithPage(_sign_in(pages, language, stamp, reason="wrong")) from None
    return OwnerForm(
        context, pages, language, owner, access_key, stamp, entry_number(fields), today
    )


AuthenticatedForm = Annotated[OwnerForm, Depends(_owner_form)]


@router.get("/overview")
def sign_in(
    language: PageLanguage, pages: CurrentPages, context: CurrentContext, minute: CurrentMinute
) -> HTMLResponse:
    """Ask for case number and passphrase."""
    return _sign_in(pages, language, stamps.new(context.seals, minute))


@router.post("/overview")
def show(form: AuthenticatedForm) -> HTMLResponse:
    """Show the case."""
    return _overview(form)


@router.get("/more")
@router.get("/withdraw")
@router.get("/withdrawn")
@router.get("/undone")
@router.get("/erase")
@router.get("/erased")
def redirect_to_sign_in(language: PageLanguage) -> RedirectResponse:
    """Redirect to the sign-in page: these pages only answer forms."""
    return RedirectResponse(f"/{language.tag}/overview", 303, headers=headers.of(Kind.PAGE))


@router.post("/more")
def more(form: AuthenticatedForm) -> HTMLResponse:
    """Show the hashing page, for more entries of this case."""
    return hashing_page.for_more_entries(
        form.pages,
        form.language,
        case_number=form.owner.case_number,
        access_key=form.access_key,
        stamp=form.stamp,
    )


@router.post("/withdraw")
def confirm_withdrawal(form: AuthenticatedForm) -> HTMLResponse:
    """Say what a withdrawal does, and ask for confirmation."""
    return _confirmation(form, "owner/withdraw")


@router.post("/withdrawn")
def withdraw_confirmed(form: AuthenticatedForm, today: Today) -> HTMLResponse:
    """Withdraw an entry or the case. Matching stops at once; undo is possible for some days."""
    if form.entry is None:
        withdraw.withdraw_case(form.context, form.owner, today)
    else:
        withdraw.withdraw_entry(form.context, form.owner, form.entry, today)
    return _overview(form, done="withdrawn")


@router.post("/undone")
def undo(form: AuthenticatedForm, today: Today) -> HTMLResponse:
    """Undo the withdrawal of an entry or the case."""
    if form.entry is None:
        withdraw.undo_case(form.context, form.owner, today)
    else:
        withdraw.undo_entry(form.context, form.owner, form.entry, today)
    return _overview(form, done="undone")


@router.post("/erase")
def confirm_erasing(form: AuthenticatedForm) -> HTMLResponse:
    """Say that erasing at once cannot be undone, and ask for confirmation."""
    return _confirmation(form, "owner/erase")


@router.post("/erased")
def erase_confirmed(form: AuthenticatedForm, today: Today) -> HTMLResponse:
    """Withdraw an entry or the case for good: its signals are erased at once, without an undo."""
    if form.entry is None:
        withdraw.erase_case(form.context, form.owner, today)
    else:
        withdraw.erase_entry(form.context, form.owner, form.entry)
    return _overview(form, done="erased")


def _confirmation(form: OwnerForm, template: str) -> HTMLResponse:
    """Return a page that asks whether to act on the entry of the form, or on the case."""
    case = status.of_case(form.context, form.owner)
    entry = next((entry for entry in case.entries if entry.n == form.entry), None)
    if form.entry is not None and entry is None:
        raise InvalidRequest(INVALID)
    hidden = form.hidden_fields
    return form.pages.render(form.language, template, hidden=hidden, entry=entry, days=UNDO_DAYS)


def entry_number(fields: Mapping[str, str]) -> int | None:
    """Return which entry a form is about, None for the whole case. Raises InvalidRequest."""
    n = fields.get("entry", "")
    if not n:
        return None
    if not n.isascii() or not n.isdigit() or len(n) > MAX_ENTRY_DIGITS:
        raise InvalidRequest(INVALID)
    return int(n)


def _sign_in(pages: Pages, language: Language, stamp: str, *, reason: str = "") -> HTMLResponse:
    """Return the sign-in page.

    `reason` is why it is shown again: `wrong`, without saying what was, or `late`.
    """
    return pages.render(
        language,
        "owner/sign_in",
        kind=Kind.WITH_FRAME,
        script="open",
        status=401 if reason else 200,
        reason=reason,
        stamp=stamp,
    )


def _overview(form: OwnerForm, *, done: str = "") -> HTMLResponse:
    """Return the overview; `done` is what the form did: `withdrawn`, `undone` or `erased`."""
    case = status.of_case(form.context, form.owner, form.day)
    told = safe_contact.of_case(form.context, form.owner)
    over = {EntryStatus.WITHDRAWING, EntryStatus.WITHDRAWN}
    labelled = [entry for entry in case.entries if entry.sealed_label]
    return form.pages.render(
        form.language,
        "owner/overview",
        kind=Kind.WITH_FRAME if labelled else Kind.PAGE,
        script="reveal" if labelled else None,
        case=case,
        labelled=labelled,
        active=[entry for entry in case.entries if entry.status is EntryStatus.ACTIVE],
        held=[entry for entry in case.entries if entry.held],
        withdrawn=[entry for entry in case.entries if entry.status in over],
        days=sorted({event.seen_on for event in case.events}, reverse=True),
        hidden=form.hidden_fields,
        undo_days=UNDO_DAYS,
        asks=told.asks(form.day),
        unreached=told.is_dead,
        done=done,
    )
