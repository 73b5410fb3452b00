"""Routes about grants, for owners: who may see the case."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, FailFast, Field

from service.domain import errors
from service.domain.actor import Owner
from service.domain.grant import (
    DEFAULT_DAYS,
    MAX_DAYS,
    Grant,
    GrantScope,
    GrantState,
    Terms,
    terms,
)
from service.edge import credentials
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentContext, Today
from service.edge.document import StrictRoute
from service.edge.incoming import StrictIn
from service.edge.problems import responses
from service.workflows import granting

router = APIRouter(prefix="/v1", tags=["owner"], route_class=StrictRoute)

ThisOwner = Annotated[Owner, Depends(credentials.owner)]
GrantNumber = Annotated[int, Path(ge=1, le=100_000)]


class GrantIn(StrictIn):
    """What an organisation may do, and for how many days."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"scopes": ["status"], "days": DEFAULT_DAYS}]}
    )

    scopes: Annotated[list[str], Field(max_length=len(GrantScope)), FailFast()]
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = DEFAULT_DAYS

    def value(self) -> Terms:
        """Return it as a plain value. Raises InvalidRequest."""
        return terms(self.scopes, self.days)


class GrantOut(BaseModel):
    """A grant. `organisation` is null until its code was redeemed.

    `code_until_on` and `until_on` are the first days on which the code, and the grant, are good no
    more. `by_link`: the case was opened with it.
    """

    n: int
    organisation: str | None
    state: GrantState
    scopes: list[GrantScope]
    made_on: date
    code_until_on: date
    until_on: date
    held_on: date | None
    ended_on: date | None
    by_link: bool


class NewGrantOut(GrantOut):
    """A new grant, and its code: shown once, good for one organisation, once."""

    code: str = Field(examples=["k7q2-9d4m-x0tz-3bfn"])


class GrantsOut(BaseModel):
    """The grants of a case, the newest first."""

    grants: list[GrantOut]


class RevokedOut(BaseModel):
    """The grant has ended."""


@router.post(
    "/case/grants",
    responses=responses(errors.Unauthenticated, errors.Withdrawn, errors.GrantsFull),
)
def make_grant(
    body: GrantIn,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    today: Today,
    response: Response,
) -> NewGrantOut:
    """Make a code by which one organisation may see the case. It is good for seven days, once."""
    response.headers["Cache-Control"] = "no-store"
    wanted = body.value()
    budgets.charge_grant(owner.case_id)
    made = granting.offer(context, owner, wanted, today)
    return NewGrantOut(**_grant(made.grant, today).model_dump(), code=made.code)


@router.get("/case/grants", responses=responses(errors.Unauthenticated))
def read_grants(
    owner: ThisOwner, context: CurrentContext, today: Today, response: Response
) -> GrantsOut:
    """Tell who may see the case, and who could until lately."""
    response.headers["Cache-Control"] = "no-store"
    return GrantsOut(grants=[_grant(one, today) for one in granting.of_case(context, owner)])


@router.delete("/case/grants/{n}", responses=responses(errors.Unauthenticated, errors.NotFound))
def revoke_grant(
    n: GrantNumber, owner: ThisOwner, context: CurrentContext, today: Today
) -> RevokedOut:
    """Let an organisation see the case no more, from its next request on."""
    granting.revoke(context, owner, n, today)
    return RevokedOut()


def _grant(one: Grant, today: date) -> GrantOut:
    return GrantOut(
        n=one.n,
        organisation=one.organisation,
        state=one.state(today),
        scopes=[scope for scope in GrantScope if scope in one.scopes],
        made_on=one.made_on,
        code_until_on=one.code_until_on,
        until_on=one.until_on,
        held_on=one.held_on,
        ended_on=one.ended_on,
        by_link=one.by_link,
    )
