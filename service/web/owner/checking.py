"""Whether number and key open a case: asked by the sign-in page, and answered in a frame of it.

So the page stays as it is, with what was typed, if they do not. The answer is got by a redirect
(`web.pages.FrameRoute`), and its address says no more than whether they do.
"""

from __future__ import annotations

from enum import StrEnum

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain.errors import NotFound, Unauthenticated
from service.edge.dependencies import CurrentContext
from service.web.forms import Fields
from service.web.headers import Kind
from service.web.owner import stamps
from service.web.owner.stamps import CurrentMinute
from service.web.pages import CurrentPages, FrameRoute, PageLanguage, to_frame
from service.workflows import authenticate

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=FrameRoute)


class Answer(StrEnum):
    """What the sign-in page is told. It begins again by itself if the page was open too long."""

    OPENS = "opens"
    WRONG = "wrong"
    LATE = "late"


@router.post("/checked")
def check(
    language: PageLanguage, context: CurrentContext, fields: Fields, minute: CurrentMinute
) -> RedirectResponse:
    """Answer whether the form opens a case, without saying what of it is wrong."""
    answer = Answer.OPENS
    if not stamps.is_fresh(context.seals, fields.get("stamp", ""), minute):
        answer = Answer.LATE
    else:
        try:
            number, key = fields.get("case", ""), fields.get("access_key", "")
            authenticate.owner_of_form(context, number, key)
        except Unauthenticated:
            answer = Answer.WRONG
    return to_frame(f"/{language.tag}/checked/{answer}")


@router.get("/checked/{answer}")
def show(
    language: PageLanguage,
    pages: CurrentPages,
    context: CurrentContext,
    minute: CurrentMinute,
    answer: str,
) -> HTMLResponse:
    """Show the answer, with a new stamp as on every sign-in page. Raises NotFound."""
    if answer not in set(Answer):
        raise NotFound
    stamp = stamps.new(context.seals, minute)
    return pages.render(language, "owner/checked", kind=Kind.ANSWER, answer=answer, stamp=stamp)
