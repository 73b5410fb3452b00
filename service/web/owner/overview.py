"""A case as its owner reads it. Number and key come with each form, and are kept nowhere.

The key was derived of the passphrase in the browser; the passphrase stays there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain.actor import Owner
from service.domain.case import UNDO_DAYS, Entry
from service.domain.errors import InvalidRequest, Unauthenticated
from service.domain.sighting import SeenEvent
from service.edge.dependencies import CurrentContext, Today
from service.web import headers
from service.web.forms import WRONG, Fields
from service.web.headers import Kind
from service.web.languages import Language
from service.web.owner import stamps
from service.web.pages import Here as CurrentPages
from service.web.pages import Instead, PageRoute, Site, Spoken
from service.web.site import questions
from service.workflows import authenticate, status, withdraw
from service.workflows.context import Context

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)
MAX_ENTRY_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Told:
    """One entry with what happened to it."""

    entry: Entry
    events: list[SeenEvent]


@dataclass(frozen=True, slots=True)
class Visit:
    """A form of a case that opened it: whose it is, and what the next forms need."""

    context: Context
    pages: Site
    language: Language
    owner: Owner
    access_key: str
    stamp: str
    entry: int | None
    """The entry that the form is about; none is the whole case."""

    @property
    def hidden(self) -> dict[str, str]:
        """What every further form has."""
        return {
            "case": self.owner.case_number,
            "access_key": self.access_key,
            "stamp": self.stamp,
        }


def visit(
    language: Spoken,
    pages: CurrentPages,
    here: CurrentContext,
    fields: Fields,
    minute: stamps.Minute,
) -> Visit:
    """Return who came. One who may not, or came late, gets the page that asks for the words."""
    stamp = stamps.new(here.seals, minute)
    if not stamps.fresh(here.seals, fields.get("stamp", ""), minute):
        raise Instead(_sign_in(pages, language, stamp, fault="late"))
    access_key = fields.get("access_key", "")
    try:
        number = fields.get("case", "").strip() or authenticate.number(here, access_key)
        owner = authenticate.owner(here, number, access_key)
    except Unauthenticated:
        raise Instead(_sign_in(pages, language, stamp, fault="wrong")) from None
    return Visit(here, pages, language, owner, access_key, stamp, _entry(fields))


Visited = Annotated[Visit, Depends(visit)]


@router.get("/overview")
def ask(
    language: Spoken, pages: CurrentPages, here: CurrentContext, minute: stamps.Minute
) -> HTMLResponse:
    """Ask for number and words."""
    return _sign_in(pages, language, stamps.new(here.seals, minute))


@router.post("/overview")
def show(visited: Visited) -> HTMLResponse:
    """Show the case."""
    return _overview(visited)


@router.get("/more")
@router.get("/withdraw")
@router.get("/withdrawn")
@router.get("/undone")
def again(language: Spoken) -> RedirectResponse:
    """Lead to the page that asks: the others have no address that one could come back to."""
    return RedirectResponse(f"/{language.tag}/overview", 303, headers=headers.of(Kind.PAGE))


@router.post("/more")
def more(visited: Visited) -> HTMLResponse:
    """Show the page that hashes, for more entries of this case."""
    return questions.files(
        visited.pages,
        visited.language,
        case=visited.owner.case_number,
        access_key=visited.access_key,
    )


@router.post("/withdraw")
def confirm(visited: Visited) -> HTMLResponse:
    """Ask once more, and say what will happen."""
    case = status.of_case(visited.context, visited.owner)
    entry = next((one for one in case.entries if one.n == visited.entry), None)
    if visited.entry is not None and entry is None:
        raise InvalidRequest(WRONG)
    return visited.pages.page(
        visited.language,
        "owner/withdraw",
        hidden=visited.hidden,
        entry=entry,
        days=UNDO_DAYS,
    )


@router.post("/withdrawn")
def withdrawn(visited: Visited, now: Today) -> HTMLResponse:
    """Withdraw an entry or the case. Matching stops at once; it can be undone for some days."""
    if visited.entry is None:
        withdraw.withdraw_case(visited.context, visited.owner, now)
    else:
        withdraw.withdraw_entry(visited.context, visited.owner, visited.entry, now)
    return _overview(visited, said="withdrawn")


@router.post("/undone")
def undone(visited: Visited) -> HTMLResponse:
    """Take a withdrawal back."""
    if visited.entry is None:
        withdraw.undo_case(visited.context, visited.owner)
    else:
        withdraw.undo_entry(visited.context, visited.owner, visited.entry)
    return _overview(visited, said="undone")


def _entry(fields: Mapping[str, str]) -> int | None:
    n = fields.get("entry", "")
    if not n:
        return None
    if not n.isascii() or not n.isdigit() or len(n) > MAX_ENTRY_DIGITS:
        raise InvalidRequest(WRONG)
    return int(n)


def _sign_in(pages: Site, language: Language, stamp: str, *, fault: str = "") -> HTMLResponse:
    """`fault` is why it is asked again: `wrong`, whichever of the two it is, or `late`."""
    answered = 401 if fault else 200
    return pages.page(
        language, "owner/sign_in", script="open", status=answered, fault=fault, stamp=stamp
    )


def _overview(visited: Visit, *, said: str = "") -> HTMLResponse:
    case = status.of_case(visited.context, visited.owner)
    told = [
        Told(entry, [event for event in case.events if event.n == entry.n])
        for entry in case.entries
    ]
    days = sorted({event.seen_on for event in case.events}, reverse=True)
    return visited.pages.page(
        visited.language,
        "owner/overview",
        case=case,
        told=told,
        days=days,
        hidden=visited.hidden,
        said=said,
    )
