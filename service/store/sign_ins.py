"""What members sign in with: passwords with one-time codes, recovery codes, passkeys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.store.database import Tx, upsert
from service.store.member_schema import members, passkeys, recovery_codes, used_challenges


class Passwords(NamedTuple):
    """What a member's password and codes are checked with."""

    member_id: int
    password_hash: str | None
    totp: bytes | None


class Passkey(NamedTuple):
    """A passkey of a member."""

    id: int
    member_id: int
    public_key: bytes
    sign_count: int
    added_on: date
    used_on: date | None


def passwords(tx: Tx, condition: sa.ColumnElement[bool]) -> Passwords | None:
    """Return what is stored of the one member that a condition names."""
    query = sa.select(members.c.id, members.c.password_hash, members.c.totp).where(condition)
    row = tx.execute(query).one_or_none()
    return None if row is None else Passwords(*row)


def by_name(tx: Tx, name_hash: bytes) -> Passwords | None:
    """Return what is stored of the member with a name."""
    return passwords(tx, members.c.name_hash == name_hash)


def by_id(tx: Tx, member_id: int) -> Passwords | None:
    """Return what is stored of a member."""
    return passwords(tx, members.c.id == member_id)


def set_password(tx: Tx, member_id: int, password_hash: str, totp: bytes, step: int) -> None:
    """Store a password, and the secret of its codes, of which those up to a step are used."""
    values = {"password_hash": password_hash, "totp": totp, "totp_step": step}
    tx.execute(sa.update(members).where(members.c.id == member_id).values(values))


def use_step(tx: Tx, member_id: int, step: int) -> bool:
    """Use up the code of a time step; return False if it, or a later one, was used before."""
    unused = members.c.totp_step.is_(None) | (members.c.totp_step < step)
    of_her = (members.c.id == member_id) & unused
    return tx.execute(sa.update(members).where(of_her).values(totp_step=step)).rowcount == 1


def set_recovery_codes(tx: Tx, member_id: int, hashes: Iterable[bytes]) -> None:
    """Replace the recovery codes of a member."""
    tx.execute(sa.delete(recovery_codes).where(recovery_codes.c.member_id == member_id))
    rows = [{"member_id": member_id, "code_hash": one} for one in hashes]
    tx.execute(sa.insert(recovery_codes), rows)


def use_recovery_code(tx: Tx, member_id: int, code_hash: bytes) -> bool:
    """Use up a recovery code; return False if there is no such code."""
    table = recovery_codes
    this = (table.c.member_id == member_id) & (table.c.code_hash == code_hash)
    return tx.execute(sa.delete(table).where(this)).rowcount == 1


def has_recovery_code(tx: Tx, member_id: int, code_hash: bytes) -> bool:
    """Whether there is such a recovery code, without using it up."""
    table = recovery_codes
    this = (table.c.member_id == member_id) & (table.c.code_hash == code_hash)
    return tx.scalar(sa.select(table.c.member_id).where(this)) is not None


def recovery_codes_left(tx: Tx, member_id: int) -> int:
    """Return how many recovery codes a member has left."""
    of_her = sa.select(sa.func.count()).where(recovery_codes.c.member_id == member_id)
    return int(tx.scalar(of_her) or 0)


def add_passkey(
    tx: Tx, member_id: int, credential_id: bytes, public_key: bytes, *, sign_count: int, now: date
) -> bool:
    """Store a passkey; return False if it is known already."""
    values = {"member_id": member_id, "credential_id": credential_id, "public_key": public_key}
    new = upsert(tx, passkeys).values(**values, sign_count=sign_count, added_on=now)
    return tx.execute(new.on_conflict_do_nothing()).rowcount == 1


def passkey(tx: Tx, credential_id: bytes) -> Passkey | None:
    """Return the passkey with the id that authenticators know it by."""
    return next(iter(_passkeys(tx, passkeys.c.credential_id == credential_id)), None)


def passkeys_of(tx: Tx, member_id: int) -> list[Passkey]:
    """Return the passkeys of a member, oldest first."""
    return _passkeys(tx, passkeys.c.member_id == member_id)


def credential_ids(tx: Tx, member_id: int) -> list[bytes]:
    """Return the ids by which authenticators know the passkeys of a member."""
    query = sa.select(passkeys.c.credential_id).where(passkeys.c.member_id == member_id)
    return [bytes(one) for one in tx.scalars(query)]


def remove_passkey(tx: Tx, member_id: int, passkey_id: int) -> bool:
    """Remove a passkey of a member; return False if she has no such one."""
    this = (passkeys.c.id == passkey_id) & (passkeys.c.member_id == member_id)
    return tx.execute(sa.delete(passkeys).where(this)).rowcount == 1


def note_passkey_used(tx: Tx, passkey_id: int, sign_count: int, now: date) -> bool:
    """Note a use; return False if its count has gone on since, so that this one is a copy's."""
    counts_nothing = sa.and_(passkeys.c.sign_count == 0, sa.literal(sign_count) == 0)
    not_later = (passkeys.c.sign_count < sign_count) | counts_nothing
    this = (passkeys.c.id == passkey_id) & not_later
    values = {"sign_count": sign_count, "used_on": now}
    return tx.execute(sa.update(passkeys).where(this).values(values)).rowcount == 1


def use_challenge(tx: Tx, challenge: bytes, expires_at: int) -> bool:
    """Use up a challenge; return False if it was answered before."""
    new = upsert(tx, used_challenges).values(challenge=challenge, expires_at=expires_at)
    return tx.execute(new.on_conflict_do_nothing()).rowcount == 1


def _passkeys(tx: Tx, condition: sa.ColumnElement[bool]) -> list[Passkey]:
    columns = [passkeys.c[name] for name in Passkey._fields]
    rows = tx.execute(sa.select(*columns).where(condition).order_by(passkeys.c.id))
    return [Passkey(*row)._replace(public_key=bytes(row.public_key)) for row in rows]
