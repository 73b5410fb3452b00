"""Whether a member may see a case now: asked in each act's own transaction."""

from __future__ import annotations

from service.domain.advocacy import HeldCase, is_reference, may_open, require_reader
from service.domain.errors import NotFound
from service.domain.member import Member
from service.store import cases, caseworks, grants
from service.store.caseworks import Casework
from service.store.database import Tx
from service.workflows.store_context import Today


def opened(tx: Tx, member: Member, untrusted_reference: str, now: Today) -> HeldCase:
    """Return a case that a member may see now.

    Raises NotFound, the same whether there is none, or it is not hers, or no longer; and Forbidden
    for whoever may see no case at all.
    """
    require_reader(member)
    if not is_reference(untrusted_reference):
        raise NotFound
    case = grants.held(tx, member.organisation_id, untrusted_reference, now)
    if case is None or not may_open(member, kept_of(tx, member, case).assigned_to):
        raise NotFound
    return case


def locked(tx: Tx, member: Member, untrusted_reference: str, now: Today) -> HeldCase:
    """The same, to act on: until this transaction ends nobody revokes the grant."""
    case = opened(tx, member, untrusted_reference, now)
    cases.lock(tx, case.case_id)
    return opened(tx, member, untrusted_reference, now)


def kept_of(tx: Tx, member: Member, case: HeldCase) -> Casework:
    """Return what the member's organisation keeps about a case."""
    return caseworks.of_case(tx, member.organisation_id, case.case_id)


def all_opened(tx: Tx, member: Member, now: Today) -> list[tuple[HeldCase, Casework]]:
    """Return every case that a member may see now. Raises Forbidden."""
    require_reader(member)
    held = grants.held_by(tx, member.organisation_id, now)
    kept = caseworks.of_cases(tx, member.organisation_id, [one.case_id for one in held])
    with_kept = [(one, kept.get(one.case_id, Casework())) for one in held]
    return [(one, its) for one, its in with_kept if may_open(member, its.assigned_to)]
