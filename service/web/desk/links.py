"""Links that an advocate gives to an owner, whose case then opens already granted."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.domain.advocacy import require_reader
from service.domain.errors import GrantsFull, InvalidRequest
from service.domain.grant import GrantScope, terms
from service.edge.budgets import CurrentBudgets
from service.web.desk.visitors import MemberVisit, PostedBySignedIn, SignedIn
from service.web.forms import INVALID, MemberFields
from service.web.headers import Kind
from service.web.pages import PageRoute
from service.workflows import intake_links

router = APIRouter(prefix="/{language:tag}/desk", include_in_schema=False, route_class=PageRoute)
DAYS = (30, 90, 180, 365)


@router.get("/links")
def ask(visit: SignedIn) -> Response:
    """Ask what the organisation would be able to do."""
    require_reader(visit.session.member)
    return _page(visit)


@router.post("/links")
def make(
    visit: PostedBySignedIn, fields: MemberFields, budgets: CurrentBudgets, request: Request
) -> Response:
    """Make a link, and show it once."""
    member, days = visit.session.member, fields.get("days", "")
    require_reader(member)
    if days not in set(map(str, DAYS)):
        raise InvalidRequest(INVALID)
    wanted = terms((one for one in GrantScope if fields.get(one) == "yes"), int(days))
    budgets.charge_link(member.id)
    try:
        code = intake_links.make(visit.context, member, wanted, visit.now)
    except GrantsFull:
        return _page(visit, full=True)
    origin = visit.context.settings.desk_origin or f"https://{request.url.netloc}"
    return _page(visit, code=code, address=f"{origin}/{visit.language.tag}/together#{code}")


def _page(visit: MemberVisit, *, code: str = "", address: str = "", full: bool = False) -> Response:
    return visit.pages.render(
        visit.language,
        "desk/links",
        kind=Kind.DESK,
        status=422 if full else 200,
        form=visit.form,
        member=visit.session.member,
        scopes=list(GrantScope),
        days=DAYS,
        code=code,
        address=address,
        full=full,
    )
