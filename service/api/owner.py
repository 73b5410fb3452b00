"""What an owner's device asks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response, status

from service.api import credentials, wire
from service.api.credentials import Here, Now
from service.api.document import StrictRoute
from service.api.problems import responses
from service.domain import errors
from service.domain.actor import Owner
from service.workflows import intake, withdraw
from service.workflows import status as status_workflow
from service.workflows.intake import NewCase
from service.workflows.status import CaseStatus

router = APIRouter(prefix="/v1", tags=["owner"], route_class=StrictRoute)

ThisOwner = Annotated[Owner, Depends(credentials.owner)]

NO_SIGHTING = (
    "Nothing was found yet. No match does not mean that it is not online: "
    "only places that take part can look."
)
SIGHTINGS = "Each line is a day on which a place that takes part found this content."


@router.post(
    "/cases",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {"description": "This submission had opened a case before", "model": wire.CaseOut},
        **responses(errors.Conflict, errors.NotEligible, errors.Withdrawn),
    },
)
def open_case(
    submission: wire.SubmissionIn, here: Here, now: Now, response: Response
) -> wire.CaseOut:
    """Open a case. The same submission again gives the same number, and opens nothing."""
    if not (submission.eligibility.adults and submission.eligibility.intimate):
        raise errors.NotEligible
    new = NewCase(
        access_key=bytes.fromhex(submission.access_key),
        subject=submission.eligibility.subject,
        note=submission.note,
        entries=tuple(entry.value() for entry in submission.entries),
    )
    number, opened = intake.open_case(here, new, now)
    if not opened:
        response.status_code = status.HTTP_200_OK
    return wire.CaseOut(case_number=number)


@router.get("/case", responses=responses(errors.Unauthenticated))
def read_case(owner: ThisOwner, here: Here, response: Response) -> wire.StatusOut:
    """Tell what happened, by entry, platform and day."""
    response.headers["Cache-Control"] = "no-store"
    return _told(status_workflow.of_case(here, owner))


@router.post(
    "/case/entries",
    responses=responses(errors.Unauthenticated, errors.Withdrawn, errors.CaseFull),
)
def add_entries(body: wire.EntriesIn, owner: ThisOwner, here: Here, now: Now) -> wire.AddedOut:
    """Add entries to a case. What it has already is passed over."""
    entries = [entry.value() for entry in body.entries]
    return wire.AddedOut(added=intake.add_entries(here, owner, entries, now))


@router.delete("/case", responses=responses(errors.Unauthenticated))
def withdraw_case(owner: ThisOwner, here: Here, now: Now) -> wire.WithdrawnOut:
    """Withdraw the case for good. Its signals are erased, and matching has stopped."""
    return wire.WithdrawnOut(withdrawn=withdraw.withdraw_case(here, owner, now))


@router.delete("/case/entries/{n}", responses=responses(errors.Unauthenticated, errors.NotFound))
def withdraw_entry(
    n: Annotated[int, Path(ge=1, le=10_000)], owner: ThisOwner, here: Here
) -> wire.WithdrawnOut:
    """Withdraw one entry for good."""
    return wire.WithdrawnOut(withdrawn=withdraw.withdraw_entry(here, owner, n))


def _told(case: CaseStatus) -> wire.StatusOut:
    entries = [
        wire.EntryOut(
            n=entry.n,
            kind=entry.kind,
            status=entry.status,
            added_on=entry.added_on,
            sightings=[
                wire.SightingOut(
                    platform=event.platform,
                    seen_on=event.seen_on,
                    source=event.source,
                    outcome=event.outcome,
                )
                for event in case.events
                if event.n == entry.n
            ],
        )
        for entry in case.entries
    ]
    return wire.StatusOut(
        case_number=case.number,
        opened_on=case.opened_on,
        withdrawn_on=case.withdrawn_on,
        entries=entries,
        says=SIGHTINGS if case.events else NO_SIGHTING,
    )
