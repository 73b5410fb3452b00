"""The forms of the hashing page: a submission, or more entries of a case.

Their answers are loaded into a frame of that page.
"""

from __future__ import annotations

from json import JSONDecodeError
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from service.domain.errors import Conflict, InvalidRequest
from service.edge import document
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentContext, Today
from service.edge.incoming import StrictIn
from service.edge.submission import MoreIn, SubmissionIn
from service.web.forms import INVALID, Document
from service.web.headers import Kind
from service.web.languages import Language
from service.web.owner import stamps
from service.web.owner.stamps import CurrentMinute
from service.web.pages import CurrentPages, PageLanguage, PageRoute, Pages
from service.workflows import authenticate, intake
from service.workflows.intake import NewCase

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)
Model = TypeVar("Model", bound=StrictIn)


def _submitted_case(untrusted: Document, budgets: CurrentBudgets) -> NewCase:
    new_case = _parsed(SubmissionIn, untrusted).new_case()
    budgets.charge_case(new_case.entries)
    return new_case


SubmittedCase = Annotated[NewCase, Depends(_submitted_case)]


@router.post("/sent")
def submit(
    language: PageLanguage,
    pages: CurrentPages,
    context: CurrentContext,
    today: Today,
    minute: CurrentMinute,
    new_case: SubmittedCase,
) -> HTMLResponse:
    """Open a case. The same submission again opens no second one and returns the same number.

    Other content with the same key opens none either, and returns the number of the first case.
    """
    outcome = "opened"
    try:
        number, _ = intake.open_case(context, new_case, today)
    except Conflict:  # an earlier answer was lost in transit, and files were changed since
        outcome, number = "before", authenticate.number(context, new_case.access_key.hex())
    stamp = stamps.new(context.seals, minute)
    return _received(pages, language, outcome, number=number, stamp=stamp)


@router.post("/more/sent")
def add(
    language: PageLanguage,
    pages: CurrentPages,
    context: CurrentContext,
    today: Today,
    minute: CurrentMinute,
    untrusted: Document,
) -> HTMLResponse:
    """Add entries to a case. Those that it already has are skipped."""
    more = _parsed(MoreIn, untrusted)
    owner = authenticate.owner(context, more.case, more.access_key)
    entries = [entry.value() for entry in more.entries]
    count = intake.add_entries(context, owner, entries, today)
    stamp = stamps.new(context.seals, minute)
    return _received(pages, language, "added", number=owner.case_number, stamp=stamp, added=count)


def _received(
    pages: Pages, language: Language, outcome: str, *, number: str, stamp: str, added: int = 0
) -> HTMLResponse:
    return pages.render(
        language,
        "owner/sent",
        kind=Kind.ANSWER,
        outcome=outcome,
        number=number,
        stamp=stamp,
        added=added,
    )


def _parsed(model: type[Model], untrusted: bytes) -> Model:
    try:
        return document.validated(model, untrusted)
    except (JSONDecodeError, ValidationError) as err:
        raise InvalidRequest(INVALID) from err
