"""An owner lets an organisation see the case, and ends that; a member redeems an owner's code."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from service.domain.actor import Owner
from service.domain.advocacy import require_reader
from service.domain.audit import Audited
from service.domain.case import refusal
from service.domain.errors import GrantsFull, NotFound, Unauthenticated
from service.domain.grant import (
    KEPT_DAYS,
    MAX_OF_CASE,
    Grant,
    Terms,
    new_grant_code,
    parse_grant_code,
    shown_code,
)
from service.domain.member import Member
from service.domain.watch import Clock
from service.store import cases, grants
from service.workflows.recording import case as of_case_object
from service.workflows.recording import record
from service.workflows.store_context import StoreContext, Today
from service.workflows.targets import new_token

PRUNED_AT_ONCE = 500
"""Grants and links deleted in one transaction, of each."""
_REFERENCE_LENGTH = 16


class Offered(NamedTuple):
    """A new grant and its code, which is shown once. Hidden from `repr`."""

    grant: Grant
    code: str

    def __repr__(self) -> str:
        return f"Offered({self.grant.n})"


def offer(context: StoreContext, owner: Owner, terms: Terms, now: Today) -> Offered:
    """Make a code by which one organisation may see the case. Raises Withdrawn or GrantsFull."""
    code = new_grant_code()
    with context.database.write() as tx:
        case = cases.lock(tx, owner.case_id)
        if case.withdrawn_on:
            raise refusal(case.erase_on)
        live = [one for one in grants.of_case(tx, case.id) if one.is_live(now)]
        if len(live) >= MAX_OF_CASE:
            raise GrantsFull
        n = grants.offer(tx, case.id, context.seals.grant_hash(code), terms, now)
        made = next(one for one in grants.of_case(tx, case.id) if one.n == n)
    return Offered(made, shown_code(code))


def of_case(context: StoreContext, owner: Owner) -> list[Grant]:
    """Return the grants of a case, the newest first."""
    with context.database.read() as tx:
        return grants.of_case(tx, owner.case_id)


def revoke(context: StoreContext, owner: Owner, n: int, now: Today) -> None:
    """End a grant, from the next request of anybody on. Repeating it changes nothing.

    Raises NotFound.
    """
    with context.database.write() as tx:
        cases.lock(tx, owner.case_id)
        known = {one.n for one in grants.of_case(tx, owner.case_id)}
        if n not in known:
            raise NotFound
        grants.end(tx, owner.case_id, n, now)


def redeem(context: StoreContext, member: Member, untrusted_code: str, now: Clock) -> str:
    """Use up an owner's code; return the reference of the case, for the member's organisation.

    Raises Unauthenticated, the same for a code that is wrong, was used, is too old or revoked.
    """
    require_reader(member)
    code_hash = context.seals.grant_hash(parse_grant_code(untrusted_code))
    reference = new_reference()
    with context.database.write() as tx:
        organisation_id = member.organisation_id
        case_id = grants.redeem(tx, code_hash, organisation_id, reference, now.day)
        if case_id is None:
            raise Unauthenticated
        about = of_case_object(case_id)
        record(context, tx, member.at(now), now.day, Audited.GRANT_REDEEMED, about)
    return reference


def new_reference() -> str:
    """Return a name for a case that only one organisation has: 80 bits."""
    return new_token()[:_REFERENCE_LENGTH]


def prune(context: StoreContext, now: Today) -> int:
    """Delete some grants and links that are over; return how many. 0 means that none is left."""
    with context.database.write() as tx:
        return grants.prune(tx, now, now - timedelta(days=KEPT_DAYS), PRUNED_AT_ONCE)
