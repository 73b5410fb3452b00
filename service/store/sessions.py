"""Sessions of members. Each request asks here, so that what ended is ended in every process."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.member import MemberRole
from service.domain.watch import Clock
from service.store.database import Tx
from service.store.member_schema import members, organisations, sessions, used_challenges


class Found(NamedTuple):
    """A session that has not ended, and whose it is; her name is sealed."""

    id: int
    member_id: int
    organisation_id: int
    organisation: str
    name: bytes
    role: MemberRole
    enrolling: bool
    began_at: int
    seen_at: int


def begin(
    tx: Tx, token_hash: bytes, member_id: int, now: Clock, *, ends_at: int, enrolling: bool
) -> None:
    """Insert a session."""
    values = {"token_hash": token_hash, "member_id": member_id, "enrolling": enrolling}
    times = {"began_on": now.day, "began_at": now.second, "seen_at": now.second}
    tx.execute(sa.insert(sessions).values(**values, **times, ends_at=ends_at))


def found(tx: Tx, token_hash: bytes, now: int, idle_seconds: int) -> Found | None:
    """Return the session of a token, unless it has ended, or its member is disabled."""
    columns = (
        sessions.c.id,
        sessions.c.member_id,
        members.c.organisation_id,
        organisations.c.name.label("organisation"),
        members.c.name,
        members.c.role,
        sessions.c.enrolling,
        sessions.c.began_at,
        sessions.c.seen_at,
    )
    live = members.c.disabled_on.is_(None) & organisations.c.disabled_on.is_(None)
    valid = (sessions.c.ends_at > now) & (sessions.c.seen_at > now - idle_seconds)
    joined = sessions.join(members).join(organisations)
    query = sa.select(*columns).select_from(joined).where(live, valid)
    row = tx.execute(query.where(sessions.c.token_hash == token_hash)).one_or_none()
    if row is None:
        return None
    return Found(*row)._replace(name=bytes(row.name), role=MemberRole(row.role))


def note_seen(tx: Tx, session_id: int, now: int) -> None:
    """Note that a session was used; this never goes back."""
    older = (sessions.c.id == session_id) & (sessions.c.seen_at < now)
    tx.execute(sa.update(sessions).where(older).values(seen_at=now))


def end(tx: Tx, token_hash: bytes) -> None:
    """End a session."""
    tx.execute(sa.delete(sessions).where(sessions.c.token_hash == token_hash))


def end_all(tx: Tx, member_id: int, *, but: int | None = None) -> None:
    """End every session of a member, but one if that is named by its id."""
    of_her = sessions.c.member_id == member_id
    tx.execute(sa.delete(sessions).where(of_her, sessions.c.id != (but or 0)))


def days(tx: Tx, member_id: int, now: int, idle_seconds: int) -> list[tuple[int, date]]:
    """Return id and first day of each session of a member that has not ended, the newest first."""
    valid = (sessions.c.ends_at > now) & (sessions.c.seen_at > now - idle_seconds)
    query = sa.select(sessions.c.id, sessions.c.began_on).where(valid)
    rows = tx.execute(query.where(sessions.c.member_id == member_id).order_by(sessions.c.id.desc()))
    return [(row.id, row.began_on) for row in rows]


def purge(tx: Tx, now: int, idle_seconds: int, most: int) -> int:
    """Delete some sessions and challenges that are over; return how many."""
    number = 0
    over = (sessions.c.ends_at <= now) | (sessions.c.seen_at <= now - idle_seconds)
    for table, condition in (
        (sessions, over),
        (used_challenges, used_challenges.c.expires_at <= now),
    ):
        (key,) = table.primary_key.columns
        some = sa.select(key).where(condition).limit(most)
        number += tx.execute(sa.delete(table).where(key.in_(some))).rowcount
    return number
