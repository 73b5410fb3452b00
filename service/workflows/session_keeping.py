"""Sessions of members: found with each request, listed, and ended."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date

from service.domain.audit import Audited, Of
from service.domain.errors import Forbidden
from service.domain.member import (
    ENROLLING_SECONDS,
    FRESH_SECONDS,
    SEEN_EVERY_SECONDS,
    Member,
)
from service.domain.watch import Clock
from service.store import sessions
from service.store.database import Tx
from service.workflows.recording import Object, record
from service.workflows.store_context import StoreContext

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """A member who is signed in, or accepts an invitation. The token is hidden from `repr`."""

    id: int
    token: str
    member: Member
    enrolling: bool
    began_at: int

    def __repr__(self) -> str:
        return f"Session({self.id})"

    def is_fresh(self, now: Clock) -> bool:
        """Whether she has just signed in, and may change how she does."""
        return now.second - self.began_at < FRESH_SECONDS

    def require_fresh(self, now: Clock) -> None:
        """Raise Forbidden unless she has just signed in."""
        if not self.enrolling and not self.is_fresh(now):
            raise Forbidden


def new_token() -> str:
    """Return a secret that nobody can guess: 256 bits, 43 characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def begun(
    context: StoreContext, tx: Tx, member_id: int, now: Clock, *, enrolling: bool = False
) -> str:
    """Begin a session; return its token, which is always a new one."""
    token = new_token()
    lasts = ENROLLING_SECONDS if enrolling else context.settings.session_hours * 3600
    token_hash = context.seals.session_hash(token)
    ends_at = now.second + lasts
    sessions.begin(tx, token_hash, member_id, now, ends_at=ends_at, enrolling=enrolling)
    return token


def found(context: StoreContext, untrusted: str, now: Clock) -> Session | None:
    """Return the session of a token, and note that it was used; None if it is over."""
    token_hash, idle = context.seals.session_hash(untrusted), idle_seconds(context)
    with context.database.read() as tx:
        row = sessions.found(tx, token_hash, now.second, idle)
    if row is None:
        return None
    if now.second - row.seen_at >= SEEN_EVERY_SECONDS:
        with context.database.write() as tx:
            sessions.note_seen(tx, row.id, now.second)
    name = context.seals.unseal(row.name)
    member = Member(row.member_id, row.organisation_id, row.organisation, name, row.role)
    return Session(row.id, untrusted, member, row.enrolling, row.began_at)


def days(context: StoreContext, session: Session, now: Clock) -> list[tuple[int, date]]:
    """Return id and first day of each session of a member, the newest first."""
    with context.database.read() as tx:
        return sessions.days(tx, session.member.id, now.second, idle_seconds(context))


def end(context: StoreContext, session: Session) -> None:
    """Sign out."""
    with context.database.write() as tx:
        sessions.end(tx, context.seals.session_hash(session.token))


def end_all(context: StoreContext, session: Session, now: Clock) -> None:
    """Sign out everywhere."""
    with context.database.write() as tx:
        sessions.end_all(tx, session.member.id)
        about = Object(Of.MEMBER, str(session.member.id))
        record(context, tx, session.member.at(now), now.day, Audited.SIGNED_OUT_EVERYWHERE, about)


def idle_seconds(context: StoreContext) -> int:
    """Return after how long without a request a session is over."""
    return context.settings.session_idle_minutes * 60
