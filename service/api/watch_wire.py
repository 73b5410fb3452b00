"""Models of requests and answers about watches: addresses that crawlers look at."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, StringConstraints
from pydantic.config import JsonDict

from service import limits
from service.api.wire import Token
from service.domain import watch
from service.domain.watch import (
    MAX_ADDRESS,
    MAX_DEPTH,
    MAX_LEASED,
    MAX_MEMORY,
    Outcome,
    Presence,
    Scope,
    Target,
)
from service.edge.incoming import StrictIn

Typed = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ADDRESS)]


_TARGET: JsonDict = {"address": "https://forum.example/threads/12", "scope": "thread"}
_VISIT: JsonDict = {
    "watch": "mfrggzdfmztwq2lknnwg23tp",
    "lease": "nbswy3dpeb3w64tmmqqhi2dj",
    "outcome": "seen",
    "memory": "etag 5f0c",
}


class TargetIn(StrictIn):
    """An address, and how much there is looked at."""

    LIMIT = limits.WATCH
    model_config = ConfigDict(json_schema_extra={"examples": [_TARGET]})

    address: Typed
    scope: Literal["page", "thread", "site"] = "page"
    depth: Annotated[int, Field(ge=0, le=MAX_DEPTH)] = 0

    def value(self, *, loopback: bool) -> Target:
        """Return it as a plain value. Raises InvalidRequest if that is no public address."""
        return watch.target(self.address, Scope(self.scope), self.depth, loopback=loopback)


class WatchIn(TargetIn):
    """What is to be looked at. An address that shows a person under 18 never is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_TARGET, "shows_minor": False}]})

    shows_minor: bool


class ChangeOut(BaseModel):
    """On which day something became different."""

    day: date
    presence: Presence


class WatchOut(BaseModel):
    """An address of a case, and what happened there, by day.

    `trouble`: why the last visit could not tell. `withheld`: nobody looks there.
    """

    n: int
    address: str
    scope: Scope
    depth: int
    asked_on: date
    until_on: date
    withheld: bool
    presence: Presence
    changes: list[ChangeOut]
    looked_on: date | None
    trouble: Outcome | None


class WatchesOut(BaseModel):
    """The addresses of a case."""

    watches: list[WatchOut]


class NothingOut(BaseModel):
    """It is done."""


class LeaseIn(StrictIn):
    """How many watches a crawler takes at most."""

    LIMIT = limits.WATCH
    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 10}]})

    limit: Annotated[int, Field(ge=1, le=MAX_LEASED)]


class LeasedOut(BaseModel):
    """A watch for a while.

    `memory` is what was given at the last visit; null means that everything has to be looked at.
    """

    watch: str = Field(examples=["mfrggzdfmztwq2lknnwg23tp"])
    lease: str = Field(examples=["nbswy3dpeb3w64tmmqqhi2dj"])
    lease_seconds: int
    address: str
    scope: Scope
    depth: int
    memory: str | None


class LeasesOut(BaseModel):
    """Watches that are due."""

    watches: list[LeasedOut]


class HeldIn(StrictIn):
    """A lease that a crawler has."""

    watch: Token
    lease: Token


class RenewIn(StrictIn):
    """Leases of visits that still go on."""

    LIMIT = limits.VISITS
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"leases": [{name: _VISIT[name] for name in ("watch", "lease")}]}]
        }
    )

    leases: Annotated[list[HeldIn], Field(min_length=1, max_length=MAX_LEASED), FailFast()]


class RenewedOut(BaseModel):
    """For how long a lease holds from now on; 0 if the visit is to end, as it does not count."""

    watch: str
    lease_seconds: int


class RenewalsOut(BaseModel):
    """One answer a lease, in their order."""

    leases: list[RenewedOut]


class VisitIn(StrictIn):
    """How a visit ended.

    `memory` is given to whoever visits next; without one, what was there stays.
    """

    watch: Token
    lease: Token
    outcome: Literal["seen", "unchanged", "gone", "moved", "members_only", "refused", "fault"]
    memory: Annotated[str, StringConstraints(max_length=MAX_MEMORY)] | None = None
    moved_to: Typed | None = None


class VisitsIn(StrictIn):
    """How some visits ended. What was seen has been handed in before, with watch and lease."""

    LIMIT = limits.VISITS
    model_config = ConfigDict(json_schema_extra={"examples": [{"visits": [_VISIT]}]})

    visits: Annotated[list[VisitIn], Field(min_length=1, max_length=MAX_LEASED), FailFast()]


class VisitOut(BaseModel):
    """Whether a visit counts: not if its lease is not yours, or another visit has begun since."""

    watch: str
    counts: bool


class VisitsOut(BaseModel):
    """One answer a visit, in their order."""

    visits: list[VisitOut]
