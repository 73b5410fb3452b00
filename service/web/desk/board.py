"""The first page of the desk: a member's cases, and the code of an owner that opens one more."""

from __future__ import annotations

from fastapi import APIRouter, Response

from service.domain.advocacy import require_reader
from service.domain.errors import Unauthenticated
from service.domain.member import MemberRole
from service.edge.budgets import CurrentBudgets
from service.web.desk.visitors import MemberVisit, PostedBySignedIn, SignedIn
from service.web.forms import MemberFields
from service.web.headers import Kind
from service.web.pages import PageRoute
from service.workflows import case_reading, granting, review

router = APIRouter(prefix="/{language:tag}/desk", include_in_schema=False, route_class=PageRoute)
MAX_SEARCH = 80


@router.get("")
def show(visit: SignedIn) -> Response:
    """Show the cases that were granted to her; to an observer counts."""
    if visit.session.member.role is MemberRole.OBSERVER:
        return visit.to("/counts")
    return _board(visit)


@router.get("/search")
@router.get("/redeem")
def lead_back(visit: SignedIn) -> Response:
    """Lead to the cases: these addresses only answer forms."""
    return visit.to("")


@router.post("/search")
def search(visit: PostedBySignedIn, fields: MemberFields) -> Response:
    """Show the cases of a number, a tag, or the title of a note of hers."""
    return _board(visit, search=fields.get("search", "")[:MAX_SEARCH])


@router.post("/redeem")
def redeem(visit: PostedBySignedIn, fields: MemberFields, budgets: CurrentBudgets) -> Response:
    """Use up an owner's code, and show the case. Every code that opens nothing looks the same."""
    member = visit.session.member
    require_reader(member)
    budgets.charge_grant_code(member.id)
    try:
        reference = granting.redeem(visit.context, member, fields.get("code", ""), visit.now)
    except Unauthenticated:
        return _board(visit, failed=True)
    return visit.to(f"/cases/{reference}")


@router.get("/counts")
def counts(visit: SignedIn) -> Response:
    """Show counts without persons."""
    member = visit.session.member
    return visit.pages.render(
        visit.language,
        "desk/counts",
        kind=Kind.DESK,
        form=visit.form,
        member=member,
        counts=case_reading.counts(visit.context, member, visit.now.day),
    )


def _board(visit: MemberVisit, *, search: str = "", failed: bool = False) -> Response:
    member = visit.session.member
    return visit.pages.render(
        visit.language,
        "desk/board",
        kind=Kind.DESK,
        status=401 if failed else 200,
        form=visit.form,
        member=member,
        rows=case_reading.my_cases(visit.context, member, visit.now.day, search),
        search=search,
        failed=failed,
        reviews=review.may_review(visit.context, member),
    )
