"""The operator creates, lists and revokes the keys of platforms and crawlers."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable

from service.domain.actor import Role, key_text
from service.domain.errors import InvalidRequest, NotFound
from service.store import actors
from service.store.actors import Listed
from service.workflows.context import Context, Today

_ID_BYTES = 10
_SECRET_BYTES = 32
_MAX_NAME = 80


def create(
    context: Context,
    role: Role,
    name: str,
    now: Today,
    *,
    random: Callable[[int], bytes] = os.urandom,
) -> str:
    """Create a key and return it. Only a keyed hash is stored, so it cannot be shown again."""
    name = name.strip()
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        raise InvalidRequest(f"Give a name of 1 to {_MAX_NAME} characters; owners will read it.")
    key_id, secret = _base32(random(_ID_BYTES)), _base32(random(_SECRET_BYTES))
    key_hash = context.seals.key_hash(secret)
    with context.database.write() as tx:
        actors.create(tx, (role, name), key_id=key_id, key_hash=key_hash, now=now)
    return key_text(key_id, secret)


def listed(context: Context) -> list[Listed]:
    """Return every key, without its secret."""
    with context.database.read() as tx:
        return actors.listed(tx)


def revoke(context: Context, key_id: str, now: Today) -> None:
    """Revoke a key; it opens nothing from the next request on. Raises NotFound."""
    with context.database.write() as tx:
        if not actors.revoke(tx, key_id, now):
            raise NotFound("There is no live key with this id. See: python -m service keys list")


def _base32(value: bytes) -> str:
    return base64.b32encode(value).decode().rstrip("=").lower()
