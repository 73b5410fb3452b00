"""What waits for a person, for leads whom the operator lets review: without content or case."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.domain import reviewing
from service.domain.case import EntryStatus
from service.domain.errors import InvalidRequest, NotFound
from service.domain.reviewing import SMALLEST_MATCHES, Decision
from service.web.desk.visitors import MemberVisit, PostedBySignedIn, SignedIn
from service.web.forms import MemberFields
from service.web.headers import Kind
from service.web.pages import PageRoute
from service.workflows import review

router = APIRouter(
    prefix="/{language:tag}/desk/review", include_in_schema=False, route_class=PageRoute
)
MAX_DIGITS = 18


@router.get("")
def show(visit: SignedIn, request: Request) -> Response:
    """Show what waits, oldest first."""
    asked = request.query_params
    done = asked.get("done", "")
    return _list(
        visit,
        after=_number(asked.get("after", "0")),
        done=done if done in set(Decision) else "",
    )


@router.get("/{entry}")
def show_one(visit: SignedIn, entry: str) -> Response:
    """Show all that a reviewer may know of one entry, and ask for a decision."""
    return _one(visit, _number(entry))


@router.post("/{entry}")
def decide(visit: PostedBySignedIn, entry: str, fields: MemberFields) -> Response:
    """Decide; or say what somebody else has decided before."""
    number, member = _number(entry), visit.session.member
    try:
        wanted = reviewing.parse(fields.get("decision", ""), fields.get("why", ""))
    except InvalidRequest:
        return _one(visit, number, fault=True)
    if fields.get("sure") != "yes":
        return _one(visit, number, fault=True)
    before = review.decide(visit.context, member, number, wanted, visit.now)
    if before is not None:
        return _list(visit, before=before, number=number)
    return visit.to(f"/review?done={wanted[0]}")


def _number(untrusted: str) -> int:
    """Return the number of an entry. Raises NotFound."""
    if not untrusted.isascii() or not untrusted.isdigit() or len(untrusted) > MAX_DIGITS:
        raise NotFound
    return int(untrusted)


def _one(visit: MemberVisit, number: int, *, fault: bool = False) -> Response:
    member = visit.session.member
    return visit.pages.render(
        visit.language,
        "desk/review_one",
        kind=Kind.DESK,
        status=422 if fault else 200,
        form=visit.form,
        member=member,
        one=review.seen(visit.context, member, number, visit.now.day),
        reasons=reviewing.REASONS,
        smallest=SMALLEST_MATCHES,
        fault=fault,
    )


def _list(
    visit: MemberVisit,
    *,
    after: int = 0,
    done: str = "",
    before: EntryStatus | None = None,
    number: int = 0,
) -> Response:
    member = visit.session.member
    return visit.pages.render(
        visit.language,
        "desk/review",
        kind=Kind.DESK,
        status=200 if before is None else 409,
        form=visit.form,
        member=member,
        listed=review.listed(visit.context, member, visit.now.day, after=after),
        after=after,
        done=done,
        before=before,
        number=number,
    )
