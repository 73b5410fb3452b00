"""The pages that only inform. They work without any script."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from service.domain.case import UNDO_DAYS
from service.domain.errors import NotFound
from service.edge.dependencies import Today
from service.web import headers, languages
from service.web.forms import Fields
from service.web.headers import Kind
from service.web.languages import Language
from service.web.pages import CurrentPages, PageLanguage, PageRoute, Pages
from service.web.site import support
from service.web.site.support import Service, SupportServices

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/")
def enter(request: Request, pages: CurrentPages) -> RedirectResponse:
    """Redirect to the start page in the language that the browser asks for."""
    accepted = request.headers.get("Accept-Language", "")
    language = languages.preferred(pages.languages, accepted)
    return RedirectResponse(f"/{language.tag}/", 303, headers=headers.of(Kind.PAGE))


@router.get("/{language:tag}/")
def start(
    language: PageLanguage, pages: CurrentPages, services: SupportServices, today: Today
) -> HTMLResponse:
    """Show who runs the service, what it can do, and what not."""
    helpline = support.helpline_in(services, pages.operator.country)
    return pages.render(language, "site/start", helpline=helpline, today=today)


@router.get("/{language:tag}/leaving")
def leaving(language: PageLanguage, pages: CurrentPages) -> HTMLResponse:
    """Show how to leave quickly, before the first question (GOV.UK, Exit a page quickly)."""
    return pages.render(language, "site/leaving")


@router.get("/{language:tag}/safety")
def safety(language: PageLanguage, pages: CurrentPages) -> HTMLResponse:
    """Show which traces a device keeps, and how to remove them."""
    return pages.render(language, "site/safety", days=UNDO_DAYS)


@router.get("/{language:tag}/about")
def about(language: PageLanguage, pages: CurrentPages) -> HTMLResponse:
    """Show how it works, what is stored, and how to check that."""
    return pages.render(language, "site/about", days=UNDO_DAYS)


@router.get("/{language:tag}/next")
def next_steps(
    language: PageLanguage, pages: CurrentPages, services: SupportServices, today: Today
) -> HTMLResponse:
    """Show what else helps, and who."""
    return _next_steps(pages, services, language, "", today)


@router.post("/{language:tag}/next")
def next_steps_in_country(
    language: PageLanguage,
    pages: CurrentPages,
    services: SupportServices,
    fields: Fields,
    today: Today,
) -> HTMLResponse:
    """Show the same for a country, which is posted so that it is not in the browser's history."""
    country = language.known_country(fields.get("country", ""))
    return _next_steps(pages, services, language, country, today)


def _next_steps(
    pages: Pages, services: tuple[Service, ...], language: Language, country: str, today: date
) -> HTMLResponse:
    nearby, anywhere = support.in_country_and_worldwide(services, support.ADULTS, country)
    return pages.render(
        language,
        "site/next",
        nearby=nearby,
        anywhere=anywhere,
        today=today,
        country=country,
        countries=support.country_names(services, language),
    )


@router.get("/{language:tag}")
def without_slash(language: PageLanguage) -> RedirectResponse:
    """Redirect to the start page."""
    return RedirectResponse(f"/{language.tag}/", 303, headers=headers.of(Kind.PAGE))


@router.get("/{language:tag}/{rest:path}")
def unknown(language: PageLanguage, rest: str) -> HTMLResponse:
    """Answer for every other address. Raises NotFound."""
    del language, rest
    raise NotFound
