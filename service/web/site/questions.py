"""The eligibility questions: is this service the right one? Every answer leads to some help.

If someone was under 18, or may have been, the next page names those who may help by law. Whoever
asks for somebody else, or about something else, is shown what helps in that case.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.domain.errors import InvalidRequest
from service.edge.opening import CurrentOpening
from service.web import hashing_page
from service.web.forms import INVALID, Fields
from service.web.languages import Language
from service.web.pages import CurrentPages, PageLanguage, PageRoute, Pages
from service.web.site import support
from service.web.site.support import Service, SupportServices

CHOICES = {
    "subject": ("self", "authorised", "other"),
    "age": ("adults", "minors", "unsure"),
    "consent": ("without", "other"),
}
"""The answers to each question, except that of the country."""


class Way(StrEnum):
    """The page that the answers lead to."""

    FILES = "files"
    MINORS = "minors"
    SOMEBODY = "somebody"
    ELSEWHERE = "elsewhere"


router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)


@router.get("/questions")
def ask(language: PageLanguage, pages: CurrentPages, services: SupportServices) -> HTMLResponse:
    """Show the questions."""
    return _questions(pages, services, language, {}, missing=[])


@router.post("/questions")
def answer(
    language: PageLanguage,
    pages: CurrentPages,
    services: SupportServices,
    opening: CurrentOpening,
    fields: Fields,
) -> HTMLResponse:
    """Show the page that the answers lead to, or ask again for those that are missing."""
    missing = [name for name in CHOICES if name not in fields]
    if any(fields[name] not in CHOICES[name] for name in CHOICES if name in fields):
        raise InvalidRequest(INVALID)
    if missing and fields.get("age") in {None, "adults"}:
        return _questions(pages, services, language, fields, missing=missing)
    country = language.known_country(fields.get("country", ""))
    way = way_of(fields)
    if way is Way.FILES:
        return hashing_page.for_new_case(
            pages, language, subject=fields["subject"], price=opening.price
        )
    audience = support.MINORS if way is Way.MINORS else support.ADULTS
    nearby, anywhere = support.in_country_and_worldwide(services, audience, country)
    return pages.render(language, f"site/{way}", nearby=nearby, anywhere=anywhere, country=country)


def way_of(answers: Mapping[str, str]) -> Way:
    """Return where answers lead. "Unsure" counts as under 18: those services help either way."""
    if answers["age"] != "adults":
        return Way.MINORS
    if answers["subject"] == "other":
        return Way.SOMEBODY
    if answers["consent"] != "without":
        return Way.ELSEWHERE
    return Way.FILES


def _questions(
    pages: Pages,
    services: tuple[Service, ...],
    language: Language,
    answers: Mapping[str, str],
    *,
    missing: list[str],
) -> HTMLResponse:
    return pages.render(
        language,
        "site/questions",
        status=422 if missing else 200,
        answers=answers,
        missing=missing,
        countries=support.country_names(services, language),
    )
