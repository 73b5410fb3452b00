"""An owner begins with an organisation that gave her a link: what it would see, before anything.

The code is behind the link's `#`, so no server or log is told it, and the page's script takes it
out of the address at once. It may as well be typed.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.domain.errors import Unauthenticated
from service.domain.grant import parse_grant_code, shown_code
from service.edge.dependencies import CurrentContext, Today
from service.web.forms import Fields
from service.web.pages import CurrentPages, PageLanguage, PageRoute
from service.workflows import intake_links

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)


@router.get("/together")
def ask(language: PageLanguage, pages: CurrentPages) -> HTMLResponse:
    """Ask for the code of the link."""
    return pages.render(language, "site/together", script="together", failed=False)


@router.post("/together")
def show(
    language: PageLanguage,
    pages: CurrentPages,
    context: CurrentContext,
    fields: Fields,
    today: Today,
) -> HTMLResponse:
    """Say in plain words who would see the case, and what of it; nothing is used up yet."""
    code = shown_code(parse_grant_code(fields.get("intake_code", "")))
    try:
        offered = intake_links.offered(context, code, today)
    except Unauthenticated:
        return pages.render(language, "site/together", script="together", failed=True, status=401)
    return pages.render(language, "site/accept", offered=offered, code=code)
