"""A member writes a letter that asks for removal, as the agent of an owner who granted it."""

from __future__ import annotations

from dataclasses import replace

from service.domain.actor import Owner
from service.domain.audit import Audited
from service.domain.errors import InvalidRequest
from service.domain.grant import GrantScope
from service.domain.member import Member
from service.domain.notice import AGENTS
from service.domain.watch import Clock
from service.store.database import Tx
from service.workflows import case_acts, noticing, watching
from service.workflows.context import Context
from service.workflows.noticing import Composed, OwnerNotice, Sent
from service.workflows.opened_case import locked
from service.workflows.recording import case as as_object
from service.workflows.recording import record


def of_case(context: Context, member: Member, reference: str, now: Clock) -> list[OwnerNotice]:
    """Return what became of the letters of a case; what is in them, its owner alone reads."""
    owner = _owner(context, member, reference, now)
    every = noticing.of_case(context, owner, now)
    return [replace(one, written=None, says="", receipt=None) for one in every]


def addresses(context: Context, member: Member, reference: str, now: Clock) -> list[str]:
    """Return the addresses of a case that a letter begins with, if its owner lets them be read."""
    case = case_acts.require(context, member, reference, now, GrantScope.ACT)
    if GrantScope.SIGHTINGS not in case.scopes:
        return []
    watches = watching.of_case(context, Owner(case.case_id, case.case_number))
    return [one.address for one in watches if not one.withheld]


def keep(
    context: Context,
    member: Member,
    reference: str,
    composed: Composed,
    now: Clock,
    *,
    sent_ago: int | None,
) -> None:
    """Keep a letter: for its owner to send; or, of one sent some minutes ago, the clock alone.

    Raises NotFound, NotGranted, NoticeIncomplete, NoticesFull; InvalidRequest unless it says that
    she acts for somebody else, and by what authority.
    """
    if composed.written.filer not in AGENTS:
        raise InvalidRequest("An advocate files for somebody else.")
    owner = _owner(context, member, reference, now)

    def as_member(tx: Tx) -> None:
        case = locked(tx, member, reference, now.day)
        case.require(GrantScope.ACT)
        about = as_object(case.case_id)
        record(context, tx, member.at(now), now.day, Audited.LETTER_WRITTEN, about)

    if sent_ago is None:
        noticing.keep(context, owner, composed, now, also=as_member)
        return
    sent = Sent(sent_ago, keep_text=False)
    noticing.keep_sent(context, owner, composed, sent, now, also=as_member)


def _owner(context: Context, member: Member, reference: str, now: Clock) -> Owner:
    case = case_acts.require(context, member, reference, now, GrantScope.ACT)
    return Owner(case.case_id, case.case_number)
