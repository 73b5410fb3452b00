"""The forms of the hashing page: a submission, or more entries of a case.

Their answers are loaded into a frame of that page, by a redirect (`web.pages.FrameRoute`). What
is told there travels in its address, encrypted: the address itself opens nothing and expires.
"""

from __future__ import annotations

import json
import re
from json import JSONDecodeError
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from service.domain.errors import Conflict, InvalidRequest, NotFound, WorkExpired, WorkNeeded
from service.domain.work import MOST_PIECES
from service.edge import document
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentContext, Today
from service.edge.incoming import StrictIn
from service.edge.opening import CurrentOpening
from service.edge.problems import STATUS
from service.edge.submission import MoreIn, SubmissionIn
from service.web.forms import INVALID, Document
from service.web.headers import Kind
from service.web.languages import Language
from service.web.owner import stamps
from service.web.owner.stamps import CurrentMinute
from service.web.pages import CurrentPages, FrameRoute, PageLanguage, error_page, to_frame
from service.workflows import authenticate, intake
from service.workflows.context import Context
from service.workflows.intake import Added

ANSWER_MINUTES = 3
"""How long an answer can be shown: a browser asks for it at once."""
_MAX_TOKEN = 400
"""Longest address of an answer that is read, in characters; ours have up to 300."""

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=FrameRoute)
Model = TypeVar("Model", bound=StrictIn)
NOTHING_ADDED = Added(0, 0)
_PIECES = re.compile("[0-9]{1,4}")
_WORK = {"Needed": WorkNeeded, "Expired": WorkExpired}


def _submission(untrusted: Document) -> SubmissionIn:
    return _parsed(SubmissionIn, untrusted)


Submission = Annotated[SubmissionIn, Depends(_submission)]


@router.post("/sent")
def submit(
    language: PageLanguage,
    context: CurrentContext,
    today: Today,
    minute: CurrentMinute,
    opening: CurrentOpening,
    submission: Submission,
) -> RedirectResponse:
    """Open a case. The same submission again opens no second one and returns the same number.

    Other content with the same key opens none either, and returns the number of the first case.
    """
    outcome = "opened"
    try:
        number, _ = opening.open(submission, today)
    except WorkNeeded as err:
        return to_frame(f"/{language.tag}/sent/error/{type(err).__name__}/{err.pieces}")
    except Conflict:  # an earlier answer was lost in transit, and files were changed since
        outcome, number = "before", authenticate.number(context, submission.access_key)
    return _received(context, language, minute, outcome=outcome, number=number)


@router.post("/more/sent")
def add(
    language: PageLanguage,
    context: CurrentContext,
    today: Today,
    minute: CurrentMinute,
    budgets: CurrentBudgets,
    untrusted: Document,
) -> RedirectResponse:
    """Add entries to a case. Those that it already has are skipped.

    If the page is too old, none is added: it asks for the words again, and sends again. Hashing
    may have taken so long, and must not have to be repeated.
    """
    more = _parsed(MoreIn, untrusted)
    if not stamps.is_fresh(context.seals, more.stamp, minute):
        return _received(context, language, minute, outcome="late", number="")
    owner = authenticate.owner(context, more.case, more.access_key)
    entries = [entry.value() for entry in more.entries]
    budgets.charge_addition(owner.case_id, entries)
    added = intake.add_entries(context, owner, entries, today)
    return _received(
        context, language, minute, outcome="added", number=owner.case_number, added=added
    )


@router.get("/sent/error/Work{reason}/{pieces}")
def show_price(request: Request, opening: CurrentOpening, reason: str, pieces: str) -> HTMLResponse:
    """Show in the frame how much work is needed; the page does it, and sends again.

    `pieces` are what the process that refused the message needs, which may be another than this.
    """
    error = _WORK.get(reason)
    needed = int(pieces) if _PIECES.fullmatch(pieces) else MOST_PIECES + 1
    if error is None or needed > MOST_PIECES:
        raise NotFound
    status = STATUS[error].value
    return error_page(
        request,
        error.__name__,
        status,
        kind=Kind.ANSWER,
        price=opening.price._replace(pieces=needed),
    )


@router.get("/sent/error/{error}")
def show_error(request: Request, language: PageLanguage, error: str) -> HTMLResponse:
    """Show in the frame why nothing was received. Raises NotFound if there is no such error."""
    del language  # checked only
    statuses = {known.__name__: status.value for known, status in STATUS.items()}
    status = {**statuses, "Forbidden": 403, "ServiceError": 500}.get(error)
    if status is None:
        raise NotFound
    return error_page(request, error, status, kind=Kind.ANSWER)


@router.get("/sent/{token}")
def show_answer(
    language: PageLanguage,
    pages: CurrentPages,
    context: CurrentContext,
    minute: CurrentMinute,
    token: str,
) -> HTMLResponse:
    """Show in the frame what was received. Raises InvalidRequest if it was too long ago."""
    answer = opened_answer(context, token, minute, "outcome")
    stamp = stamps.new(context.seals, minute)
    return pages.render(language, "owner/sent", kind=Kind.ANSWER, stamp=stamp, **answer)


def opened_answer(context: Context, token: str, minute: int, about: str) -> dict[str, Any]:
    """Return what the address of an answer says, which has to be `about` something.

    Raises InvalidRequest if it is too old, is about something else, or is not ours.
    """
    text = context.seals.open_answer(token) if len(token) <= _MAX_TOKEN else None
    answer: dict[str, Any] = json.loads(text) if text else {"minute": 0}
    fresh = -stamps.SKEW <= minute - answer["minute"] < ANSWER_MINUTES
    if not fresh or about not in answer:
        raise InvalidRequest(INVALID)
    return answer


def _received(
    context: Context,
    language: Language,
    minute: int,
    *,
    outcome: str,
    number: str,
    added: Added = NOTHING_ADDED,
) -> RedirectResponse:
    counts = {"added": added.new, "held": added.held}
    answer = {"outcome": outcome, "number": number, **counts, "minute": minute}
    return to_frame(f"/{language.tag}/sent/{context.seals.seal_answer(json.dumps(answer))}")


def _parsed(model: type[Model], untrusted: bytes) -> Model:
    try:
        return document.validated(model, untrusted)
    except (JSONDecodeError, ValidationError) as err:
        raise InvalidRequest(INVALID) from err
