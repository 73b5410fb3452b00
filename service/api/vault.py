"""Routes about evidence, for owners: sealed records and files, and the chain that dates them."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import FileResponse

from service import limits
from service.api import evidence_wire as wire
from service.domain import errors
from service.domain.actor import Owner
from service.domain.evidence import MAX_CHUNK, MAX_CHUNKS, MAX_RECORD, ItemKind
from service.edge import credentials
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentClock, CurrentContext
from service.edge.document import StrictRoute
from service.edge.octets import SENT, OctetRoute, octets, sealed_file
from service.edge.problems import responses
from service.workflows import evidence_arriving, evidence_keeping
from service.workflows.evidence_arriving import Arrival
from service.workflows.evidence_opened import most_bytes

router = APIRouter(prefix="/v1/case/evidence", tags=["owner"], route_class=StrictRoute)
sealed = APIRouter(prefix="/v1/case/evidence", tags=["owner"], route_class=OctetRoute)

ThisOwner = Annotated[Owner, Depends(credentials.owner)]
ItemId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
ChunkNumber = Annotated[int, Path(ge=0, lt=MAX_CHUNKS)]
After = Annotated[int, Query(ge=0, le=10**9)]
_known = responses(errors.Unauthenticated, errors.NotFound)
_read = {
    200: {"description": "The sealed bytes", **SENT},
    **responses(errors.Unauthenticated, errors.NotFound, errors.Withdrawn),
}
_adding = (errors.Unauthenticated, errors.Withdrawn, errors.Conflict, errors.EvidenceFull)


@router.get("", responses=responses(errors.Unauthenticated))
def read_evidence(owner: ThisOwner, context: CurrentContext, after: After = 0) -> wire.EvidenceOut:
    """Return the chain of a case after an entry, some entries at a time, and its time stamps."""
    page = evidence_keeping.page(context, owner, after)
    return wire.EvidenceOut(
        case_number=owner.case_number,
        entries=[wire.EntryOut.of(one) for one in page.entries],
        stamps=[
            wire.StampOut(
                sequence=one.sequence,
                authority=one.authority,
                token=base64.b64encode(one.token).decode(),
            )
            for one in page.stamps
        ],
        more=page.more,
        bytes=page.bytes,
        bytes_allowed=most_bytes(context),
        records=page.records,
        records_allowed=limits.EVIDENCE_RECORDS,
        files=page.files,
        files_allowed=limits.EVIDENCE_FILES,
        takes_files=page.takes_files,
        unfinished=[
            wire.UnfinishedOut(
                id=one.item, size=one.size, received=one.received, until_on=one.until_on
            )
            for one in page.unfinished
        ],
    )


@router.post("/under-18", responses=responses(errors.Unauthenticated, errors.Withdrawn))
def mark_under_18(owner: ThisOwner, context: CurrentContext) -> wire.MarkedOut:
    """Say that somebody shown was under 18, or may have been: no files any more, for good."""
    evidence_keeping.mark_under_18(context, owner)
    return wire.MarkedOut(takes_files=False)


@sealed.put(
    "/records/{id}",
    openapi_extra={"requestBody": {"required": True, **SENT}},
    responses=responses(*_adding),
)
def keep_record(
    id: ItemId,  # noqa: A002 (the name in the path)
    body: octets(MAX_RECORD),  # type: ignore[valid-type]
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
) -> wire.KeptOut:
    """Keep a sealed record. The same bytes again give the same answer."""
    budgets.charge_evidence_act(owner.case_id)
    return wire.KeptOut.of(evidence_keeping.keep_record(context, owner, id, body, now))


@sealed.get("/records/{id}", response_class=FileResponse, responses=_read)
def read_record(
    id: ItemId,  # noqa: A002 (the name in the path)
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
) -> FileResponse:
    """Return a record as it was sealed."""
    path, size = evidence_keeping.record(context, owner, id)
    budgets.charge_evidence_read(owner.case_id, size)
    return sealed_file(path)


@router.delete("/records/{id}", responses=_known)
def remove_record(
    id: ItemId,  # noqa: A002 (the name in the path)
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
) -> wire.RemovedOut:
    """Remove a record. Its bytes are gone, and the chain says so."""
    return _removed(owner, id, ItemKind.RECORD, context, budgets, now)


@router.post("/files", responses=responses(*_adding, errors.NotEligible))
def announce_file(
    body: wire.FileIn,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
) -> wire.ArrivalOut:
    """Let a file come in chunks, or find out how much of it has come."""
    budgets.charge_evidence_act(owner.case_id)
    if body.shows_minor:
        evidence_keeping.mark_under_18(context, owner)
    return _arrival(
        evidence_arriving.announce(context, owner, body.id, body.size, body.chunks, now)
    )


@router.get("/files/{id}", responses=_known)
def read_file(
    id: ItemId,  # noqa: A002 (the name in the path)
    owner: ThisOwner,
    context: CurrentContext,
) -> wire.ArrivalOut:
    """Tell which chunks of a file have come."""
    return _arrival(evidence_arriving.arrival(context, owner, id))


@sealed.put(
    "/files/{id}/chunks/{n}",
    openapi_extra={"requestBody": {"required": True, **SENT}},
    responses=responses(*_adding, errors.NotFound, errors.NotEligible),
)
def put_chunk(
    id: ItemId,  # noqa: A002 (the name in the path)
    n: ChunkNumber,
    body: octets(MAX_CHUNK),  # type: ignore[valid-type]
    owner: ThisOwner,
    context: CurrentContext,
) -> wire.ReceivedOut:
    """Keep a sealed chunk, in any order. When this answers, it is on the disk."""
    evidence_arriving.put_chunk(context, owner, id, n, body)
    return wire.ReceivedOut(n=n)


@router.post(
    "/files/{id}/complete",
    responses=responses(*_adding, errors.NotFound, errors.NotEligible),
)
def complete_file(
    id: ItemId,  # noqa: A002 (the name in the path)
    body: wire.CompleteIn,
    owner: ThisOwner,
    context: CurrentContext,
    now: CurrentClock,
) -> wire.KeptOut:
    """Say that a file is whole, by its root. The same again gives the same answer."""
    root = bytes.fromhex(body.root)
    return wire.KeptOut.of(evidence_arriving.complete(context, owner, id, root, now))


@sealed.get("/files/{id}/chunks/{n}", response_class=FileResponse, responses=_read)
def read_chunk(
    id: ItemId,  # noqa: A002 (the name in the path)
    n: ChunkNumber,
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
) -> FileResponse:
    """Return a chunk as it was sealed."""
    path, size = evidence_arriving.chunk_of_file(context, owner, id, n)
    budgets.charge_evidence_read(owner.case_id, size)
    return sealed_file(path)


@router.delete("/files/{id}", responses=_known)
def remove_file(
    id: ItemId,  # noqa: A002 (the name in the path)
    owner: ThisOwner,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
) -> wire.RemovedOut:
    """Remove a file, or what has come of it. Its bytes are gone, and the chain says so."""
    return _removed(owner, id, ItemKind.FILE, context, budgets, now)


def _removed(
    owner: Owner,
    item: str,
    kind: ItemKind,
    context: CurrentContext,
    budgets: CurrentBudgets,
    now: CurrentClock,
) -> wire.RemovedOut:
    budgets.charge_evidence_act(owner.case_id)
    entry = evidence_keeping.remove(context, owner, item, kind, now)
    return wire.RemovedOut(removed=wire.KeptOut.of(entry) if entry else None)


def _arrival(one: Arrival) -> wire.ArrivalOut:
    return wire.ArrivalOut(
        id=one.item, size=one.size, chunks=one.chunks, received=one.received, state=one.state
    )
