"""The first page of the desk."""

from __future__ import annotations

from fastapi import APIRouter, Response

from service.web.desk.visitors import SignedIn
from service.web.headers import Kind
from service.web.pages import PageRoute

router = APIRouter(prefix="/{language:tag}/desk", include_in_schema=False, route_class=PageRoute)


@router.get("")
def show(visit: SignedIn) -> Response:
    """Show the cases that were granted to her: none yet."""
    return visit.pages.render(
        visit.language,
        "desk/board",
        kind=Kind.DESK,
        form=visit.form,
        member=visit.session.member,
    )
