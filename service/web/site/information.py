"""The pages that only tell: they work without any script."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain.case import UNDO_DAYS
from service.domain.errors import NotFound
from service.web import headers, languages
from service.web.forms import Fields
from service.web.headers import Kind
from service.web.languages import Language
from service.web.pages import Here as CurrentPages
from service.web.pages import PageRoute, Site, Spoken
from service.web.site import support
from service.web.site.questions import named_countries

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/")
def enter(request: Request, here: CurrentPages) -> RedirectResponse:
    """Lead to the language that the browser asks for."""
    accepted = request.headers.get("Accept-Language", "")
    language = languages.preferred(here.languages, accepted)
    return RedirectResponse(f"/{language.tag}/", 303, headers=headers.of(Kind.PAGE))


@router.get("/{language:tag}/")
def start(language: Spoken, here: CurrentPages) -> HTMLResponse:
    """What it can do, and what not."""
    return here.page(language, "site/start")


@router.get("/{language:tag}/leaving")
def leaving(language: Spoken, here: CurrentPages) -> HTMLResponse:
    """How to leave in a hurry: shown before the first question (GOV.UK, Exit a page quickly)."""
    return here.page(language, "site/leaving")


@router.get("/{language:tag}/safety")
def safety(language: Spoken, here: CurrentPages) -> HTMLResponse:
    """What a device keeps, and how to remove it."""
    return here.page(language, "site/safety", days=UNDO_DAYS)


@router.get("/{language:tag}/about")
def about(language: Spoken, here: CurrentPages) -> HTMLResponse:
    """How it works, what is stored, how to check it."""
    return here.page(language, "site/about", days=UNDO_DAYS)


@router.get("/{language:tag}/next")
def next_steps(language: Spoken, here: CurrentPages) -> HTMLResponse:
    """What else helps, and who."""
    return _next_steps(here, language, "")


@router.post("/{language:tag}/next")
def next_steps_in(language: Spoken, here: CurrentPages, fields: Fields) -> HTMLResponse:
    """The same, for a country: posted, so that the history does not have it."""
    return _next_steps(here, language, language.known_country(fields.get("country", "")))


def _next_steps(here: Site, language: Language, country: str) -> HTMLResponse:
    nearby, anywhere = support.here_and_everywhere(here.services, support.ADULTS, country)
    return here.page(
        language,
        "site/next",
        nearby=nearby,
        anywhere=anywhere,
        country=country,
        countries=named_countries(here, language),
    )


@router.get("/{language:tag}")
def slashed(language: Spoken) -> RedirectResponse:
    """Lead to the start."""
    return RedirectResponse(f"/{language.tag}/", 303, headers=headers.of(Kind.PAGE))


@router.get("/{language:tag}/{rest:path}")
def nothing(language: Spoken, rest: str) -> HTMLResponse:
    """There is no such page. Raises NotFound."""
    del language, rest
    raise NotFound
