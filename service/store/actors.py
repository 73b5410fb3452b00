"""Actors that hold keys: platforms and crawlers."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.actor import Actor, Role
from service.store.database import Tx
from service.store.schema import actors


class Listed(NamedTuple):
    """A key as the operator sees it, without its secret."""

    key_id: str
    role: Role
    name: str
    created_on: date
    revoked_on: date | None


def create(tx: Tx, actor: tuple[Role, str], *, key_id: str, key_hash: bytes, now: date) -> None:
    """Insert an actor, given as role and name, with their key."""
    role, name = actor
    values = {"role": role, "name": name, "key_id": key_id, "key_hash": key_hash}
    tx.execute(sa.insert(actors).values(**values, created_on=now))


def by_key(tx: Tx, key_id: str) -> tuple[Actor, bytes] | None:
    """Return the actor of a key that is not revoked, and the hash of the key's secret."""
    live = (actors.c.key_id == key_id) & actors.c.revoked_on.is_(None)
    row = tx.execute(sa.select(actors).where(live)).one_or_none()
    return None if row is None else (Actor(row.id, Role(row.role), row.name), bytes(row.key_hash))


def listed(tx: Tx) -> list[Listed]:
    """Return every key, oldest first."""
    columns = (
        actors.c.key_id,
        actors.c.role,
        actors.c.name,
        actors.c.created_on,
        actors.c.revoked_on,
    )
    rows = tx.execute(sa.select(*columns).order_by(actors.c.id))
    return [Listed(r.key_id, Role(r.role), r.name, r.created_on, r.revoked_on) for r in rows]


def revoke(tx: Tx, key_id: str, now: date) -> bool:
    """Revoke a key; return False if there is no such key, or it was revoked before."""
    live = (actors.c.key_id == key_id) & actors.c.revoked_on.is_(None)
    return tx.execute(sa.update(actors).where(live).values(revoked_on=now)).rowcount > 0
