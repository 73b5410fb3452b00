"""The operator creates, lists and revokes the keys of platforms and crawlers."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable

from service.domain.actor import Role, key_text
from service.domain.audit import OPERATOR, Audited, By, Of
from service.domain.errors import InvalidRequest, NotFound
from service.store import actors
from service.store.actors import Holder, Listed
from service.workflows.recording import Object, record
from service.workflows.store_context import StoreContext, Today

_ID_BYTES = 10
_SECRET_BYTES = 32
_MAX_NAME = 80


def create(
    context: StoreContext,
    role: Role,
    name: str,
    now: Today,
    *,
    by: By = OPERATOR,
    random: Callable[[int], bytes] = os.urandom,
) -> str:
    """Create a key and return it. Only a keyed hash is stored, so it cannot be shown again.

    If there is an actor of this name already, it is another key of that one: see `holder`.
    """
    name = name.strip()
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        raise InvalidRequest(f"Give a name of 1 to {_MAX_NAME} characters; owners will read it.")
    key_id, secret = _base32(random(_ID_BYTES)), _base32(random(_SECRET_BYTES))
    key_hash = context.seals.key_hash(secret)
    with context.database.write() as tx:
        known = actors.named(tx, role, name)
        actor_id = known.id if known else actors.create(tx, role, name, now)
        actors.add_key(tx, actor_id, key_id=key_id, key_hash=key_hash, now=now)
        said = {"role": role, "platform": actor_id}
        record(context, tx, by, now, Audited.KEY_MADE, Object(Of.KEY, key_id), **said)
    return key_text(key_id, secret)


def holder(context: StoreContext, role: Role, name: str) -> Holder | None:
    """Return the actor that a new key of this name would belong to; None if it would be new."""
    with context.database.read() as tx:
        return actors.named(tx, role, name)


def listed(context: StoreContext) -> list[Listed]:
    """Return every key, without its secret; those of an actor together."""
    with context.database.read() as tx:
        return actors.listed(tx)


def revoke(context: StoreContext, key_id: str, now: Today, *, by: By = OPERATOR) -> None:
    """Revoke a key; it opens nothing from the next request on. Raises NotFound."""
    with context.database.write() as tx:
        if not actors.revoke(tx, key_id, now):
            raise NotFound("There is no live key with this id. See: python -m service keys list")
        record(context, tx, by, now, Audited.KEY_REVOKED, Object(Of.KEY, key_id))


def record_uses(context: StoreContext) -> None:
    """Write the days on which keys were used. Each process calls it apart from all requests."""
    used = context.key_uses.unwritten()
    if used:
        with context.database.write() as tx:
            actors.record_use(tx, used)
        context.key_uses.mark_written(used)


def _base32(value: bytes) -> str:
    return base64.b32encode(value).decode().rstrip("=").lower()
