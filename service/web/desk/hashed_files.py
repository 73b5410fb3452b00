"""Files on the desk: hashed in the advocate's browser, then checked, or added to a case."""

from __future__ import annotations

from json import JSONDecodeError

from fastapi import APIRouter, Response
from pydantic import ValidationError

from hashing.signals import ContentSignals
from service.domain.advocacy import require_reader
from service.domain.errors import CaseFull, InvalidRequest, TooLarge
from service.domain.grant import GrantScope
from service.edge import document
from service.edge.budgets import CurrentBudgets
from service.edge.submission import EntriesIn
from service.web.desk.case_page import Reference
from service.web.desk.visitors import MemberVisit, PostedBySignedIn, SignedIn
from service.web.forms import INVALID, MemberFields
from service.web.headers import Kind
from service.web.pages import PageRoute
from service.workflows import case_acts, checking_now

router = APIRouter(prefix="/{language:tag}/desk", include_in_schema=False, route_class=PageRoute)


@router.get("/check")
def ask_for_file(visit: SignedIn) -> Response:
    """Ask for a file that is compared with the cases which were granted to her."""
    require_reader(visit.session.member)
    return _page(visit)


@router.post("/check")
def check(visit: PostedBySignedIn, fields: MemberFields, budgets: CurrentBudgets) -> Response:
    """Say of each of these cases whether the file belongs to it, and nothing about others."""
    member = visit.session.member
    require_reader(member)
    contents = _contents(fields)
    if len(contents) != 1:
        raise InvalidRequest(INVALID)
    budgets.charge_check(member.id)
    checked = checking_now.check(visit.context, member, contents[0], visit.now)
    return visit.pages.render(
        visit.language,
        "desk/checked",
        kind=Kind.DESK,
        form=visit.form,
        member=member,
        checked=checked,
    )


@router.get("/cases/{reference}/files")
def ask_for_files(visit: SignedIn, reference: Reference) -> Response:
    """Ask for files that are added to a case."""
    given = visit.session.member, reference, visit.now
    case_acts.require(visit.context, *given, GrantScope.ADD)
    return _page(visit, reference=reference)


@router.post("/cases/{reference}/files")
def add(
    visit: PostedBySignedIn, reference: Reference, fields: MemberFields, budgets: CurrentBudgets
) -> Response:
    """Add files to a case."""
    given = visit.session.member, reference
    case = case_acts.require(visit.context, *given, visit.now, GrantScope.ADD)
    contents = _contents(fields)
    budgets.charge_addition(case.case_id, contents)
    try:
        case_acts.add_files(visit.context, *given, contents, visit.now)
    except CaseFull:
        return _page(visit, reference=reference, full=True)
    return visit.to(f"/cases/{reference}")


def _contents(fields: dict[str, str]) -> list[ContentSignals]:
    try:
        read = document.validated(EntriesIn, fields.get("document", "").encode())
    except (JSONDecodeError, ValidationError, TooLarge) as err:
        raise InvalidRequest(INVALID) from err
    return [one.value() for one in read.entries]


def _page(visit: MemberVisit, *, reference: str = "", full: bool = False) -> Response:
    return visit.pages.render(
        visit.language,
        "desk/hash",
        kind=Kind.FILES,
        script="desk_files",
        status=422 if full else 200,
        form=visit.form,
        member=visit.session.member,
        reference=reference,
        full=full,
    )
