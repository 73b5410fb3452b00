"""Is this for me? Four questions, and no answer that leads nowhere.

Whoever was under 18, or may have been, is led to those who may help them by law; whoever asks for
somebody else, or about something else, to what helps there.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.domain.errors import InvalidRequest
from service.web.forms import WRONG, Fields
from service.web.headers import Kind
from service.web.languages import Language
from service.web.pages import Here as CurrentPages
from service.web.pages import PageRoute, Site, Spoken
from service.web.site import support

CHOICES = {
    "subject": ("self", "authorised", "other"),
    "age": ("adults", "minors", "unsure"),
    "consent": ("without", "other"),
}
"""What can be answered to each question but that of the country."""


class Way(StrEnum):
    """Where the answers lead."""

    FILES = "files"
    MINORS = "minors"
    SOMEBODY = "somebody"
    ELSEWHERE = "elsewhere"


router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)


@router.get("/questions")
def ask(language: Spoken, here: CurrentPages) -> HTMLResponse:
    """Show the questions."""
    return _questions(here, language, {}, missing=[])


@router.post("/questions")
def answer(language: Spoken, here: CurrentPages, fields: Fields) -> HTMLResponse:
    """Lead on. What was left out is asked again, with the other answers kept."""
    missing = [name for name in CHOICES if name not in fields]
    if any(fields[name] not in CHOICES[name] for name in CHOICES if name in fields):
        raise InvalidRequest(WRONG)
    if missing and fields.get("age") in {None, "adults"}:
        return _questions(here, language, fields, missing=missing)
    country = language.known_country(fields.get("country", ""))
    way = way_of(fields)
    if way is Way.FILES:
        return files(here, language, subject=fields["subject"])
    audience = support.MINORS if way is Way.MINORS else support.ADULTS
    nearby, anywhere = support.here_and_everywhere(here.services, audience, country)
    return here.page(language, f"site/{way}", nearby=nearby, anywhere=anywhere, country=country)


def way_of(answers: Mapping[str, str]) -> Way:
    """Decide. Unsure of the age is led as under 18 is: there they can be helped either way."""
    if answers["age"] != "adults":
        return Way.MINORS
    if answers["subject"] == "other":
        return Way.SOMEBODY
    if answers["consent"] != "without":
        return Way.ELSEWHERE
    return Way.FILES


def files(
    here: Site, language: Language, *, subject: str = "", case: str = "", access_key: str = ""
) -> HTMLResponse:
    """Return the page that hashes: for a new case, or for more entries of one."""
    return here.page(
        language,
        "files",
        kind=Kind.FILES,
        script="files",
        subject=subject,
        case=case,
        access_key=access_key,
    )


def _questions(
    here: Site, language: Language, answers: Mapping[str, str], *, missing: list[str]
) -> HTMLResponse:
    return here.page(
        language,
        "site/questions",
        status=422 if missing else 200,
        answers=answers,
        missing=missing,
        countries=named_countries(here, language),
    )


def named_countries(here: Site, language: Language) -> list[tuple[str, str]]:
    """Return (code, name) of every country that the data knows, as this language sorts them."""
    named = [(code, language.country(code)) for code in support.countries(here.services)]
    return sorted(named, key=lambda pair: pair[1].casefold())
