"""The operator makes organisations and members, and takes from them what they may do."""

from __future__ import annotations

import base64
import secrets
from typing import NamedTuple

from service.domain.audit import OPERATOR, Audited, By, Of
from service.domain.errors import InvalidRequest, NotFound
from service.domain.member import INVITED_SECONDS, MemberRole, folded, parse_name
from service.domain.watch import Clock
from service.store import memberships
from service.store.database import Tx
from service.store.memberships import Organisation, StoredMember
from service.workflows.recording import Object, record
from service.workflows.store_context import StoreContext, Today

_CODE_BYTES = 10
"""80 bits, which are 16 characters of base32: for a week, and only once."""


class Listed(NamedTuple):
    """A member with her name."""

    stored: StoredMember
    name: str


def add_organisation(context: StoreContext, name: str, now: Today, *, by: By = OPERATOR) -> int:
    """Make an organisation; return its number. Raises InvalidRequest."""
    parsed = parse_name(name)
    with context.database.write() as tx:
        if memberships.organisation_named(tx, parsed):
            raise InvalidRequest("There is an organisation of this name already.")
        made = memberships.create_organisation(tx, parsed, now)
        record(context, tx, by, now, Audited.ORGANISATION_MADE, _organisation(made))
    return made


def organisations(context: StoreContext) -> list[Organisation]:
    """Return every organisation."""
    with context.database.read() as tx:
        return memberships.all_organisations(tx)


def disable_organisation(
    context: StoreContext, organisation_id: int, now: Today, *, by: By = OPERATOR
) -> None:
    """End every session of an organisation, and begin none any more. Raises NotFound."""
    with context.database.write() as tx:
        if not memberships.disable_organisation(tx, organisation_id, now):
            raise NotFound("There is no live organisation with this number.")
        about = _organisation(organisation_id)
        record(context, tx, by, now, Audited.ORGANISATION_DISABLED, about)


def set_reviewer(
    context: StoreContext, organisation_id: int, now: Today, *, on: bool, by: By = OPERATOR
) -> None:
    """Let the leads of an organisation review, from their next request on, or no more.

    Raises NotFound, also if it is so already.
    """
    with context.database.write() as tx:
        if not memberships.set_reviews(tx, organisation_id, now if on else None):
            raise NotFound("There is no live organisation with this number, or it is so already.")
        act = Audited.REVIEWER_NAMED if on else Audited.REVIEWER_ENDED
        record(context, tx, by, now, act, _organisation(organisation_id))


def add(
    context: StoreContext,
    organisation_id: int,
    name: str,
    role: MemberRole,
    now: Clock,
    *,
    by: By = OPERATOR,
) -> str:
    """Make a member; return the code of her invitation. Raises InvalidRequest or NotFound."""
    parsed, code = parse_name(name), _new_code()
    seals = context.seals
    with context.database.write() as tx:
        known = memberships.all_organisations(tx)
        if not any(one.id == organisation_id and not one.disabled_on for one in known):
            raise NotFound("There is no live organisation with this number.")
        name_hash = seals.member_hash(folded(parsed))
        if memberships.member_id_named(tx, name_hash):
            raise InvalidRequest("There is a member of this name already. Names are never reused.")
        member_id = memberships.create_member(
            tx,
            organisation_id,
            name=seals.seal(parsed),
            name_hash=name_hash,
            role=role,
            now=now.day,
        )
        memberships.invite(tx, member_id, seals.session_hash(code), now.second + INVITED_SECONDS)
        said = {"role": role, "organisation": organisation_id}
        record(context, tx, by, now.day, Audited.MEMBER_INVITED, _member(member_id), **said)
    return code


def listed(context: StoreContext) -> list[Listed]:
    """Return every member, by organisation."""
    with context.database.read() as tx:
        found = memberships.all_members(tx)
    return [Listed(one, context.seals.unseal(one.name)) for one in found]


def disable(context: StoreContext, member_id: int, now: Today, *, by: By = OPERATOR) -> None:
    """End every session of a member, for good: from the next request on. Raises NotFound."""
    with context.database.write() as tx:
        _require_live(tx, member_id)
        memberships.disable_member(tx, member_id, now)
        record(context, tx, by, now, Audited.MEMBER_DISABLED, _member(member_id))


def reset(
    context: StoreContext,
    member_id: int,
    now: Clock,
    *,
    by: By = OPERATOR,
) -> str:
    """Forget how a member signs in, and invite her again; return the code. Raises NotFound."""
    code = _new_code()
    with context.database.write() as tx:
        _require_live(tx, member_id)
        memberships.forget_sign_in(tx, member_id)
        code_hash = context.seals.session_hash(code)
        memberships.invite(tx, member_id, code_hash, now.second + INVITED_SECONDS)
        record(context, tx, by, now.day, Audited.MEMBER_RESET, _member(member_id))
    return code


def change_role(
    context: StoreContext, member_id: int, role: MemberRole, now: Today, *, by: By = OPERATOR
) -> None:
    """Give a member another role, from her next request on. Raises NotFound."""
    with context.database.write() as tx:
        _require_live(tx, member_id)
        memberships.set_role(tx, member_id, role)
        record(context, tx, by, now, Audited.ROLE_CHANGED, _member(member_id), role=role)


def _require_live(tx: Tx, member_id: int) -> None:
    member = memberships.member(tx, member_id)
    if member is None or member.disabled_on:
        raise NotFound("There is no live member with this number.")


def _member(member_id: int) -> Object:
    return Object(Of.MEMBER, str(member_id))


def _organisation(organisation_id: int) -> Object:
    return Object(Of.ORGANISATION, str(organisation_id))


def _new_code() -> str:
    return base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
