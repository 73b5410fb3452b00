"""Routes for owners: open, read, extend and withdraw a case."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response, status
from pydantic.json_schema import SkipJsonSchema

from service.api import wire
from service.domain import errors
from service.domain.actor import Owner
from service.edge import credentials
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentContext, Today
from service.edge.document import StrictRoute
from service.edge.opening import CurrentOpening
from service.edge.problems import responses
from service.edge.submission import EntriesIn, LabelIn, SubmissionIn
from service.workflows import auditing, intake, withdraw
from service.workflows import label as label_workflow
from service.workflows import status as status_workflow
from service.workflows.status import CaseStatus, EntryHistory
from service.workflows.withdraw import Withdrawal

router = APIRouter(prefix="/v1", tags=["owner"], route_class=StrictRoute)

ThisOwner = Annotated[Owner, Depends(credentials.owner)]
EntryNumber = Annotated[int, Path(ge=1, le=10_000)]
Erase = Annotated[Literal["now"] | SkipJsonSchema[None], Query()]

NO_SIGHTING = (
    "Nothing was found yet. No match does not mean that it is not online: "
    "only places that take part can look."
)
SIGHTINGS = "Each line is a day on which a place that takes part found this content."


@router.get("/challenge", responses=responses())
def read_challenge(opening: CurrentOpening) -> wire.ChallengeOut:
    """Tell what proof of work opening a case takes now. It may be more when the case is opened."""
    price = opening.price
    return wire.ChallengeOut(challenge=price.challenge, pieces=price.pieces)


@router.post(
    "/cases",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {"description": "This submission had opened a case before", "model": wire.CaseOut},
        **responses(
            errors.Conflict,
            errors.NotEligible,
            errors.Withdrawn,
            errors.WorkNeeded,
            errors.WorkExpired,
        ),
    },
)
def open_case(
    submission: SubmissionIn, opening: CurrentOpening, today: Today, response: Response
) -> wire.CaseOut:
    """Open a case. The same submission again gives the same number, and opens nothing."""
    number, opened = opening.open(submission, today)
    if not opened:
        response.status_code = status.HTTP_200_OK
    return wire.CaseOut(case_number=number)


@router.get("/case", responses=responses(errors.Unauthenticated))
def read_case(
    owner: ThisOwner, context: CurrentContext, today: Today, response: Response
) -> wire.StatusOut:
    """Tell what happened, by entry, platform and day.

    Nothing from before an entry was added, unless an organisation that may see the case has
    confirmed that its owner is who is shown.
    """
    response.headers["Cache-Control"] = "no-store"
    return _status(status_workflow.of_case(context, owner, today))


@router.get("/case/audit", responses=responses(errors.Unauthenticated))
def read_audit(owner: ThisOwner, context: CurrentContext, response: Response) -> wire.AuditOut:
    """Tell who did what with the case, by day, the newest first: not what its owner did."""
    response.headers["Cache-Control"] = "no-store"
    done = auditing.of_case(context, owner)
    return wire.AuditOut(acts=[wire.ActOut.model_validate(one._asdict()) for one in done])


@router.post(
    "/case/entries",
    responses=responses(errors.Unauthenticated, errors.Withdrawn, errors.CaseFull),
)
def add_entries(
    body: EntriesIn,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    today: Today,
) -> wire.AddedOut:
    """Add entries to a case. What it has already is passed over, but for a new label of it."""
    entries = [entry.value() for entry in body.entries]
    budgets.charge_addition(owner.case_id, entries)
    added = intake.add_entries(context, owner, entries, today)
    return wire.AddedOut(added=added.new, held=added.held)


@router.put(
    "/case/entries/{n}/label",
    responses=responses(errors.Unauthenticated, errors.NotFound, errors.Withdrawn),
)
def label_entry(
    n: EntryNumber,
    body: LabelIn,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
) -> wire.LabelledOut:
    """Replace the label of an entry, or take it away. Repeating it changes nothing."""
    budgets.charge_label(owner.case_id)
    label_workflow.label_entry(context, owner, n, body.value())
    return wire.LabelledOut(n=n)


@router.delete("/case", responses=responses(errors.Unauthenticated))
def withdraw_case(
    owner: ThisOwner, context: CurrentContext, today: Today, erase: Erase = None
) -> wire.WithdrawnOut:
    """Withdraw the case. Matching has stopped; before the day `erase_on` it can be undone.

    With `erase=now` the signals are erased at once, for good, also of a case withdrawn before.
    """
    act = withdraw.erase_case if erase else withdraw.withdraw_case
    return _withdrawn(act(context, owner, today))


@router.delete("/case/entries/{n}", responses=responses(errors.Unauthenticated, errors.NotFound))
def withdraw_entry(
    n: EntryNumber, owner: ThisOwner, context: CurrentContext, today: Today, erase: Erase = None
) -> wire.WithdrawnOut:
    """Withdraw one entry, as a case is withdrawn."""
    if erase:
        return _withdrawn(withdraw.erase_entry(context, owner, n))
    return _withdrawn(withdraw.withdraw_entry(context, owner, n, today))


@router.post(
    "/case/undo",
    responses=responses(errors.Unauthenticated, errors.Withdrawn, errors.UndoneTooOften),
)
def undo_case(owner: ThisOwner, context: CurrentContext, today: Today) -> wire.UndoneOut:
    """Undo the withdrawal of the case: what was withdrawn with it is as it was before."""
    return wire.UndoneOut(undone=withdraw.undo_case(context, owner, today))


@router.post(
    "/case/entries/{n}/undo",
    responses=responses(
        errors.Unauthenticated, errors.NotFound, errors.Withdrawn, errors.UndoneTooOften
    ),
)
def undo_entry(
    n: EntryNumber, owner: ThisOwner, context: CurrentContext, today: Today
) -> wire.UndoneOut:
    """Undo the withdrawal of one entry."""
    return wire.UndoneOut(undone=withdraw.undo_entry(context, owner, n, today))


def _withdrawn(withdrawal: Withdrawal) -> wire.WithdrawnOut:
    return wire.WithdrawnOut(withdrawn=withdrawal.entries, erase_on=withdrawal.erase_on)


def _status(case: CaseStatus) -> wire.StatusOut:
    return wire.StatusOut(
        case_number=case.number,
        opened_on=case.opened_on,
        withdrawn_on=case.withdrawn_on,
        erase_on=case.erase_on,
        entries=[_entry(history) for history in case.histories],
        says=SIGHTINGS if case.events else NO_SIGHTING,
    )


def _entry(history: EntryHistory) -> wire.EntryOut:
    entry = history.entry
    return wire.EntryOut(
        n=entry.n,
        kind=entry.kind,
        status=entry.status,
        held=entry.held,
        added_on=entry.added_on,
        erase_on=entry.erase_on,
        sealed_label=entry.sealed_label.hex() if entry.sealed_label else None,
        sightings=[
            wire.SightingOut(
                platform=event.platform,
                seen_on=event.seen_on,
                source=event.source,
                outcome=event.outcome,
            )
            for event in history.events
        ],
    )
