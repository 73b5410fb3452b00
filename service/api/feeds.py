"""The private feed of a case. Whoever has its address reads it, and nobody guesses one."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Request, Response

from service.domain.errors import NotFound
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentContext
from service.edge.document import StrictRoute
from service.edge.problems import responses
from service.edge.sources import source_of
from service.transports.atom import MEDIA_TYPE
from service.workflows import feed

router = APIRouter(tags=["feed"], route_class=StrictRoute)


class AtomResponse(Response):
    """A feed."""

    media_type = MEDIA_TYPE


@router.get(
    "/feed/{token}",
    response_class=AtomResponse,
    responses={304: {"description": "Nothing has changed"}, **responses(NotFound)},
)
def read_feed(
    token: str, request: Request, context: CurrentContext, budgets: CurrentBudgets
) -> Response:
    """Read the days on which there was news for a case. That it is read confirms the channel."""
    try:
        document = feed.read(context, token)
    except NotFound:
        source = source_of(request)
        budgets.require_guesses(source)
        budgets.count_failure(source)
        raise
    tag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
    if tag in request.headers.get("If-None-Match", ""):
        return AtomResponse(status_code=304, headers={"ETag": tag})
    return AtomResponse(document, headers={"ETag": tag})
