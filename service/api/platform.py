"""Routes for platforms and crawlers: lookups, observations, feedback."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends

from hashing.signals import ContentSignals
from service.api import wire
from service.domain import errors
from service.domain.actor import Actor
from service.edge import credentials
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentContext, Today
from service.edge.direct import DirectRoute
from service.edge.meters import CurrentMeters
from service.edge.problems import responses
from service.search import queries
from service.workflows import lookup, observe, respond
from service.workflows.lookup import MatchReference
from service.workflows.observe import Claim, LeasedVisit
from service.workflows.respond import Response

router = APIRouter(prefix="/v1", tags=["platform"], route_class=DirectRoute)

_keyed = responses(errors.Unauthenticated, errors.Forbidden)
# A route has a `name` where its function was renamed: clients are generated from operation ids.


@router.post("/lookup", responses=_keyed, response_model_exclude_none=True)
def look_up(
    body: wire.LookupIn,
    actor: Annotated[Actor, Depends(credentials.may_look_up)],
    context: CurrentContext,
    today: Today,
    meters: CurrentMeters,
    budgets: CurrentBudgets,
) -> wire.LookupOut:
    """Ask whether uploads match. A match is itself a sighting, told to the owner by day."""
    items = [item.value() for item in body.items]
    budgets.charge_values(actor.id, queries.size(items))
    answers = lookup.lookup(context, actor, items, today)
    for verdict, number in Counter(answer.verdict for answer in answers).items():
        meters.looked_up.labels(verdict).inc(number)
    return wire.LookupOut(
        items=[
            wire.ItemOut(
                verdict=answer.verdict,
                matches=[_match(match) for match in answer.matches],
            )
            for answer in answers
        ]
    )


@router.post(
    "/observations",
    responses=responses(errors.Unauthenticated, errors.Forbidden, errors.Conflict),
    name="hand_in",
)
def submit_observations(
    body: wire.ObservationsIn,
    actor: Annotated[Actor, Depends(credentials.may_observe)],
    context: CurrentContext,
    today: Today,
    budgets: CurrentBudgets,
) -> wire.ObservedOut:
    """Hand in what was seen where. It is matched with cases now, and with cases opened later."""
    claims = [_claim(claim) for claim in body.observations]
    budgets.charge_observations(actor.id, [claim.content for claim in claims])
    return wire.ObservedOut(kept=observe.observe(context, actor, claims, today))


@router.post(
    "/feedback",
    responses=responses(errors.Unauthenticated, errors.Forbidden, errors.NotFound),
    name="say",
)
def submit_feedback(
    body: wire.FeedbackIn,
    actor: Annotated[Actor, Depends(credentials.may_respond)],
    context: CurrentContext,
    today: Today,
) -> wire.FeedbackOut:
    """Say what was done about matches. The last word on a reference counts."""
    feedback = [Response(response.match, response.outcome) for response in body.feedback]
    respond.respond(context, actor, feedback, today)
    return wire.FeedbackOut(kept=len(feedback))


def _claim(claim: wire.ObservationIn) -> Claim:
    if (claim.watch is None) is not (claim.lease is None):
        raise errors.InvalidRequest("An observation of a visit has both its watch and its lease.")
    leased = LeasedVisit(claim.watch, claim.lease) if claim.watch and claim.lease else None
    content = claim.value()
    if claim.declared and (claim.frames or claim.views or _is_perceptual(content)):
        raise errors.InvalidRequest("What a site has declared is md5 or sha256 alone.")
    return Claim(content, claim.address, leased, claim.declared)


def _is_perceptual(content: ContentSignals) -> bool:
    return any(signal.type.perceptual for signal in content.signals)


def _match(match: MatchReference) -> wire.MatchOut:
    span = match.span and wire.SpanOut(
        from_s=match.span.at_ms / 1000, until_s=match.span.until_ms / 1000
    )
    return wire.MatchOut(match=match.reference, verdict=match.verdict, span=span)
