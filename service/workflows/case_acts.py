"""What a member does about a case that was granted to her. Each act is in the owner's audit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NoReturn

from hashing.signals import ContentSignals
from service.domain import advocacy
from service.domain.actor import Owner
from service.domain.advocacy import HeldCase, Layer
from service.domain.audit import Audited
from service.domain.errors import InvalidRequest
from service.domain.grant import GrantScope
from service.domain.member import Member
from service.domain.watch import Clock, Target
from service.store import caseworks, channels, grants
from service.store.caseworks import NewNote
from service.store.database import Tx
from service.workflows import intake, watching
from service.workflows.case_reading import colleagues
from service.workflows.context import Context
from service.workflows.intake import Added
from service.workflows.opened_case import kept_of, locked, opened
from service.workflows.recording import case as as_object
from service.workflows.recording import record
from service.workflows.store_context import StoreContext

LONGEST_DUE_DAYS = 366


def assign(
    context: StoreContext, member: Member, reference: str, to: int | None, now: Clock
) -> None:
    """Give a case to a member of the same organisation, or to nobody. Raises InvalidRequest."""
    with context.database.write() as tx:
        case = locked(tx, member, reference, now.day)
        if to is not None and to not in {one.id for one in colleagues(context, tx, member)}:
            raise InvalidRequest("assign")
        kept = kept_of(tx, member, case)._replace(assigned_to=to)
        caseworks.put(tx, member.organisation_id, case.case_id, kept)
        _record(context, tx, member, case, now, Audited.CASE_ASSIGNED)


def set_tags(
    context: StoreContext, member: Member, reference: str, untrusted: str, now: Clock
) -> None:
    """Replace the tags of a case. Raises InvalidRequest."""
    tags = advocacy.parse_tags(untrusted)
    sealed = context.seals.seal_note(",".join(tags)) if tags else None
    with context.database.write() as tx:
        case = locked(tx, member, reference, now.day)
        kept = kept_of(tx, member, case)._replace(tags=sealed)
        caseworks.put(tx, member.organisation_id, case.case_id, kept)
        _record(context, tx, member, case, now, Audited.TAGS_SET)


def set_due(
    context: StoreContext, member: Member, reference: str, untrusted: str, now: Clock
) -> None:
    """Set the day until which something is to be done, "" for none. Raises InvalidRequest."""
    due_on = _due(untrusted, now.day)
    with context.database.write() as tx:
        case = locked(tx, member, reference, now.day)
        kept = kept_of(tx, member, case)._replace(due_on=due_on)
        caseworks.put(tx, member.organisation_id, case.case_id, kept)
        _record(context, tx, member, case, now, Audited.DUE_SET)


def write_note(
    context: StoreContext,
    member: Member,
    reference: str,
    note: tuple[Layer, str, str],
    now: Clock,
) -> None:
    """Write a note of (who reads it, title, text). Raises InvalidRequest."""
    layer, untrusted_title, untrusted_body = note
    title, body = map(context.seals.seal_note, advocacy.parse_note(untrusted_title, untrusted_body))
    with context.database.write() as tx:
        case = locked(tx, member, reference, now.day)
        kept = caseworks.notes_of(tx, case.case_id, member.organisation_id)
        if len(kept) >= advocacy.MAX_NOTES:
            raise InvalidRequest("notes")
        of_case = (case.case_id, member.organisation_id, member.id)
        caseworks.write_note(tx, NewNote(*of_case, layer, title, body, now.day))
        shared = layer is Layer.OWNER
        act = Audited.NOTE_SHARED if shared else Audited.NOTE_WRITTEN
        _record(context, tx, member, case, now, act)


def confirm(context: StoreContext, member: Member, reference: str, now: Clock) -> None:
    """Confirm that the owner is who is shown: from now on addresses of copies are shown."""
    with context.database.write() as tx:
        case = locked(tx, member, reference, now.day)
        case.require(GrantScope.SIGHTINGS)
        grants.confirm(tx, case.grant_id, now.day)
        _record(context, tx, member, case, now, Audited.OWNER_CONFIRMED)


def add_address(
    context: Context, member: Member, reference: str, target: Target, now: Clock
) -> None:
    """Have an address looked at for the owner, before any that is not new.

    Raises WatchesFull, or Forbidden if that was not granted.
    """
    case = require(context, member, reference, now, GrantScope.ACT)

    def as_member(tx: Tx) -> None:
        _require_still(tx, member, reference, now, GrantScope.ACT)
        _record(context, tx, member, case, now, Audited.ADDRESS_ADDED)

    watching.add(context, Owner(case.case_id, case.case_number), target, now.day, also=as_member)


def withhold_address(
    context: StoreContext, member: Member, reference: str, target: Target, now: Clock
) -> NoReturn:
    """Never look at an address that shows a person under 18. Raises NotEligible, or Forbidden."""
    with context.database.write() as tx:
        case = locked(tx, member, reference, now.day)
        case.require(GrantScope.ACT)
        _record(context, tx, member, case, now, Audited.ADDRESS_WITHHELD)
    watching.withhold(context, target, now.day)


def mute(context: StoreContext, member: Member, reference: str, days: int, now: Clock) -> date:
    """Have nothing sent to the owner before a day, which is returned.

    A mute that the owner chose is never made shorter. Whether she is told of anything at all does
    not show.
    """
    until = now.day + timedelta(days=days)
    with context.database.write() as tx:
        case = locked(tx, member, reference, now.day)
        case.require(GrantScope.ACT)
        chosen = channels.contact(tx, case.case_id)
        if chosen is not None:
            later = max(until, chosen.muted_until or until)
            channels.set_contact(tx, case.case_id, chosen._replace(muted_until=later))
        _record(context, tx, member, case, now, Audited.ALERTS_MUTED)
    return until


def add_files(
    context: Context, member: Member, reference: str, contents: list[ContentSignals], now: Clock
) -> Added:
    """Add content that was hashed on the advocate's device. Raises Forbidden or CaseFull."""
    case = require(context, member, reference, now, GrantScope.ADD)

    def as_member(tx: Tx) -> None:
        _require_still(tx, member, reference, now, GrantScope.ADD)
        about = as_object(case.case_id)
        by, number = member.at(now), len(contents)
        record(context, tx, by, now.day, Audited.FILES_ADDED, about, contents=number)

    owner = Owner(case.case_id, case.case_number)
    return intake.add_entries(context, owner, contents, now.day, also=as_member)


def require(
    context: StoreContext, member: Member, reference: str, now: Clock, scope: GrantScope
) -> HeldCase:
    """Return a case if its owner granted this, too. Raises NotFound or Forbidden."""
    with context.database.read() as tx:
        case = opened(tx, member, reference, now.day)
    case.require(scope)
    return case


def _require_still(
    tx: Tx, member: Member, reference: str, now: Clock, scope: GrantScope
) -> HeldCase:
    """Ask again in the transaction of the act, which has locked the case."""
    case = locked(tx, member, reference, now.day)
    case.require(scope)
    return case


def _record(
    context: StoreContext, tx: Tx, member: Member, case: HeldCase, now: Clock, act: Audited
) -> None:
    record(context, tx, member.at(now), now.day, act, as_object(case.case_id))


def _due(untrusted: str, now: date) -> date | None:
    if not untrusted:
        return None
    try:
        day = date.fromisoformat(untrusted)
    except ValueError as err:
        raise InvalidRequest("due") from err
    if not now <= day <= now + timedelta(days=LONGEST_DUE_DAYS):
        raise InvalidRequest("due")
    return day
