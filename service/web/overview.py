"""A case as its owner reads it. Number and key come with each form, and are kept nowhere.

The key was derived of the passphrase in the browser; the passphrase stays there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.domain.actor import Owner
from service.domain.case import UNDO_DAYS, Entry
from service.domain.errors import InvalidRequest, Unauthenticated
from service.domain.sighting import SeenEvent
from service.http.given import Here, Now
from service.web import questions, site
from service.web.forms import WRONG, Fields
from service.web.languages import Language
from service.web.site import PageRoute, Site, Spoken
from service.workflows import authenticate, status, withdraw
from service.workflows.context import Context

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class Told:
    """One entry with what happened to it."""

    entry: Entry
    events: list[SeenEvent]


@router.get("/overview")
def ask(language: Spoken, pages: site.Here) -> HTMLResponse:
    """Ask for number and words."""
    return _sign_in(pages, language)


@router.post("/overview")
def show(language: Spoken, pages: site.Here, here: Here, fields: Fields) -> HTMLResponse:
    """Show the case. A number or key that opens nothing asks again, and says no more."""
    try:
        owner = _owner(here, fields)
    except Unauthenticated:
        return _sign_in(pages, language, wrong=True)
    return _overview(pages, language, here, owner, fields)


@router.post("/more")
def more(language: Spoken, pages: site.Here, here: Here, fields: Fields) -> HTMLResponse:
    """Show the page that hashes, for more entries of this case."""
    owner = _owner(here, fields)
    return questions.files(pages, language, case=owner.case_number, access_key=_key(fields))


@router.post("/withdraw")
def confirm(language: Spoken, pages: site.Here, here: Here, fields: Fields) -> HTMLResponse:
    """Ask once more, and say what will happen."""
    owner, n = _owner(here, fields), _entry(fields)
    case = status.of_case(here, owner)
    if n is not None and n not in {entry.n for entry in case.entries}:
        raise InvalidRequest(WRONG)
    values = {"case": case, "access_key": _key(fields), "n": n, "days": UNDO_DAYS}
    return pages.page(language, "withdraw", **values)


@router.post("/withdrawn")
def withdrawn(
    language: Spoken, pages: site.Here, here: Here, now: Now, fields: Fields
) -> HTMLResponse:
    """Withdraw an entry or the case. Matching stops at once; it can be undone for some days."""
    owner, n = _owner(here, fields), _entry(fields)
    if n is None:
        withdraw.withdraw_case(here, owner, now)
    else:
        withdraw.withdraw_entry(here, owner, n, now)
    return _overview(pages, language, here, owner, fields, said="withdrawn")


@router.post("/undone")
def undone(language: Spoken, pages: site.Here, here: Here, fields: Fields) -> HTMLResponse:
    """Take a withdrawal back."""
    owner, n = _owner(here, fields), _entry(fields)
    if n is None:
        withdraw.undo_case(here, owner)
    else:
        withdraw.undo_entry(here, owner, n)
    return _overview(pages, language, here, owner, fields, said="undone")


def _owner(here: Context, fields: Mapping[str, str]) -> Owner:
    return authenticate.owner(here, fields.get("case", ""), _key(fields))


def _key(fields: Mapping[str, str]) -> str:
    return fields.get("access_key", "")


def _entry(fields: Mapping[str, str]) -> int | None:
    """The entry that a form is about; none is the whole case."""
    n = fields.get("entry", "")
    if not n:
        return None
    if not n.isascii() or not n.isdigit() or len(n) > 4:  # noqa: PLR2004 (of 50 entries)
        raise InvalidRequest(WRONG)
    return int(n)


def _sign_in(pages: Site, language: Language, *, wrong: bool = False) -> HTMLResponse:
    answered = 401 if wrong else 200
    return pages.page(language, "words", script="open", status=answered, wrong=wrong)


def _overview(
    pages: Site,
    language: Language,
    here: Context,
    owner: Owner,
    fields: Mapping[str, str],
    *,
    said: str = "",
) -> HTMLResponse:
    case = status.of_case(here, owner)
    told = [
        Told(entry, [event for event in case.events if event.n == entry.n])
        for entry in case.entries
    ]
    days: list[date] = sorted({event.seen_on for event in case.events}, reverse=True)
    return pages.page(
        language, "overview", case=case, told=told, days=days, access_key=_key(fields), said=said
    )
