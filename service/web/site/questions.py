"""The eligibility questions: is this service the right one? Every answer leads to some help.

If someone was under 18, or may have been, the next page names those who may help by law. Whoever
asks for somebody else, or about something else, is shown what helps in that case.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.domain.errors import InvalidRequest, Unauthenticated
from service.domain.grant import Offer, parse_grant_code, shown_code
from service.edge.dependencies import Today
from service.edge.opening import CurrentOpening, Opening
from service.web import hashing_page
from service.web.forms import INVALID, Fields
from service.web.languages import Language
from service.web.pages import CurrentPages, PageLanguage, PageRoute, Pages
from service.web.site import support
from service.web.site.support import Service, SupportServices
from service.workflows import intake_links

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
    today: Today,
) -> HTMLResponse:
    """Show the page that the answers lead to, or ask again for those that are missing."""
    missing = [name for name in CHOICES if name not in fields]
    code = shown_code(parse_grant_code(fields.get("intake_code", "")))
    if code and missing == list(CHOICES):
        return _questions(pages, services, language, fields, missing=[])
    if any(fields[name] not in CHOICES[name] for name in CHOICES if name in fields):
        raise InvalidRequest(INVALID)
    if missing and fields.get("age") in {None, "adults"}:
        return _questions(pages, services, language, fields, missing=missing)
    country = language.known_country(fields.get("country", ""))
    way = way_of(fields)
    if way is Way.FILES:
        return hashing_page.for_new_case(
            pages,
            language,
            subject=fields["subject"],
            price=opening.price,
            intake_code=code,
            helped_by=_helped_by(opening, code, today),
        )
    audience = support.MINORS if way is Way.MINORS else support.ADULTS
    nearby, anywhere = support.in_country_and_worldwide(services, audience, country)
    return pages.render(
        language,
        f"site/{way}",
        nearby=nearby,
        anywhere=anywhere,
        country=country,
        today=today,
    )


def _helped_by(opening: Opening, code: str, today: date) -> Offer | None:
    """Return who would see the case, None if the code is good no more: then nobody does."""
    if not code:
        return None
    try:
        return intake_links.offered(opening.context, code, today)
    except Unauthenticated:
        return None


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
