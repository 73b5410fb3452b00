"""Organisations, their members, and invitations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.member import MemberRole, folded
from service.store.database import Tx
from service.store.member_schema import (
    invitations,
    members,
    organisations,
    passkeys,
    recovery_codes,
    sessions,
)


class Organisation(NamedTuple):
    """An organisation, and how many members it has that are not disabled."""

    id: int
    name: str
    created_on: date
    disabled_on: date | None
    members: int
    reviews_since: date | None


class StoredMember(NamedTuple):
    """A member as the operator sees her; her name is sealed."""

    id: int
    organisation_id: int
    name: bytes
    role: MemberRole
    created_on: date
    disabled_on: date | None
    can_sign_in: bool
    """Whether she has set how she signs in."""


def all_organisations(tx: Tx) -> list[Organisation]:
    """Return every organisation, oldest first."""
    live = (members.c.organisation_id == organisations.c.id) & members.c.disabled_on.is_(None)
    query = (
        sa.select(
            organisations.c.id,
            organisations.c.name,
            organisations.c.created_on,
            organisations.c.disabled_on,
            sa.func.count(members.c.id),
            organisations.c.reviews_since,
        )
        .select_from(organisations.outerjoin(members, live))
        .group_by(organisations.c.id)
        .order_by(organisations.c.id)
    )
    return [Organisation(*row) for row in tx.execute(query)]


def organisation_named(tx: Tx, name: str) -> Organisation | None:
    """Return the organisation with a name, however it is spaced and capitalised."""
    known = (one for one in all_organisations(tx) if folded(one.name) == folded(name))
    return next(known, None)


def organisations_of(tx: Tx, member_ids: Collection[int]) -> dict[int, str]:
    """Return the name of the organisation of each member."""
    query = sa.select(members.c.id, organisations.c.name).select_from(members.join(organisations))
    return {row[0]: row[1] for row in tx.execute(query.where(members.c.id.in_(member_ids)))}


def create_organisation(tx: Tx, name: str, now: date) -> int:
    """Insert an organisation; return its id."""
    new = sa.insert(organisations).values(name=name, created_on=now)
    return int(tx.scalars(new.returning(organisations.c.id)).one())


def disable_organisation(tx: Tx, organisation_id: int, now: date) -> bool:
    """Disable an organisation and end every session of it; False if it is not, or was before."""
    live = (organisations.c.id == organisation_id) & organisations.c.disabled_on.is_(None)
    if not tx.execute(sa.update(organisations).where(live).values(disabled_on=now)).rowcount:
        return False
    for table in (sessions, invitations):
        of_it = sa.select(members.c.id).where(members.c.organisation_id == organisation_id)
        tx.execute(sa.delete(table).where(table.c.member_id.in_(of_it)))
    return True


def set_reviews(tx: Tx, organisation_id: int, since: date | None) -> bool:
    """Let the leads of an organisation review, or no more; False if disabled, or so before."""
    column = organisations.c.reviews_since
    changes = column.is_(None) if since else column.is_not(None)
    live = (organisations.c.id == organisation_id) & organisations.c.disabled_on.is_(None)
    update = sa.update(organisations).where(live, changes).values(reviews_since=since)
    return tx.execute(update).rowcount == 1


def reviews(tx: Tx, organisation_id: int) -> bool:
    """Whether the leads of an organisation may review."""
    live = organisations.c.disabled_on.is_(None) & organisations.c.reviews_since.is_not(None)
    query = sa.select(organisations.c.id).where(organisations.c.id == organisation_id, live)
    return tx.scalar(query) is not None


def create_member(
    tx: Tx, organisation_id: int, *, name: bytes, name_hash: bytes, role: MemberRole, now: date
) -> int:
    """Insert a member, who cannot sign in yet; return her id."""
    values = {"organisation_id": organisation_id, "name": name, "name_hash": name_hash}
    new = sa.insert(members).values(**values, role=role, created_on=now)
    return int(tx.scalars(new.returning(members.c.id)).one())


def member_id_named(tx: Tx, name_hash: bytes) -> int | None:
    """Return the id of the member with a name."""
    return tx.scalar(sa.select(members.c.id).where(members.c.name_hash == name_hash))


def member(tx: Tx, member_id: int) -> StoredMember | None:
    """Return a member by her id."""
    return next(iter(_members(tx, members.c.id == member_id)), None)


def all_members(tx: Tx) -> list[StoredMember]:
    """Return every member, those of an organisation together, oldest first."""
    return _members(tx, sa.true())


def set_role(tx: Tx, member_id: int, role: MemberRole) -> None:
    """Give a member another role."""
    tx.execute(sa.update(members).where(members.c.id == member_id).values(role=role))


def disable_member(tx: Tx, member_id: int, now: date) -> None:
    """Disable a member, and forget all that she could sign in with."""
    tx.execute(sa.update(members).where(members.c.id == member_id).values(disabled_on=now))
    forget_sign_in(tx, member_id)


def forget_sign_in(tx: Tx, member_id: int) -> None:
    """End every session of a member, and forget how she signs in."""
    for table in (sessions, invitations, passkeys, recovery_codes):
        tx.execute(sa.delete(table).where(table.c.member_id == member_id))
    nothing = {"password_hash": None, "totp": None, "totp_step": None}
    tx.execute(sa.update(members).where(members.c.id == member_id).values(nothing))


def invite(tx: Tx, member_id: int, code_hash: bytes, expires_at: int) -> None:
    """Store an invitation. A member has one at most."""
    tx.execute(sa.delete(invitations).where(invitations.c.member_id == member_id))
    values = {"member_id": member_id, "code_hash": code_hash, "expires_at": expires_at}
    tx.execute(sa.insert(invitations).values(values))


def accept(tx: Tx, code_hash: bytes, second: int) -> int | None:
    """Use up an invitation that has not expired; return whose it was."""
    good = (invitations.c.code_hash == code_hash) & (invitations.c.expires_at > second)
    used = sa.delete(invitations).where(good).returning(invitations.c.member_id)
    member_id = tx.scalar(used)
    return None if member_id is None or not is_enabled(tx, member_id) else int(member_id)


def is_enabled(tx: Tx, member_id: int) -> bool:
    """Whether neither a member nor her organisation is disabled."""
    live = members.c.disabled_on.is_(None) & organisations.c.disabled_on.is_(None)
    query = sa.select(members.c.id).select_from(members.join(organisations))
    return tx.scalar(query.where(members.c.id == member_id, live)) is not None


def _members(tx: Tx, condition: sa.ColumnElement[bool]) -> list[StoredMember]:
    has_passkey = sa.exists().where(passkeys.c.member_id == members.c.id)
    can_sign_in = members.c.password_hash.is_not(None) | has_passkey
    columns = [members.c[name] for name in StoredMember._fields[:-1]]
    query = sa.select(*columns, can_sign_in.label("can_sign_in")).where(condition)
    rows = tx.execute(query.order_by(members.c.organisation_id, members.c.id))
    return [
        StoredMember(
            row.id,
            row.organisation_id,
            bytes(row.name),
            MemberRole(row.role),
            row.created_on,
            row.disabled_on,
            bool(row.can_sign_in),
        )
        for row in rows
    ]
