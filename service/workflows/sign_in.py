"""A member signs in. All failures are one error, and take the same time.

They are: a name that does not exist, a wrong password, a wrong code, a code that was used before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from service.domain.audit import SERVICE, Audited, By, Kind, Of
from service.domain.errors import Unauthenticated
from service.domain.member import (
    CHALLENGE_MINUTES,
    MAX_PASSWORD,
    folded,
    minute_of_day,
    parse_code,
)
from service.domain.watch import Clock
from service.proofs import ceremonies, one_time
from service.store import memberships, sign_ins
from service.store.database import Tx
from service.workflows import session_keeping
from service.workflows.recording import Object, record
from service.workflows.store_context import StoreContext, Today

NOBODY = 0
"""Id of no member."""
SIGN_IN, ADD = "sign in", "add"
"""What a passkey is asked for."""


class Offered(NamedTuple):
    """What somebody typed. Hidden from `repr`."""

    name: str
    password: str
    code: str

    def __repr__(self) -> str:
        return "Offered()"


def with_password(
    context: StoreContext, offered: Offered, now: Clock, *, may_guess: Callable[[int], bool]
) -> str:
    """Sign in by password and code; return the session's token. Raises Unauthenticated or Busy.

    `may_guess` says whether a member whose password is right may try another code: whoever knows
    the password could else try all of a million.
    """
    try:
        return _with_password(context, offered, now, may_guess)
    except Unauthenticated:
        context.sign_in_failures.count()
        raise


def _with_password(
    context: StoreContext, offered: Offered, now: Clock, may_guess: Callable[[int], bool]
) -> str:
    name_hash = context.seals.member_hash(folded(offered.name[:MAX_PASSWORD]))
    recovery = parse_code(offered.code)
    with context.database.read() as tx:
        kept = sign_ins.by_name(tx, name_hash)
        member_id = kept.member_id if kept else NOBODY
        recovery_hash = context.seals.recovery_hash(member_id, recovery)
        recovers = sign_ins.has_recovery_code(tx, member_id, recovery_hash)
    password_hash = kept.password_hash if kept else None
    password = offered.password[: MAX_PASSWORD + 1]
    is_right = context.passwords.is_right(password_hash, password)
    secret = context.seals.unseal_bytes(kept.totp) if kept and kept.totp else None
    step = one_time.matching_step(secret, offered.code, now.second)
    if not is_right or not may_guess(member_id) or (step is None and not recovers):
        raise Unauthenticated
    with context.database.write() as tx:
        _require_enabled(tx, member_id)
        used = (
            sign_ins.use_recovery_code(tx, member_id, recovery_hash)
            if step is None
            else sign_ins.use_step(tx, member_id, step)
        )
        if not used:
            raise Unauthenticated
        how = "recovery_code" if step is None else "password"
        return _signed_in(context, tx, member_id, now, how)


def challenge(context: StoreContext, token: str, minute: int, what: str) -> bytes:
    """Return the challenge that a passkey is given in a minute, in this session, for one thing."""
    return context.seals.passkey_challenge(token, minute, what)


def answered(
    context: StoreContext, token: str, untrusted_minute: str, what: str, now: Clock
) -> bytes:
    """Return the challenge that an answer must be to. Raises Unauthenticated if it is too old."""
    if not untrusted_minute.isascii() or not untrusted_minute.isdigit():
        raise Unauthenticated
    minute = int(untrusted_minute[:12])
    if not 0 <= now.second // 60 - minute < CHALLENGE_MINUTES:
        raise Unauthenticated
    return challenge(context, token, minute, what)


def use_challenge(tx: Tx, given: bytes, now: Clock) -> None:
    """Use up a challenge, in every process. Raises Unauthenticated if it was answered before."""
    if not sign_ins.use_challenge(tx, given, now.second + CHALLENGE_MINUTES * 60):
        raise Unauthenticated


def with_passkey(
    context: StoreContext, token: str, untrusted_minute: str, untrusted: str, now: Clock
) -> str:
    """Sign in by passkey; return the session's token. Raises Unauthenticated.

    `token`: of the browser before it is signed in, to which the challenge was given.
    """
    try:
        given = answered(context, token, untrusted_minute, SIGN_IN, now)
        return _with_passkey(context, given, untrusted, now)
    except Unauthenticated:
        context.sign_in_failures.count()
        raise


def _with_passkey(context: StoreContext, given: bytes, untrusted: str, now: Clock) -> str:
    credential_id = ceremonies.credential_id(untrusted)
    with context.database.read() as tx:
        kept = sign_ins.passkey(tx, credential_id)
    if kept is None:
        raise Unauthenticated
    count = ceremonies.sign_count(
        context.settings.desk_origin,
        given,
        untrusted,
        public_key=kept.public_key,
        count=kept.sign_count,
    )
    with context.database.write() as tx:
        _require_enabled(tx, kept.member_id)
        use_challenge(tx, given, now)
        if not sign_ins.note_passkey_used(tx, kept.id, count, now.day):
            raise Unauthenticated
        return _signed_in(context, tx, kept.member_id, now, "passkey")


def record_failures(context: StoreContext, now: Today) -> None:
    """Write how many sign-ins failed here since this was last called, without saying whose."""
    if failed := context.sign_in_failures.take():
        with context.database.write() as tx:
            record(context, tx, SERVICE, now, Audited.SIGN_INS_FAILED, count=failed)


def _signed_in(context: StoreContext, tx: Tx, member_id: int, now: Clock, how: str) -> str:
    token = session_keeping.begun(context, tx, member_id, now)
    by = By(Kind.MEMBER, member_id, minute_of_day(now.second))
    about = Object(Of.MEMBER, str(member_id))
    record(context, tx, by, now.day, Audited.SIGNED_IN, about, by_what=how)
    return token


def _require_enabled(tx: Tx, member_id: int) -> None:
    if not memberships.is_enabled(tx, member_id):
        raise Unauthenticated
