"""A member accepts an invitation, and sets or changes how she signs in."""

from __future__ import annotations

import base64
import secrets
from typing import NamedTuple

from service.domain import password as passwords
from service.domain.audit import Audited, Of
from service.domain.errors import InvalidRequest, NotFound, Unauthenticated
from service.domain.member import MAX_PASSKEYS, RECOVERY_CODES, parse_code, shown
from service.domain.watch import Clock
from service.proofs import ceremonies, one_time
from service.store import memberships, sessions, sign_ins
from service.store.database import Tx
from service.store.sign_ins import Passkey
from service.workflows import session_keeping, sign_in
from service.workflows.recording import Object, record
from service.workflows.session_keeping import Session
from service.workflows.store_context import StoreContext

_CODE_BYTES = 10
"""80 bits, which are 16 characters of base32."""


class Set(NamedTuple):
    """What changed: the session from now on, and recovery codes, shown once. Hidden from `repr`."""

    token: str
    codes: list[str]

    def __repr__(self) -> str:
        return "Set()"


class Account(NamedTuple):
    """How a member signs in."""

    has_password: bool
    codes_left: int
    passkeys: list[Passkey]


def accept(context: StoreContext, untrusted_code: str, now: Clock) -> str:
    """Use up an invitation; return the token of a session that is good for enrolling alone.

    Raises Unauthenticated.
    """
    code_hash = context.seals.session_hash(parse_code(untrusted_code))
    with context.database.write() as tx:
        member_id = memberships.accept(tx, code_hash, now.second)
        if member_id is not None:
            return session_keeping.begun(context, tx, member_id, now, enrolling=True)
    context.sign_in_failures.count()
    raise Unauthenticated


def account(context: StoreContext, session: Session) -> Account:
    """Return how a member signs in."""
    with context.database.read() as tx:
        kept = sign_ins.by_id(tx, session.member.id)
        codes = sign_ins.recovery_codes_left(tx, session.member.id)
        keys = sign_ins.passkeys_of(tx, session.member.id)
    return Account(bool(kept and kept.password_hash), codes, keys)


def set_password(
    context: StoreContext, session: Session, password: str, nonce: str, code: str, now: Clock
) -> Set:
    """Set a password, and the secret of one-time codes that the form with this nonce showed.

    Ends every other session. Raises InvalidRequest (`short`, `common`, `code`) or Forbidden.
    """
    session.require_fresh(now)
    passwords.require_good(password, session.member.name)
    secret = context.seals.totp_secret(session.token, nonce)
    step = one_time.matching_step(secret, code, now.second)
    if step is None:
        raise InvalidRequest("code")
    password_hash, codes = context.passwords.hash(password), _new_codes()
    member_id = session.member.id
    with context.database.write() as tx:
        sign_ins.set_password(tx, member_id, password_hash, context.seals.seal_bytes(secret), step)
        sign_ins.set_recovery_codes(tx, member_id, _hashes(context, member_id, codes))
        token = _changed(context, tx, session, Audited.PASSWORD_SET, now, how="password")
    return Set(token, [shown(one) for one in codes])


def new_recovery_codes(context: StoreContext, session: Session, now: Clock) -> list[str]:
    """Replace the recovery codes; return the new ones. Raises Forbidden, or NotFound."""
    session.require_fresh(now)
    codes, member_id = _new_codes(), session.member.id
    with context.database.write() as tx:
        kept = sign_ins.by_id(tx, member_id)
        if session.enrolling or kept is None or kept.password_hash is None:
            raise NotFound
        sign_ins.set_recovery_codes(tx, member_id, _hashes(context, member_id, codes))
        _record(context, tx, session, Audited.RECOVERY_CODES_MADE, now)
    return [shown(one) for one in codes]


def passkey_options(context: StoreContext, session: Session, minute: int) -> str:
    """Return, as JSON, what the browser is asked to make; "" where passkeys are off."""
    if not context.settings.desk_origin:
        return ""
    with context.database.read() as tx:
        known = sign_ins.credential_ids(tx, session.member.id)
    return ceremonies.to_create(
        context.settings.desk_origin,
        sign_in.challenge(context, session.token, minute, sign_in.ADD),
        context.seals.member_handle(session.member.id),
        session.member.name,
        known,
    )


def add_passkey(
    context: StoreContext, session: Session, untrusted_minute: str, untrusted: str, now: Clock
) -> str:
    """Store a passkey; return the session's token from now on.

    Raises Unauthenticated if it is not an answer to what was asked, Forbidden, or InvalidRequest.
    """
    session.require_fresh(now)
    given = sign_in.answered(context, session.token, untrusted_minute, sign_in.ADD, now)
    made = ceremonies.created(context.settings.desk_origin, given, untrusted)
    with context.database.write() as tx:
        sign_in.use_challenge(tx, given, now)
        if len(sign_ins.passkeys_of(tx, session.member.id)) >= MAX_PASSKEYS:
            raise InvalidRequest
        new = sign_ins.add_passkey(
            tx,
            session.member.id,
            made.credential_id,
            made.public_key,
            sign_count=made.sign_count,
            now=now.day,
        )
        if not new:
            raise Unauthenticated
        return _changed(context, tx, session, Audited.PASSKEY_ADDED, now, how="passkey")


def remove_passkey(context: StoreContext, session: Session, passkey_id: int, now: Clock) -> None:
    """Remove a passkey, unless nothing else would be left to sign in with.

    Raises Forbidden, NotFound, or InvalidRequest (`last`).
    """
    session.require_fresh(now)
    with context.database.write() as tx:
        kept = sign_ins.by_id(tx, session.member.id)
        has_password = kept is not None and kept.password_hash is not None
        if not has_password and len(sign_ins.passkeys_of(tx, session.member.id)) == 1:
            raise InvalidRequest("last")
        if not sign_ins.remove_passkey(tx, session.member.id, passkey_id):
            raise NotFound
        _record(context, tx, session, Audited.PASSKEY_REMOVED, now)


def _changed(
    context: StoreContext, tx: Tx, session: Session, act: Audited, now: Clock, *, how: str
) -> str:
    """End every session, whoever has it, and begin a new one; return its token."""
    sessions.end_all(tx, session.member.id)
    token = session_keeping.begun(context, tx, session.member.id, now)
    if session.enrolling:
        _record(context, tx, session, Audited.INVITATION_ACCEPTED, now, by_what=how)
    _record(context, tx, session, act, now)
    return token


def _record(
    context: StoreContext, tx: Tx, session: Session, act: Audited, now: Clock, **said: str
) -> None:
    about = Object(Of.MEMBER, str(session.member.id))
    record(context, tx, session.member.at(now), now.day, act, about, **said)


def _new_codes() -> list[str]:
    made = (secrets.token_bytes(_CODE_BYTES) for _ in range(RECOVERY_CODES))
    return [base64.b32encode(one).decode().lower() for one in made]


def _hashes(context: StoreContext, member_id: int, codes: list[str]) -> list[bytes]:
    return [context.seals.recovery_hash(member_id, one) for one in codes]
