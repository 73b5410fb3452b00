"""Who asks for a page of the desk: the cookies, the session, and that a form is from our own page.

A browser that is not signed in has a cookie too, a random one that is stored nowhere: forms and
challenges of passkeys are bound to it. It never becomes a session: that always has a new one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from service.domain.errors import Forbidden
from service.domain.watch import Clock
from service.edge.dependencies import CurrentClock, CurrentContext
from service.web import headers
from service.web.forms import MemberFields
from service.web.headers import Kind
from service.web.languages import Language
from service.web.pages import AnswerWithPage, CurrentPages, PageLanguage, Pages
from service.workflows import session_keeping
from service.workflows.context import Context
from service.workflows.session_keeping import Session

SESSION, ARRIVAL = "__Host-desk", "__Host-arrival"
"""Names of the cookies. Browsers take `__Host-` only over TLS, from this very host, for all paths:
no other host can set one in its place (RFC 6265bis, 4.1.3.2)."""
MAX_TOKEN = 100
"""Characters of a cookie that are looked at; ours have 43."""
FORM = "form"
"""Name of the field that shows a form to be of our own page."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request, and what its answer needs."""

    context: Context
    pages: Pages
    language: Language
    now: Clock
    token: str
    """Of the session, or what a browser has that is not signed in. Hidden from `repr`."""
    form: str
    """What every form of the answer has."""

    def __repr__(self) -> str:
        return "Visit()"

    @property
    def minute(self) -> int:
        """Since 1970: challenges of passkeys are of a minute."""
        return self.now.second // 60

    def to(self, path: str) -> RedirectResponse:
        """Return a redirect to a page of the desk, in this language."""
        address = f"/{self.language.tag}/desk{path}"
        return RedirectResponse(address, 303, headers=headers.of(Kind.DESK))


@dataclass(frozen=True, slots=True)
class MemberVisit(Visit):
    """The same of a member who is signed in, or accepts an invitation."""

    session: Session

    def __repr__(self) -> str:
        return f"MemberVisit({self.session.id})"


def _arriving(
    request: Request,
    language: PageLanguage,
    pages: CurrentPages,
    context: CurrentContext,
    now: CurrentClock,
) -> Visit:
    token = _cookie(request, ARRIVAL) or session_keeping.new_token()
    return Visit(context, pages, language, now, token, context.seals.form_token(token))


def _signed_in(visit: Annotated[Visit, Depends(_arriving)], request: Request) -> MemberVisit:
    found = _session(visit, request)
    if found is None or found.session.enrolling:
        raise AnswerWithPage(visit.to("/enrol" if found else "/sign-in"))
    return found


def _enrolling(visit: Annotated[Visit, Depends(_arriving)], request: Request) -> MemberVisit:
    found = _session(visit, request)
    if found is None:
        raise AnswerWithPage(visit.to("/sign-in"))
    return found


def _posted(
    visit: Annotated[Visit, Depends(_arriving)], request: Request, fields: MemberFields
) -> Visit:
    """A form from the page that was given to this browser. Raises Forbidden."""
    _require_own_page(request, visit.context.settings.desk_origin)
    if not hmac.compare_digest(visit.form.encode(), fields.get(FORM, "").encode()):
        raise Forbidden
    return visit


def _posted_by_member(
    visit: Annotated[MemberVisit, Depends(_enrolling)], request: Request, fields: MemberFields
) -> MemberVisit:
    _posted(visit, request, fields)
    return visit


def _posted_by_signed_in(
    visit: Annotated[MemberVisit, Depends(_signed_in)], request: Request, fields: MemberFields
) -> MemberVisit:
    _posted(visit, request, fields)
    return visit


def _session(visit: Visit, request: Request) -> MemberVisit | None:
    token = _cookie(request, SESSION)
    session = session_keeping.found(visit.context, token, visit.now) if token else None
    if session is None:
        return None
    form = visit.context.seals.form_token(token)
    return MemberVisit(visit.context, visit.pages, visit.language, visit.now, token, form, session)


def _require_own_page(request: Request, desk_origin: str) -> None:
    """Raise Forbidden if a browser says that another site posts this, or does not say that we do.

    Of pages without a referrer, as ours are, browsers name no origin: `null` (Fetch, 3.2). Whose it
    is, they say then by Sec-Fetch-Site alone, which no page can set.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return  # PageRoute looked at Sec-Fetch-Site, and the form has its token
    if origin == "null":
        own = request.headers.get("Sec-Fetch-Site") == "same-origin"
    elif desk_origin:
        own = origin == desk_origin
    else:
        own = urlsplit(origin).netloc == request.headers.get("Host")
    if not own:
        raise Forbidden


def _cookie(request: Request, name: str) -> str:
    token = request.cookies.get(name, "")
    return token if len(token) <= MAX_TOKEN and token.isascii() else ""


def remember(response: Response, name: str, token: str) -> None:
    """Let a browser keep a cookie until it closes. No script reads it, no other site sends it."""
    response.set_cookie(name, token, path="/", secure=True, httponly=True, samesite="strict")


def forget(response: Response, name: str) -> None:
    """Let a browser forget a cookie."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="strict")


Arriving = Annotated[Visit, Depends(_arriving)]
PostedByAnybody = Annotated[Visit, Depends(_posted)]
SignedIn = Annotated[MemberVisit, Depends(_signed_in)]
Enrolling = Annotated[MemberVisit, Depends(_enrolling)]
"""Signed in, or accepting an invitation."""
PostedByMember = Annotated[MemberVisit, Depends(_posted_by_member)]
"""The same, of a form."""
PostedBySignedIn = Annotated[MemberVisit, Depends(_posted_by_signed_in)]
"""The same of a member who is signed in: an invitation is good for enrolling alone."""
