"""Links by which an advocate helps an owner to begin: the case opens already granted."""

from __future__ import annotations

from service.domain.advocacy import require_reader
from service.domain.audit import Audited, By, Kind, Of
from service.domain.errors import GrantsFull, Unauthenticated
from service.domain.grant import Offer, Terms, new_grant_code, parse_grant_code, shown_code
from service.domain.member import Member
from service.domain.watch import Clock
from service.store import grants, memberships
from service.store.database import Tx
from service.workflows.granting import new_reference
from service.workflows.recording import Object, record
from service.workflows.recording import case as as_object
from service.workflows.store_context import StoreContext, Today

MAX_OF_ORGANISATION = 100
"""Links of one organisation that are good at a time."""


def make(context: StoreContext, member: Member, terms: Terms, now: Clock) -> str:
    """Make a link that opens one case; return its code. Raises Forbidden or GrantsFull."""
    require_reader(member)
    code = new_grant_code()
    with context.database.write() as tx:
        if grants.links_of(tx, member.organisation_id, now.day) >= MAX_OF_ORGANISATION:
            raise GrantsFull
        grants.make_link(tx, member, context.seals.grant_hash(code), terms, now.day)
        about = Object(Of.ORGANISATION, str(member.organisation_id))
        record(context, tx, member.at(now), now.day, Audited.LINK_MADE, about)
    return shown_code(code)


def offered(context: StoreContext, untrusted_code: str, now: Today) -> Offer:
    """Return who would see a case that is opened with a link, and what of it.

    Raises Unauthenticated, the same for a code that is wrong, was used, or is too old.
    """
    code_hash = context.seals.grant_hash(parse_grant_code(untrusted_code))
    with context.database.read() as tx:
        found = grants.offered_by_link(tx, code_hash, now)
        if found is None or not memberships.is_enabled(tx, found.member_id):
            raise Unauthenticated
    return found


def give(context: StoreContext, tx: Tx, case_id: int, untrusted_code: str, now: Today) -> None:
    """Use up a link: its organisation may see this new case.

    With a code that is good no more nobody may: the owner's case opens all the same.
    """
    code_hash = context.seals.grant_hash(parse_grant_code(untrusted_code))
    found = grants.use_link(tx, code_hash, now)
    if found is None or not memberships.is_enabled(tx, found.member_id):
        return
    grants.give(tx, case_id, found, new_reference(), now)
    by = By(Kind.MEMBER, found.member_id)
    record(context, tx, by, now, Audited.CASE_OPENED_BY_LINK, as_object(case_id))
