"""Actors that hold keys: platforms and crawlers. An actor is an organisation with several keys."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.actor import Actor, Role
from service.store.database import Tx
from service.store.schema import actors, keys


class Listed(NamedTuple):
    """A key as the operator sees it, without its secret, and whose it is."""

    key_id: str
    role: Role
    name: str
    created_on: date
    revoked_on: date | None
    used_on: date | None


class Holder(NamedTuple):
    """An actor that has keys already."""

    id: int
    name: str
    live_keys: int


def named(tx: Tx, role: Role, name: str) -> Holder | None:
    """Return the actor of a role with a name, however it is spaced and capitalised."""
    rows = tx.execute(
        sa.select(actors.c.id, actors.c.name, sa.func.count(keys.c.id))
        .select_from(
            actors.outerjoin(keys, (keys.c.actor_id == actors.c.id) & keys.c.revoked_on.is_(None))
        )
        .where(actors.c.role == role)
        .group_by(actors.c.id, actors.c.name)
        .order_by(actors.c.name != name, actors.c.id)  # the very same name first
    )
    return next((Holder(*row) for row in rows if _folded(row.name) == _folded(name)), None)


def create(tx: Tx, role: Role, name: str, now: date) -> int:
    """Insert an actor without keys; return its id."""
    new = sa.insert(actors).values(role=role, name=name, created_on=now)
    return int(tx.scalars(new.returning(actors.c.id)).one())


def add_key(tx: Tx, actor_id: int, *, key_id: str, key_hash: bytes, now: date) -> None:
    """Insert a key of an actor."""
    values = {"actor_id": actor_id, "key_id": key_id, "key_hash": key_hash, "created_on": now}
    tx.execute(sa.insert(keys).values(values))


def by_key(tx: Tx, key_id: str) -> tuple[Actor, bytes] | None:
    """Return the actor of a key that is not revoked, and the hash of the key's secret."""
    row = tx.execute(_BY_KEY, {"id": key_id}).one_or_none()
    return None if row is None else (Actor(row.id, Role(row.role), row.name), bytes(row.key_hash))


_BY_KEY = (
    sa.select(actors.c.id, actors.c.role, actors.c.name, keys.c.key_hash)
    .select_from(keys.join(actors))
    .where(keys.c.key_id == sa.bindparam("id"), keys.c.revoked_on.is_(None))
)


def listed(tx: Tx) -> list[Listed]:
    """Return every key, those of an actor together, oldest first."""
    columns = (
        keys.c.key_id,
        actors.c.role,
        actors.c.name,
        keys.c.created_on,
        keys.c.revoked_on,
        keys.c.used_on,
    )
    query = sa.select(*columns).select_from(keys.join(actors))
    rows = tx.execute(query.order_by(actors.c.id, keys.c.id))
    return [Listed(key_id, Role(role), *rest) for key_id, role, *rest in rows]


def revoke(tx: Tx, key_id: str, now: date) -> bool:
    """Revoke a key; return False if there is no such key, or it was revoked before."""
    live = (keys.c.key_id == key_id) & keys.c.revoked_on.is_(None)
    return tx.execute(sa.update(keys).where(live).values(revoked_on=now)).rowcount > 0


def record_use(tx: Tx, used: Mapping[str, date]) -> None:
    """Record the last day on which keys were used; it never goes back."""
    for key_id, day in sorted(used.items()):
        before = keys.c.used_on.is_(None) | (keys.c.used_on < day)
        tx.execute(sa.update(keys).where(keys.c.key_id == key_id, before).values(used_on=day))


def live_ids() -> sa.Select[tuple[int]]:
    """A query of the ids of actors that have a key which is not revoked."""
    return sa.select(keys.c.actor_id).where(keys.c.revoked_on.is_(None))


def _folded(name: str) -> str:
    """What two spellings of one name have in common: else a typing error made a second platform."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
