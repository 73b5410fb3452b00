"""What platforms and crawlers ask, hand in and answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from service.api import wire
from service.domain import errors
from service.domain.actor import Actor
from service.edge import credentials
from service.edge.dependencies import Here, Now
from service.edge.document import StrictRoute
from service.edge.meters import CurrentMeters
from service.edge.problems import responses
from service.workflows import lookup, observe, respond
from service.workflows.lookup import MatchReference
from service.workflows.observe import Claim
from service.workflows.respond import Response

router = APIRouter(prefix="/v1", tags=["platform"], route_class=StrictRoute)

_keyed = responses(errors.Unauthenticated, errors.Forbidden)


@router.post("/lookup", responses=_keyed, response_model_exclude_none=True)
def look_up(
    body: wire.LookupIn,
    actor: Annotated[Actor, Depends(credentials.may_look_up)],
    here: Here,
    now: Now,
    metrics: CurrentMeters,
) -> wire.LookupOut:
    """Ask whether uploads match. A match is itself a sighting, told to the owner by day."""
    answers = lookup.lookup(here, actor, [item.value() for item in body.items], now)
    for answer in answers:
        metrics.looked_up.labels(answer.verdict).inc()
    return wire.LookupOut(
        items=[
            wire.ItemOut(
                verdict=answer.verdict,
                matches=[_told(one) for one in answer.matches],
            )
            for answer in answers
        ]
    )


@router.post("/observations", responses=_keyed)
def hand_in(
    body: wire.ObservationsIn,
    actor: Annotated[Actor, Depends(credentials.may_observe)],
    here: Here,
    now: Now,
) -> wire.ObservedOut:
    """Hand in what was seen where. It is matched with cases now, and with cases opened later."""
    claims = [Claim(one.value(), one.address) for one in body.observations]
    return wire.ObservedOut(kept=observe.observe(here, actor, claims, now))


@router.post(
    "/feedback", responses=responses(errors.Unauthenticated, errors.Forbidden, errors.NotFound)
)
def say(
    body: wire.FeedbackIn,
    actor: Annotated[Actor, Depends(credentials.may_respond)],
    here: Here,
    now: Now,
) -> wire.FeedbackOut:
    """Say what was done about matches. The last word on a reference counts."""
    said = [Response(one.match, one.said) for one in body.feedback]
    respond.respond(here, actor, said, now)
    return wire.FeedbackOut(kept=len(said))


def _told(one: MatchReference) -> wire.MatchOut:
    span = one.span and wire.SpanOut(from_s=one.span.at_ms / 1000, until_s=one.span.until_ms / 1000)
    return wire.MatchOut(match=one.reference, verdict=one.verdict, span=span)
