"""What the page that hashes posts: a submission, or more entries. The answer goes to its frame."""

from __future__ import annotations

from json import JSONDecodeError
from typing import TypeVar

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ValidationError

from service.domain.errors import Conflict, InvalidRequest
from service.edge import document
from service.edge.dependencies import CurrentContext, Today
from service.edge.submission import MoreIn, SubmissionIn
from service.web.forms import WRONG, Document
from service.web.headers import Kind
from service.web.languages import Language
from service.web.owner import stamps
from service.web.owner.stamps import Minute
from service.web.pages import Here as CurrentPages
from service.web.pages import PageRoute, Site, Spoken
from service.workflows import authenticate, intake

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)
Model = TypeVar("Model", bound=BaseModel)


@router.post("/sent")
def sent(
    language: Spoken,
    pages: CurrentPages,
    here: CurrentContext,
    now: Today,
    minute: Minute,
    untrusted: Document,
) -> HTMLResponse:
    """Open a case. The same submission again gives the same number, and opens nothing.

    Another one with the same key opens nothing either, and is told the number of the first.
    """
    new = _parsed(SubmissionIn, untrusted).new_case()
    answer = "opened"
    try:
        number, _ = intake.open_case(here, new, now)
    except Conflict:  # the answer to an earlier try was lost on its way, and files were changed
        answer, number = "before", authenticate.number(here, new.access_key.hex())
    stamp = stamps.new(here.seals, minute)
    return _received(pages, language, answer, number=number, stamp=stamp)


@router.post("/more/sent")
def added(
    language: Spoken,
    pages: CurrentPages,
    here: CurrentContext,
    now: Today,
    minute: Minute,
    untrusted: Document,
) -> HTMLResponse:
    """Add entries to a case. What it has already is passed over."""
    given = _parsed(MoreIn, untrusted)
    owner = authenticate.owner(here, given.case, given.access_key)
    entries = [entry.value() for entry in given.entries]
    count = intake.add_entries(here, owner, entries, now)
    stamp = stamps.new(here.seals, minute)
    return _received(pages, language, "added", number=owner.case_number, stamp=stamp, added=count)


def _received(
    pages: Site, language: Language, answer: str, *, number: str, stamp: str, added: int = 0
) -> HTMLResponse:
    return pages.page(
        language,
        "owner/sent",
        kind=Kind.ANSWER,
        answer=answer,
        number=number,
        stamp=stamp,
        added=added,
    )


def _parsed(model: type[Model], untrusted: bytes) -> Model:
    try:
        return model.model_validate(document.parse(untrusted))
    except (JSONDecodeError, ValidationError) as err:
        raise InvalidRequest(WRONG) from err
